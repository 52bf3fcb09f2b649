import polars as pl
import pytest

from embeat_pipeline.evaluate.evaluation import DEFAULT_OPTIONS
from embeat_pipeline.evaluate.holdout.registry import holdout_of
from embeat_pipeline.evaluate.holdout.release import (
    build_holdout_release,
    evaluation_lake,
    read_holdout_release,
)
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.index.build import build_release
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.errors import PipelineError
from embeat_serve.stores.factory import current_release

SPLIT = DEFAULT_OPTIONS.split


def test_it_is_trained_on_the_training_playlists_alone(evaluated_lake):
    data = load_split(evaluated_lake, SPLIT)
    holdout = evaluation_lake(evaluated_lake)
    trained = pl.read_parquet(holdout.table("playlists"))
    everything = pl.read_parquet(evaluated_lake.table("playlists"))
    assert trained.height == len(data.train)
    assert set(trained["playlist_id"]) < set(everything["playlist_id"])
    assert trained["playlist_code"].to_list() == list(range(trained.height))


def test_what_does_not_depend_on_playlists_is_shared(evaluated_lake):
    holdout = read_holdout_release(evaluated_lake, SPLIT)
    assert {"encoder", "playlist_vectors", "artist_genres"} <= set(holdout.trained)
    for name in ("tracks", "artists"):
        assert holdout.lake.table(name).samefile(evaluated_lake.table(name))


def test_nothing_is_built_twice(evaluated_copy):
    first = read_holdout_release(evaluated_copy, SPLIT)
    tables = {path: path.stat().st_mtime_ns for path in first.lake.tables.iterdir()}
    assert build_holdout_release(evaluated_copy, SPLIT, "cpu") == first
    assert {path: path.stat().st_mtime_ns for path in first.lake.tables.iterdir()} == tables


def test_a_holdout_release_of_other_tables_or_another_split_is_not_read(evaluated_copy):
    with pytest.raises(PipelineError, match="holdout_release"):
        read_holdout_release(evaluated_copy, SplitOptions(seed=1))
    evaluated_copy.table("playlists").unlink()
    with pytest.raises(PipelineError, match="playlists"):
        read_holdout_release(evaluated_copy, SPLIT)


def test_it_stands_for_the_release_that_is_published(evaluated_copy):
    published = current_release(evaluated_copy)
    holdout = read_holdout_release(evaluated_copy, SPLIT)
    assert holdout_of(evaluated_copy, published, SPLIT) == holdout.release
    assert holdout_of(evaluated_copy, published, SplitOptions(seed=1)) is None


def test_after_an_evaluation_the_same_release_is_built(evaluated_copy):
    """The lake was built, evaluated in full, and is built again."""
    published = current_release(evaluated_copy)
    again = build_release(evaluated_copy)
    assert again["unchanged"]
    assert again["release"] == published


def test_weights_that_an_earlier_version_fitted_are_ignored(evaluated_copy):
    before = build_release(evaluated_copy)["release"]
    (evaluated_copy.models / "fusion.json").write_text('{"one": {"playlist": [9.0]}}')
    assert build_release(evaluated_copy)["release"] == before
