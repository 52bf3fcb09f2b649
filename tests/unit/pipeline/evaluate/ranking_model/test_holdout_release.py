import polars as pl
import pytest

from embeat_pipeline.evaluate.evaluation import DEFAULT_OPTIONS
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.evaluate.ranking_model.holdout_registry import holdout_of
from embeat_pipeline.evaluate.ranking_model.holdout_release import (
    build_holdout_release,
    evaluation_lake,
    read_holdout_release,
    with_ranking_model,
)
from embeat_pipeline.index.build import build_release, fusion_path
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.contract.manifest import Manifest
from embeat_serve.errors import PipelineError
from embeat_serve.ranking.model import DEFAULT_MODEL, RankingModel
from embeat_serve.stores.factory import current_release

SPLIT = DEFAULT_OPTIONS.split


def write_model(lake):
    """A ranking model other than the default."""
    from embeat_pipeline.common.atomic import write_json

    write_json(fusion_path(lake), RankingModel(DEFAULT_MODEL.weights * 1.5).to_dict())


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


def test_the_lakes_ranking_model_is_served_in_a_copy(evaluated_copy):
    holdout = read_holdout_release(evaluated_copy, SPLIT)
    assert with_ranking_model(evaluated_copy, holdout, SPLIT) == holdout
    write_model(evaluated_copy)
    fitted = with_ranking_model(evaluated_copy, holdout, SPLIT)
    assert fitted.release
    assert fitted.release != holdout.release
    manifest = Manifest.read(fitted.lake.release(fitted.release))
    assert "fusion" in manifest.inputs
    assert read_holdout_release(evaluated_copy, SPLIT) == holdout


def test_releases_with_and_without_the_model_have_their_own_holdout_release(evaluated_copy):
    published = current_release(evaluated_copy)
    holdout = read_holdout_release(evaluated_copy, SPLIT)
    write_model(evaluated_copy)
    fitted = with_ranking_model(evaluated_copy, holdout, SPLIT)
    candidate = build_release(evaluated_copy)["release"]
    assert holdout_of(evaluated_copy, published, SPLIT) == holdout.release
    assert holdout_of(evaluated_copy, candidate, SPLIT) == fitted.release
    assert holdout_of(evaluated_copy, candidate, SplitOptions(seed=1)) is None
