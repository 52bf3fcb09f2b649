"""Votes counted in SQL against votes counted in plain Python, and what must not be seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.genres.assign import INPUTS, rank_listed
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.session import open_session
from embeat_pipeline.genres.vote_features import (
    count_votes,
    labelled_features,
    unlabelled_features,
)
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

GENRES = [(1.0, i / 8, 0.5) for i in range(5)]
OPTIONS = GenreOptions(max_labelled=1_000)
MakeLake = Callable[..., LakePaths]
Votes = dict[tuple[str, int, int], tuple[float, float]]


@pytest.fixture(scope="session")
def lake_of(make_lake: Callable[..., LakePaths], write: Callable[..., None]) -> MakeLake:
    """Make a lake whose artist i has track i; playlists are of artists."""

    def make(
        root: Path,
        listed: list[list[int]],
        playlists: list[list[int]],
        related: list[tuple[int, int]],
    ) -> LakePaths:
        lake = make_lake(root, GENRES, listed, [(one, other, 0) for one, other in related])
        rows = [{"playlist_code": i, "track_codes": codes} for i, codes in enumerate(playlists)]
        write(lake, "playlists", rows)
        return lake

    return make


def votes_of(lake: LakePaths, options: GenreOptions = OPTIONS) -> Votes:
    """(source, artist, genre) -> votes, total."""
    tables = {name: str(lake.table(name)) for name in INPUTS}
    with open_session("1GB") as database:
        rank_listed(database, tables, options, lambda steps=1, note="": None)
        count_votes(database, tables, options)
        rows = database.sql("SELECT * FROM vote").fetchall()
    return {(source, artist, genre): (votes, total) for source, artist, genre, votes, total in rows}


def counted(
    listed: list[list[int]], playlists: list[list[int]], artist: int
) -> dict[int, tuple[float, float]]:
    """Genre -> votes and total of one artist's playlists, as the description says."""
    votes: dict[int, float] = {}
    total = 0.0
    for playlist in playlists:
        if artist not in playlist:
            continue
        members = {code: playlist.count(code) ** 0.5 for code in playlist if listed[code]}
        others = {code: weight for code, weight in members.items() if code != artist}
        size = sum(others.values())
        if not size:
            continue
        factor = playlist.count(artist) ** 0.5 * size**-OPTIONS.damping
        total += factor * size
        for code, weight in others.items():
            for genre in set(listed[code]):
                votes[genre] = votes.get(genre, 0) + factor * weight
    return {genre: (number, total) for genre, number in votes.items()}


artist_code = st.integers(0, 7)
labels = st.lists(st.lists(st.integers(0, 4), max_size=3, unique=True), min_size=8, max_size=8)
playlists_of = st.lists(st.lists(artist_code, max_size=8), max_size=5)


@settings(max_examples=12)
@given(listed=labels, playlists=playlists_of)
def test_playlist_votes_are_those_of_the_other_artists(
    lake_of: MakeLake,
    listed: list[list[int]],
    playlists: list[list[int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    found = votes_of(lake_of(tmp_path_factory.mktemp("votes"), listed, playlists, []))
    expected = {
        ("playlist", artist, genre): value
        for artist in range(8)
        for genre, value in counted(listed, playlists, artist).items()
    }
    playlist = {key: value for key, value in found.items() if key[0] == "playlist"}
    assert playlist.keys() == expected.keys()
    for key, (votes, total) in expected.items():
        assert playlist[key] == (pytest.approx(votes, abs=0.02), pytest.approx(total, abs=0.02))


PLAYLISTS = [[0, 1, 2, 3], [1, 2, 4], [0, 0, 4, 5], [5, 6, 7]]
RELATED = [(0, 1), (1, 2), (2, 3), (4, 0), (6, 2)]


@pytest.mark.parametrize("artist", range(6))
def test_an_artists_own_label_speaks_neither_for_nor_against_it(
    lake_of: MakeLake, artist: int, tmp_path: Path
) -> None:
    listed: list[list[int]] = [[0], [0, 1], [1], [2], [3], [0, 3], [], []]
    changed = [*listed[:artist], [4], *listed[artist + 1 :]]
    before = votes_of(lake_of(tmp_path / "before", listed, PLAYLISTS, RELATED))
    after = votes_of(lake_of(tmp_path / "after", changed, PLAYLISTS, RELATED))
    own = {key: value for key, value in before.items() if key[1] == artist}
    assert own == {key: value for key, value in after.items() if key[1] == artist}
    assert own
    assert before != after


def test_related_artists_vote_in_both_directions_and_over_two_hops(
    lake_of: MakeLake, tmp_path: Path
) -> None:
    listed: list[list[int]] = [[], [0], [1], [2], [], [], [], []]
    found = votes_of(lake_of(tmp_path, listed, [], [(0, 1), (2, 0), (1, 3)]))
    one_hop = {genre for source, artist, genre in found if (source, artist) == ("related", 0)}
    assert one_hop == {0, 1}
    two_hops = {
        genre for source, artist, genre in found if (source, artist) == ("related of related", 0)
    }
    assert 2 in two_hops


def test_evidence_has_a_row_for_each_candidate_and_artists_come_whole(
    lake_of: MakeLake, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    listed: list[list[int]] = [[i % 5] if i % 3 else [] for i in range(60)]
    playlists = [random.integers(0, 60, 12).tolist() for _ in range(30)]
    lake = lake_of(tmp_path, listed, playlists, [])
    tables: dict[str, Any] = {name: str(lake.table(name)) for name in INPUTS}
    with open_session("1GB") as database:
        rank_listed(database, tables, OPTIONS, lambda steps=1, note="": None)
        count_votes(database, tables, OPTIONS)
        labelled = labelled_features(database)
        batches = [batch for batch in unlabelled_features(database) if len(batch)]
    assert set(labelled.artist.tolist()) <= {i for i in range(60) if listed[i]}
    assert (labelled.fold >= 0).all()
    assert [
        bool(listed[artist] and genre in listed[artist])
        for artist, genre in zip(labelled.artist.tolist(), labelled.genre.tolist(), strict=True)
    ] == labelled.listed.tolist()
    (unlabelled,) = batches
    assert not unlabelled.listed.any()
    assert (unlabelled.fold == -1).all()
    assert set(unlabelled.artist.tolist()) <= {i for i in range(60) if not listed[i]}
    assert (unlabelled.votes <= unlabelled.totals + 1e-9).all()
