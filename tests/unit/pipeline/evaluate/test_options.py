import pytest

from embeat_pipeline.evaluate.options import (
    EvaluationMode,
    EvaluationOptions,
    sample_queries,
)
from embeat_pipeline.interactions.split import split_playlists
from embeat_serve.errors import PipelineError


@pytest.fixture(scope="module")
def parts(themed_playlists):
    split = split_playlists(themed_playlists)
    return themed_playlists.select(split.test), themed_playlists.select(split.train)


def test_the_quick_mode_has_fewer_queries_and_the_two_smallest_numbers_of_seeds():
    quick = EvaluationOptions(mode=EvaluationMode.QUICK).reduced()
    assert quick.seed_counts == (1, 5)
    assert quick.max_queries == 200
    assert EvaluationOptions().reduced() == EvaluationOptions()


def test_queries_are_limited_by_their_number_and_by_their_seeds(parts):
    test, train = parts
    options = EvaluationOptions(seed_counts=(1, 5), max_queries=20, max_seeds=50)
    drawn = sample_queries(test, train, options).queries
    assert len(drawn[1]) == 20
    assert len(drawn[5]) == 10


def test_the_same_seed_draws_the_same_queries(parts):
    options = EvaluationOptions(seed_counts=(5,), max_queries=10)
    test, train = parts
    first, again = (sample_queries(test, train, options).queries[5] for _ in range(2))
    assert (first.seeds == again.seeds).all()
    options = EvaluationOptions(seed=1, seed_counts=(5,), max_queries=10)
    other = sample_queries(test, train, options)
    assert (first.seeds != other.queries[5].seeds).any()


def test_playlists_without_enough_tracks_are_an_error(parts):
    test, train = parts
    with pytest.raises(PipelineError, match="more or longer playlists"):
        sample_queries(test.select(test.sizes < 0), train, EvaluationOptions())
