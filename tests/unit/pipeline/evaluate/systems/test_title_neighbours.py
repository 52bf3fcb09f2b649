import numpy as np
import polars as pl
import pytest
from scipy import sparse

from embeat_pipeline.evaluate.inputs.playlist_names import NamedPlaylists
from embeat_pipeline.evaluate.systems import title_neighbours
from embeat_pipeline.evaluate.systems.title_neighbours import (
    ANALYSERS,
    POPULAR,
    TitleNeighbours,
    TitleOpponent,
    TitleOptions,
    rank_titles,
    tune_opponent,
)
from embeat_pipeline.interactions.playlists import Playlists, membership

TRACKS = 12


def named(**lists: list[int]) -> NamedPlaylists:
    """Playlists by name; underscores stand for spaces, a digit at the end for nothing."""
    indptr = np.cumsum([0, *map(len, lists.values())])
    tracks = membership(indptr, np.concatenate([*lists.values()]), TRACKS)
    names = [name.rstrip("0123456789_").replace("_", " ") for name in lists]
    keys = np.arange(len(lists), dtype=np.uint64)
    return NamedPlaylists(pl.Series(names, dtype=pl.String), Playlists(keys, tracks))


TRAIN = named(
    jazz=[0, 1],
    jazz_night=[1, 2],
    rock=[3, 4, 11],
    rock2=[3, 5, 11],
    road_trip=[6, 7, 11],
    _1=[8, 11],
)


def plain_scores(alike: np.ndarray, similarity: float, length: float) -> np.ndarray:
    """Scores of all tracks, playlist by playlist; popularity breaks ties."""
    scores = 1e-6 * TRAIN.playlists.frequency() / TRAIN.playlists.frequency().max()
    for row, value in enumerate(alike):
        held = TRAIN.playlists.tracks[[row]].indices
        if value:
            scores[held] += value**similarity * len(held) ** -length
    return scores


@pytest.mark.parametrize("terms", ANALYSERS)
@pytest.mark.parametrize(("similarity", "length"), [(1.0, 0.0), (2.0, 0.5)])
def test_lists_are_those_of_playlists_of_like_names(terms, similarity, length):
    neighbours = TitleNeighbours(TRAIN, terms)
    names = pl.Series(["Jazz", "rock nights", "unheard of"])
    alike = neighbours.similarities(names)
    ranked = neighbours.rank(alike, similarity, length, 5)
    for row, values in enumerate(alike.toarray()):
        scores = plain_scores(values, similarity, length)
        assert scores[ranked[row]] == pytest.approx(np.sort(scores)[::-1][:5], rel=1e-4)


def test_a_name_is_most_like_itself():
    alike = TitleNeighbours(TRAIN, "words").similarities(pl.Series(["JAZZ!", "", "zzz"])).toarray()
    assert alike[0].argmax() == 0
    assert alike[0, 0] == pytest.approx(1)
    assert 0 < alike[0, 1] < 1
    assert not alike[1:].any()
    assert not alike[:, -1].any(), "a playlist without a name is like none"


def test_a_name_that_is_like_none_gets_the_most_popular_tracks():
    opponent = TitleOpponent(TitleOptions("words", 1.0, 0.0), {})
    ranked = rank_titles(opponent, TRAIN, pl.Series(["zzz"]), 3)
    popular = rank_titles(TitleOpponent(None, {}), TRAIN, pl.Series(["jazz"]), 3)
    assert ranked.tolist() == popular.tolist()
    assert ranked[0, :2].tolist() == [11, 1]


def test_lists_end_where_no_playlist_holds_more():
    ranked = rank_titles(TitleOpponent(None, {}), TRAIN, pl.Series(["jazz"]), TRACKS)
    assert (ranked == -1).sum() == TRACKS - 11 + 1
    assert 9 not in ranked
    assert 10 not in ranked


def test_results_do_not_depend_on_the_size_of_blocks(monkeypatch):
    names = pl.Series(["jazz", "rock", "road", "night"])
    opponent = TitleOpponent(TitleOptions("n-grams in words", 0.5, 0.25), {})
    whole = rank_titles(opponent, TRAIN, names, 5)
    monkeypatch.setattr(title_neighbours, "BLOCK_SCORES", 1)
    monkeypatch.setattr(title_neighbours, "NAME_BLOCK", 1)
    assert (rank_titles(opponent, TRAIN, names, 5) == whole).all()


def test_the_names_most_alike_count(monkeypatch):
    monkeypatch.setattr(title_neighbours, "MAX_NEIGHBOURS", 1)
    alike = TitleNeighbours(TRAIN, "words").similarities(pl.Series(["jazz night", "rock"]))
    assert np.diff(alike.indptr).tolist() == [1, 1]
    assert alike.indices.tolist() == [1, 2]


def test_the_opponent_is_the_best_on_validation_playlists():
    validation = named(jazz=[0, 1, 2], rock=[3, 4, 5], _1=[11])
    found = tune_opponent(TRAIN, validation)
    assert set(found.validation) == {POPULAR, *ANALYSERS}
    assert found.options is not None
    assert found.validation[found.options.terms] == max(found.validation.values())
    assert found.name == f"playlists of like names: {found.options.terms}"
    popular = tune_opponent(TRAIN, named(jazz=[11]))
    assert popular.options is None
    assert popular.name == POPULAR


def test_without_names_the_opponent_is_the_most_popular_tracks():
    no_names = NamedPlaylists(pl.Series([""] * len(TRAIN)), TRAIN.playlists)
    found = tune_opponent(no_names, named(jazz=[0, 1]))
    assert found.options is None
    assert set(found.validation) == {POPULAR}
    assert tune_opponent(TRAIN, no_names) == TitleOpponent(None, {})
    nothing = sparse.csr_array((1, len(TRAIN)))
    assert TitleNeighbours(no_names, "words").similarities(pl.Series(["jazz"])).nnz == nothing.nnz
