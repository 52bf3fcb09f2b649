import math
from contextlib import suppress

import numpy as np
import polars as pl
import pytest

import embeat_serve
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_names import (
    NamedPlaylists,
    NamedSplit,
    read_named_split,
)
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.evaluate.metrics.title_kinds import TitleKind, read_title_kinds
from embeat_pipeline.evaluate.quality import title_lists
from embeat_pipeline.evaluate.quality.title_lists import (
    LENGTH,
    ListRequest,
    TitleClient,
    ask_seeds,
    draw_title_queries,
    kind_masks,
    measure_titles,
    name_figures,
    seed_figures,
)
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.errors import SeedNotFound


@pytest.fixture(scope="module")
def data(published_lake):
    return load_split(published_lake, SplitOptions())


@pytest.fixture(scope="module")
def split(published_lake, data) -> NamedSplit:
    return read_named_split(published_lake, data)


@pytest.fixture(scope="module")
def client(published_lake):
    with embeat_serve.open(lake=published_lake.root) as recommender:
        yield TitleClient(recommender, read_catalogue(published_lake))


@pytest.fixture(scope="module")
def kinds(published_lake, client, data):
    return read_title_kinds(published_lake, client.catalogue, data.train.frequency())


@pytest.fixture(scope="module")
def drawn(data):
    return {count: draw_queries(data.test, count) for count in (1, 5, 25)}


@pytest.fixture(scope="module")
def is_novel(data):
    """Most of the playlists; in a lake this small hardly any are novel."""
    return np.arange(len(data.test)) % 7 > 0


@pytest.fixture(scope="module")
def queries(split, drawn, is_novel):
    return draw_title_queries(split.test, drawn, is_novel, max_queries=40, seed=0)


@pytest.fixture(scope="module")
def result(client, kinds, split, queries):
    return measure_titles(client, kinds, split, queries=queries)


def plain_ndcg(ids: list[str], wanted: set[str]) -> float:
    """nDCG@20, place by place."""
    gains = [1 / math.log2(place + 2) for place, track in enumerate(ids[:20]) if track in wanted]
    ideal = [1 / math.log2(place + 2) for place in range(min(len(wanted), 20))]
    return sum(gains) / sum(ideal)


def without_names(named: NamedPlaylists) -> NamedPlaylists:
    return NamedPlaylists(pl.Series([""] * len(named)), named.playlists)


def test_figures_are_of_the_lists_that_people_get(client, queries, result):
    ids = client.catalogue.track_ids
    values = []
    for row, name in enumerate(queries.named.names):
        listed: list[str] = []
        with suppress(SeedNotFound):  # an empty list
            songs = client.recommender.recommend(title=name, k=LENGTH).results
            listed = [song.track_id for song in songs]
        wanted = set(ids.gather(queries.named.playlists.tracks[[row]].indices))
        values.append(plain_ndcg(listed, wanted))
    alone = result["name_alone"]
    assert alone["list"]["mean"] == pytest.approx(np.mean(values))
    assert alone["playlists"] == result["named"] == len(queries.named) == 40
    assert alone["list"]["low"] < alone["list"]["mean"] < alone["list"]["high"]


def test_the_name_alone_is_compared_with_the_best_opponent(result):
    opponent, alone = result["opponent"], result["name_alone"]
    best = max(opponent["validation"], key=lambda name: opponent["validation"][name])
    assert opponent["name"] in (best, f"playlists of like names: {best}")
    assert (opponent["parameters"] == {}) == (best == "most popular")
    for name in ("list", "no_rules"):
        ratio = alone["ratios"][name]
        assert ratio["mean"] == pytest.approx(alone[name]["mean"] / alone["opponent"]["mean"])
        assert ratio["low"] <= ratio["mean"] <= ratio["high"]


def test_seeds_are_measured_with_and_without_the_name(result, queries):
    assert set(result["seeds"]) == {"1", "5"}
    for count, figures in result["seeds"].items():
        assert figures["playlists"] == len(queries.seeds[int(count)]) > 0
        gain = figures["with"]["mean"] - figures["without"]["mean"]
        assert figures["difference"]["mean"] == pytest.approx(gain)


def test_every_kind_is_there_and_those_of_too_few_playlists_say_so(result):
    assert list(result["kinds"]) == [kind.value for kind in TitleKind]
    sizes = set()
    for parts in result["kinds"].values():
        for figures in parts.values():
            sizes.add(figures["playlists"] >= title_lists.MIN_PLAYLISTS)
            assert (len(figures) > 1) == (figures["playlists"] >= title_lists.MIN_PLAYLISTS)
    assert sizes == {True, False}
    named = sum(parts["name_alone"]["playlists"] for parts in result["kinds"].values())
    assert named >= result["named"], "a name may be of several kinds"


def test_playlists_without_a_name_take_part_beside_seeds_alone(client, queries):
    seeds = queries.seeds[1].select(np.arange(8))
    names = [*queries.seed_names[1][:4], "", "", "", ""]
    values, is_known = ask_seeds(client, seeds, names)
    assert (values["with"][4:] == values["without"][4:]).all()
    assert (values["with"][:4] != values["without"][:4]).any()
    assert is_known.tolist() == [True] * 4 + [False] * 4


def test_only_novel_playlists_with_names_are_drawn(split, drawn, is_novel):
    names = split.test.names.to_list()
    names[::2] = [""] * len(names[::2])
    test = NamedPlaylists(pl.Series(names), split.test.playlists)
    every = draw_title_queries(test, drawn, is_novel, max_queries=1_000, seed=0)
    expected = is_novel & test.is_named
    assert every.named.names.to_list() == test.names.filter(pl.Series(expected)).to_list()
    assert "" not in every.named.names
    some = draw_title_queries(test, drawn, is_novel, max_queries=7, seed=0).named
    again = draw_title_queries(test, drawn, is_novel, max_queries=7, seed=0).named
    other = draw_title_queries(test, drawn, is_novel, max_queries=7, seed=1).named
    assert len(some) == 7
    assert set(some.playlists.keys) < set(every.named.playlists.keys)
    assert (some.playlists.keys == again.playlists.keys).all()
    assert (some.playlists.keys != other.playlists.keys).any()
    assert set(every.seeds) == {1, 5}
    for count, of_count in every.seeds.items():
        assert is_novel[of_count.playlists].all()
        assert len(of_count) == is_novel[drawn[count].playlists].sum()
        assert every.seed_names[count] == [names[row] for row in of_count.playlists]


def test_a_lake_without_names_is_asked_nothing(client, kinds, split, drawn, is_novel):
    test = without_names(split.test)
    queries = draw_title_queries(test, drawn, is_novel, max_queries=25, seed=0)
    assert measure_titles(client, kinds, split, queries=queries) == {"named": 0}


def test_without_names_of_training_playlists_the_most_popular_are_the_opponent(
    client, kinds, split, queries
):
    unnamed = NamedSplit(
        without_names(split.train), without_names(split.validation), without_names(split.test)
    )
    few = queries._replace(named=queries.named.select(np.arange(2)), seeds={}, seed_names={})
    found = measure_titles(client, kinds, unnamed, queries=few)
    assert found["opponent"] == {"name": "most popular", "parameters": {}, "validation": {}}
    assert found["seeds"] == {}


def test_a_name_that_the_release_does_not_know_has_no_list(client: TitleClient, queries):
    targets = queries.named.playlists.tracks[:2]
    requests = [ListRequest("qqqq zzzz 000"), ListRequest(queries.named.names[1])]
    found = client.ask(requests, targets, "names")
    assert found.is_known.tolist() == [False, True]
    assert found.ndcg[0] == 0


def test_an_opponent_without_hits_has_no_ratio():
    hits = np.array([0.5, 0.1, 0.0])
    values = {"opponent": np.zeros(3), "list": hits, "no_rules": hits}
    assert name_figures(values)["ratios"] == {"list": None, "no_rules": None}
    assert name_figures({name: of[:0] for name, of in values.items()}) == {"playlists": 0}
    assert seed_figures({"without": hits, "with": hits}, least=4) == {"playlists": 3}


def test_a_playlist_without_a_name_is_of_no_kind(kinds):
    masks = kind_masks(kinds, ["workout", "", "zzz"], np.array([True, False, False]))
    assert masks[TitleKind.ACTIVITY].tolist() == [True, False, False]
    assert masks[TitleKind.NONSENSE].tolist() == [False, False, True]
    assert not any(mask[1] for mask in masks.values())
