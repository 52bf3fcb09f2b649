"""Genre vectors from artists that list genres together, and from related ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.config import GenreOptions, GenreVectorOptions
from embeat_pipeline.genres.genre_vectors import (
    embed,
    mutual_information,
    read_pairs,
    write_genre_vectors,
)
from embeat_serve.contract.lake import LakePaths

MakeLake = Callable[..., LakePaths]
OPTIONS = GenreVectorOptions()
METAL, THRASH, HOUSE, DISCO, BAROQUE, UNLISTED = range(6)
PLACES = [(1.0, code / 6, 0.5) for code in range(6)]
LISTED = [[METAL, THRASH]] * 4 + [[HOUSE]] * 4 + [[DISCO]] * 4 + [[BAROQUE]] * 4
RELATED = [(4 + place, 8 + place, 0) for place in range(4)]
"""Every artist of house is related to one of disco."""


def lake_of(make_lake: MakeLake, root: Path) -> LakePaths:
    lake = make_lake(root, PLACES, LISTED, RELATED)
    assign_genres(lake, GenreOptions(min_confidence=1.0))
    return lake


def cosines(vectors: np.ndarray) -> np.ndarray:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit @ unit.T


def test_genres_listed_together_or_by_related_artists_are_near(
    make_lake: MakeLake, tmp_path: Path
) -> None:
    lake = lake_of(make_lake, tmp_path)
    metadata = write_genre_vectors(lake)
    vectors = read_vectors(lake.table("genre_vectors"), "vector")
    assert vectors.shape == (6, 32)
    found = cosines(vectors)
    assert found[METAL, THRASH] > 0.9
    assert found[HOUSE, DISCO] > 0.9
    apart = [(METAL, HOUSE), (METAL, BAROQUE), (DISCO, BAROQUE), (THRASH, DISCO)]
    assert all(abs(found[pair]) < 0.1 for pair in apart)
    assert not vectors[UNLISTED].any()
    assert np.linalg.norm(vectors[:UNLISTED], axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    assert metadata["genres"] == 6
    assert metadata["known"] == 5


def test_vectors_are_made_once_and_always_the_same(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = lake_of(make_lake, tmp_path)
    write_genre_vectors(lake)
    content = lake.table("genre_vectors").read_bytes()
    assert write_genre_vectors(lake)["unchanged"]
    write_genre_vectors(lake, GenreVectorOptions(genres_per_artist=4))
    assert lake.table("genre_vectors").read_bytes() == content


def test_pairs_are_counted_in_artists(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = make_lake(tmp_path, PLACES, [[METAL, THRASH], [HOUSE]], [(0, 1, 0), (1, 0, 3)])
    assign_genres(lake, GenreOptions(min_confidence=1.0))
    tables = lake.table("artist_genres"), lake.table("related_artists")
    pairs = read_pairs(*tables, 6, OPTIONS).toarray()
    # Artist 0 lists two genres, so each pair of them is half of it; the relation counts once in
    # either direction, and a half for each genre of artist 0.
    assert pairs[METAL, THRASH] == pytest.approx(0.5)
    assert pairs[METAL, METAL] == pytest.approx(0.5)
    assert pairs[HOUSE, HOUSE] == pytest.approx(1)
    assert pairs[METAL, HOUSE] == pairs[HOUSE, METAL] == pytest.approx(0.5)
    first = read_pairs(*tables, 6, GenreVectorOptions(genres_per_artist=1)).toarray()
    assert first[:3, :3].sum() == pytest.approx(1 + 1 + 2)


def test_without_listed_genres_vectors_are_zero(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = make_lake(tmp_path, PLACES, [[], []])
    assign_genres(lake)
    assert write_genre_vectors(lake)["known"] == 0
    assert not read_vectors(lake.table("genre_vectors"), "vector").any()


@given(st.floats(0.001, 1_000))
def test_pairs_as_frequent_as_expected_say_nothing(weight: float) -> None:
    """A genre that goes with itself alone; logarithms are off by a rounding error."""
    pairs = sparse.csr_array(np.array([[weight]]))
    assert mutual_information(pairs, OPTIONS).nnz == 0


@given(
    st.integers(1, 60).flatmap(
        lambda size: st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(0, size - 1), st.floats(0.001, 1_000)),
            max_size=120,
        ).map(lambda cells: (size, cells))
    )
)
def test_vectors_keep_at_most_all_of_a_row(drawn: tuple[int, list]) -> None:
    size, cells = drawn
    rows, columns, weights = zip(*cells, strict=True) if cells else ((), (), ())
    pairs = sparse.csr_array((np.array(weights), (rows, columns)), shape=(size, size))
    pairs = sparse.csr_array(pairs + pairs.T)
    lengths = np.sqrt((mutual_information(pairs, OPTIONS).toarray() ** 2).sum(axis=1))
    assert (np.isclose(lengths, 1) | (lengths == 0)).all()
    vectors = embed(pairs, OPTIONS)
    assert vectors.shape == (size, 32)
    assert (np.linalg.norm(vectors, axis=1) <= lengths + 1e-4).all()


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="genres_per_artist"):
        GenreVectorOptions(genres_per_artist=0)
