"""The bridge from sound to playlists, against the formula, one artist at a time."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from embeat_pipeline.common.schemas import TRACK_VECTORS
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.acoustic_bridge import (
    AcousticBridge,
    mean_artist_vectors,
    most_similar,
)

seeds = st.integers(0, 2**32 - 1)


def made_up(seed: int, catalogue: int, listed: int) -> tuple[np.ndarray, ...]:
    """Sounds of a catalogue, artists in playlists, which playlists, and weights of these."""
    random = np.random.default_rng(seed)
    sounds = random.standard_normal((catalogue, 3)).astype(np.float32)
    sounds[random.random(catalogue) < 0.3] = 0
    sounds /= np.maximum(np.linalg.norm(sounds, axis=1, keepdims=True), 1e-9)
    artists = np.sort(random.permutation(catalogue)[:listed]).astype(np.int64)
    playlists = (random.random((listed, 6)) < 0.4).astype(np.float32)
    playlists[:, 0] = 1  # who is listed is in a playlist
    return sounds, artists, playlists, random.random(6).astype(np.float32)


def cosines(playlists: np.ndarray, weights: np.ndarray) -> np.ndarray:
    root = np.sqrt(playlists.sum(axis=1))
    return (playlists * weights) @ playlists.T / root / root[:, None]


@settings(max_examples=60)  # the first example loads torch
@given(
    seed=seeds,
    catalogue=st.integers(1, 12),
    share=st.floats(0, 1),
    number=st.integers(0, 5),
    references=st.integers(0, 12),
    block=st.sampled_from([1, 1 << 24]),
)
def test_the_nearest_speak_the_nearer_the_more(
    seed: int, catalogue: int, share: float, number: int, references: int, block: int
) -> None:
    sounds, artists, playlists, weights = made_up(seed, catalogue, round(share * catalogue))
    config = NeighbourConfig(acoustic_artists=number, max_references=references)
    together = sparse.csr_array(playlists)
    weighted = sparse.csr_array((playlists * weights).T)
    bridge = AcousticBridge(sounds, artists, together, weighted, config, block)
    found = bridge.similarity(np.arange(catalogue))
    assert found.shape == (catalogue, len(artists))
    said = cosines(playlists, weights)
    heard = [place for place, artist in enumerate(artists) if sounds[artist].any()]
    heard.sort(key=lambda place: -playlists[place].sum())
    heard = heard[:references]
    for artist in range(catalogue):
        others = [place for place in heard if artists[place] != artist]
        assert bridge.has_reference(np.array([artist]))[0] == bool(sounds[artist].any() and others)
        expected = np.zeros(len(artists))
        near = {place: float(sounds[artist] @ sounds[artists[place]]) for place in others}
        nearest = sorted(others, key=lambda place: -near[place])[:number]
        if sounds[artist].any() and nearest:
            each = np.exp([near[place] / config.acoustic_temperature for place in nearest])
            expected = each @ said[nearest] / each.sum()
        row = found[[artist]].toarray()[0]
        assert row == pytest.approx(expected, rel=1e-3, abs=1e-5)


@given(seed=seeds, listed=st.integers(1, 8), number=st.integers(0, 10))
def test_only_the_highest_are_remembered(seed: int, listed: int, number: int) -> None:
    _, _, playlists, weights = made_up(seed, listed, listed)
    rows = np.arange(0, listed, 2)
    together = sparse.csr_array(playlists)
    found = most_similar(together, sparse.csr_array((playlists * weights).T), rows, number)
    for row, kept in zip(cosines(playlists, weights)[rows], found.toarray(), strict=True):
        assert np.sort(kept)[::-1] == pytest.approx(
            np.append(np.sort(row)[::-1][:number], np.zeros(listed))[:listed], abs=1e-6
        )
        assert kept[kept > 0] == pytest.approx(row[kept > 0], abs=1e-6)


@settings(max_examples=30)
@given(
    rows=st.lists(st.tuples(st.integers(-1, 4), st.one_of(st.none(), seeds)), max_size=12),
    batch=st.integers(1, 5),
)
def test_an_artists_sound_is_the_mean_of_its_tracks(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int | None]], batch: int
) -> None:
    vectors = [
        None if seed is None else np.random.default_rng(seed).standard_normal(64).astype("f4")
        for _, seed in rows
    ]
    path: Path = tmp_path_factory.mktemp("sound") / "track_vectors.parquet"
    content = {"track_code": range(len(rows)), "acoustic": vectors}
    pq.write_table(pa.table(content, schema=TRACK_VECTORS), path)
    owners = np.array([owner for owner, _ in rows], np.int64)
    found = mean_artist_vectors(path, owners, 5, batch)
    for artist in range(5):
        own = [v for (o, _), v in zip(rows, vectors, strict=True) if o == artist and v is not None]
        expected = np.sum(own, axis=0) if own else np.zeros(64)
        expected = expected / max(float(np.linalg.norm(expected)), 1e-9)
        assert found[artist] == pytest.approx(expected, abs=1e-4)
