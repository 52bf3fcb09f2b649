import pytest

import embeat_serve
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.release_client import open_client, single_release_lake
from embeat_pipeline.interactions.playlists import read_playlists
from embeat_pipeline.interactions.queries import draw_queries
from embeat_serve.errors import NoRelease
from embeat_serve.options import RecallOptions
from embeat_serve.stores.factory import current_release

RAW = RecallOptions(channels=("playlist",), diversify=False)


@pytest.fixture(scope="module")
def seeds(published_lake):
    catalogue = read_catalogue(published_lake)
    playlists = read_playlists(published_lake.table("playlists"), len(catalogue))
    return catalogue.ids(draw_queries(playlists, 1).seeds[:40])


def test_answers_are_the_recommenders(published_lake, seeds):
    with open_client(published_lake, workers=1) as ask:
        found = ask(seeds, RAW, 30, "test")
    with embeat_serve.open(lake=published_lake.root) as recommender:
        for ids, answer in zip(seeds, found, strict=True):
            expected = recommender.recommend(track_ids=ids, k=30, options=RAW).results
            assert answer == [song.track_id for song in expected]
    assert any(found)


def test_worker_processes_answer_alike_and_in_order(published_lake, seeds):
    with (
        open_client(published_lake, workers=1) as ask,
        open_client(published_lake, workers=2) as ask_both,
    ):
        assert ask(seeds, None, 10, "one") == ask_both(seeds, None, 10, "two")


def test_a_named_release_is_asked_whatever_is_published(published_lake):
    name = current_release(published_lake)
    with (
        single_release_lake(published_lake, name) as root,
        embeat_serve.open(lake=root) as recommender,
    ):
        assert recommender.release == name


def test_unknown_seeds_get_an_empty_list(published_lake):
    with open_client(published_lake, workers=1) as ask:
        assert ask([["0" * 22]], None, 5, "test") == [[]]


def test_an_empty_lake_is_reported_at_once(tmp_path):
    from embeat_serve.contract.lake import LakePaths

    with pytest.raises(NoRelease), open_client(LakePaths(tmp_path), workers=2):
        pass
