import pytest

from embeat_pipeline.evaluate.compare import compare, parse_settings, parse_side, release_side
from embeat_pipeline.evaluate.holdout.release import evaluation_lake, read_holdout_release
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.evaluate.options import EvaluationOptions, sample_queries
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.errors import UsageError
from embeat_serve.options import RecallOptions
from embeat_serve.stores.factory import current_release

OPTIONS = EvaluationOptions(seed_counts=(1, 5), max_queries=30, workers=1)


@pytest.fixture(scope="module")
def queries(evaluated_lake):
    data = load_split(evaluated_lake, OPTIONS.split)
    return sample_queries(data.test, data.train, OPTIONS)


@pytest.fixture(scope="module")
def side(evaluated_lake):
    """Reads a side of a comparison from text."""
    holdout = read_holdout_release(evaluated_lake, OPTIONS.split)
    return lambda text: parse_side(evaluated_lake, text, holdout, OPTIONS.split)


def test_a_release_equals_itself_exactly(evaluated_lake, side, queries):
    first, second = (side(current_release(evaluated_lake)) for _ in range(2))
    result = compare(
        first, second, queries, catalogue=read_catalogue(evaluated_lake), options=OPTIONS
    )
    for of_count in result["seeds"].values():
        for gain in of_count["difference"].values():
            assert (gain["mean"], gain["low"], gain["high"]) == (0, 0, 0)
        assert of_count["better"] == of_count["worse"] == []


def test_settings_differ_and_the_seeds_that_changed_are_named(evaluated_lake, side, queries):
    playlist = side("channels=playlist,diversify=false")
    popular = side("channels=genre_popular,diversify=false")
    catalogue = read_catalogue(evaluated_lake)
    result = compare(playlist, popular, queries, catalogue=catalogue, options=OPTIONS)
    five = result["seeds"]["5"]
    changed = five["better"] + five["worse"]
    assert changed
    assert all(len(query["track_ids"]) == 5 for query in changed)
    gains = [query["first"] - query["second"] for query in five["worse"]]
    assert gains == sorted(gains, reverse=True)
    back = compare(popular, playlist, queries, catalogue=catalogue, options=OPTIONS)
    assert back["seeds"]["5"]["difference"]["all"]["mean"] == pytest.approx(
        -five["difference"]["all"]["mean"]
    )


def test_settings_in_words():
    options = parse_settings("channels=playlist+acoustic,diversify=no,min_popularity=3")
    assert options == RecallOptions(
        channels=("acoustic", "playlist"), diversify=False, min_popularity=3
    )
    for wrong in ("nonsense", "diversity=1", "min_popularity=many", ""):
        with pytest.raises(UsageError):
            parse_settings(wrong)


def test_a_release_is_represented_by_its_holdout_release_for_the_same_split(evaluated_lake):
    name = current_release(evaluated_lake)
    holdout = release_side(evaluated_lake, name, OPTIONS.split)
    assert holdout.lake == evaluation_lake(evaluated_lake)
    assert not holdout.has_seen
    for split in (None, SplitOptions(seed=9)):
        itself = release_side(evaluated_lake, name, split)
        assert (itself.lake, itself.release, itself.has_seen) == (evaluated_lake, name, True)


def test_a_release_that_is_not_there_is_refused(evaluated_lake):
    with pytest.raises(UsageError, match="no release"):
        release_side(evaluated_lake, "0" * 12, OPTIONS.split)
