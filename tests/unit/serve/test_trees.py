"""Lists of a release that has trees."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import BrokenRelease
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.release import Release
from embeat_serve.results import Recommendations
from embeat_serve.settings import Settings
from tests.support.recommenders import open_release, recommender_on, recommender_on_server
from tests.support.trees import ranker_by, trees_by

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
RAW = RecallOptions(diversify=False, off_style_penalty=0.0)
LIMITS = np.arange(0.5, 100).tolist()


def with_ranker(catalogue: LakePaths, root: Path, content: bytes) -> LakePaths:
    lake = LakePaths(root / "lake")
    shutil.copytree(catalogue.root, lake.root)
    folder = lake.release(lake.current.read_text().strip())
    (folder / ReleaseFile.RANKING_MODEL).write_bytes(content)
    return lake


@pytest.fixture
def lake(catalogue: LakePaths, tmp_path: Path) -> LakePaths:
    """A release whose trees want popular songs, whatever the channels say."""
    return with_ranker(catalogue, tmp_path, ranker_by("popularity", LIMITS).to_bytes())


@pytest.fixture
def recommender(lake: LakePaths) -> Iterator[Recommender]:
    with Recommender(Settings(lake=lake)) as opened:
        yield opened


def test_trees_that_see_the_title_are_asked_where_there_is_one(
    catalogue: LakePaths, plain: Recommender, tmp_path: Path
):
    """They want songs that fit the title, whatever the other trees want."""
    ranker = ranker_by("popularity", LIMITS)
    title_trees = trees_by("title_playlists", [0.5], sign=100.0)
    content = replace(ranker, title_trees=title_trees).to_bytes()
    lake = with_ranker(catalogue, tmp_path, content)
    title = "warehouse at night"
    with Recommender(Settings(lake=lake)) as seeing:
        before, after = (
            one.recommend(track_ids=[SUNNY], title=title, k=20, options=RAW)
            for one in (plain, seeing)
        )
        alone = seeing.recommend(track_ids=[SUNNY], k=20, options=RAW)

    def of_title(answer: Recommendations) -> list[bool]:
        return ["techno" in song.genres for song in answer.results]

    assert sum(of_title(after)) > sum(of_title(before))
    assert not any(of_title(alone))
    for song in after.results:
        assert sum(song.channels.values()) == pytest.approx(song.score)


@pytest.fixture
def plain(catalogue: LakePaths) -> Iterator[Recommender]:
    """The same release without trees."""
    with Recommender(Settings(lake=catalogue)) as opened:
        yield opened


def popularity(result: Recommendations) -> list[int]:
    """Popularity of each song, -1 where unknown."""
    return [-1 if song.popularity is None else song.popularity for song in result.results]


def descent(values: list[int]) -> float:
    """Correlation of values with places from the end: 1 where they fall evenly."""
    return -float(np.corrcoef(values, np.arange(len(values)))[0, 1])


@pytest.mark.parametrize(
    "wish",
    [{}, {"filters": Filters(year_min=1990)}, {"dislikes": ["7b6FgGi8afRi78eGu9bb6I"]}],
    ids=str,
)
def test_trees_move_up_what_they_take_for_better(
    recommender: Recommender, plain: Recommender, wish: dict
):
    by_both, by_first_stage = (
        popularity(one.recommend(track_ids=[SUNNY], k=20, options=RAW, **wish))
        for one in (recommender, plain)
    )
    assert len(set(by_both)) > 3
    assert descent(by_both) > descent(by_first_stage) + 0.2


def test_contributions_sum_to_scores_in_0_to_1(recommender: Recommender):
    for song in recommender.recommend(track_ids=[SUNNY], k=20, explain=True).results:
        assert 0 < song.score <= 1
        assert sum(song.channels.values()) == pytest.approx(song.score, abs=1e-5)
        assert song.explanation


@pytest.mark.parametrize(
    "options", [replace(RAW, channels=("acoustic", "genre_popular")), PRESETS["upstream"]], ids=str
)
def test_no_tree_orders_a_list_without_neighbour_lists_or_of_upstreams_merge(
    recommender: Recommender, plain: Recommender, options: RecallOptions
):
    lists = [one.recommend(track_ids=[SUNNY], options=options) for one in (recommender, plain)]
    assert lists[0].results == lists[1].results


def test_no_tree_orders_a_list_like_an_artist(recommender: Recommender, plain: Recommender):
    lists = [one.recommend(artist="Nova", options=RAW) for one in (recommender, plain)]
    assert lists[0].results == lists[1].results


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
@pytest.mark.filterwarnings("ignore:Local mode performs exact")
def test_a_server_makes_the_same_list(recommender: Recommender, lake: LakePaths):
    with recommender_on_server(lake) as on_server:
        own, other = (
            one.recommend(track_ids=[SUNNY], options=RAW) for one in (recommender, on_server)
        )
    assert [song.track_id for song in own.results] == [song.track_id for song in other.results]


def test_the_sound_of_candidates_is_read_with_their_payload(catalogue: LakePaths, tmp_path: Path):
    """Trees that look at sound alone raise or lower what sounds alike, in as many store calls."""
    similarity = {}
    for sign in (1.0, -1.0):
        content = ranker_by("cosine", np.linspace(-0.95, 0.95, 60).tolist(), sign).to_bytes()
        release, counting = open_release(with_ranker(catalogue, tmp_path / str(sign), content))
        with recommender_on(release) as recommender:
            result = recommender.recommend(track_ids=[SUNNY], k=10, options=RAW)
            assert counting.calls <= 3
            found = [recommender.similarity(SUNNY, song.track_id) for song in result.results]
        similarity[sign] = np.mean(found)
    assert similarity[1.0] > similarity[-1.0]


def test_songs_of_another_style_come_later(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch
):
    """All of this catalogue's candidates share genres, so here no song's genres are enough."""
    monkeypatch.setattr("embeat_serve.ranking.style.FULL_STYLE", 100.0)

    def places(penalty: float) -> list[int]:
        options = replace(RAW, off_style_penalty=penalty)
        result = recommender.recommend(track_ids=[SUNNY], k=60, options=options)
        return [song.rank for song in result.results if "Jay Chou" in song.artist_names]

    without, with_penalty = places(0.0), places(0.9)
    assert len(with_penalty) >= len(without) > 0
    assert np.mean(with_penalty[: len(without)]) < np.mean(without)


def test_a_list_like_an_artist_lowers_songs_of_another_style(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("embeat_serve.ranking.style.FULL_STYLE", 100.0)

    def scores(penalty: float) -> dict[bool, dict[str, float]]:
        options = replace(RAW, off_style_penalty=penalty)
        result = recommender.recommend(artist="Jay Chou", k=30, options=options)
        by_artist: dict[bool, dict[str, float]] = {True: {}, False: {}}
        for song in result.results:
            by_artist["Jay Chou" in song.artist_names][song.track_id] = song.score
        return by_artist

    before, after = scores(0.0), scores(0.5)
    assert before[True]
    assert after[True] == before[True]
    # Songs by related artists are of the artist's style whatever their genres.
    others = before[False].keys() & after[False].keys()
    assert all(after[False][track] <= before[False][track] for track in others)
    assert any(after[False][track] < 0.6 * before[False][track] for track in others)


@pytest.mark.parametrize("content", [b"", b"no trees"])
def test_damaged_trees_make_a_broken_release(catalogue: LakePaths, tmp_path: Path, content: bytes):
    release = Release.open(Settings(lake=with_ranker(catalogue, tmp_path, content)))
    with pytest.raises(BrokenRelease, match=r"ranking_model.npz: .*embeat_pipeline run"):
        _ = release.tree_ranker
    release.store.close()
