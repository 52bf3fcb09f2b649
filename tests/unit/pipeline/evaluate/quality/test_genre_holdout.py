import shutil

import numpy as np
import polars as pl
import pytest

from embeat_pipeline.evaluate.quality.genre_holdout import (
    evaluate_genres,
    genre_lake,
    hide_labels,
    macro_f1,
    prediction_outcomes,
)
from embeat_pipeline.genres.calibration import calibration
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow


def test_judgement_of_each_artist():
    hidden = pl.DataFrame(
        {"artist_code": [1, 2, 3], "genre_codes": [[4, 5], [6], [7]]},
        schema={"artist_code": pl.UInt32, "genre_codes": pl.List(pl.UInt32)},
    )
    assigned = pl.DataFrame(
        {
            "artist_code": [1, 1, 2, 2, 9],
            "genre_code": [5, 8, 4, 6, 6],
            "position": [0, 1, 0, 1, 0],
            "confidence": [0.9, 0.9, 0.4, 0.4, 1.0],
        },
        schema={
            "artist_code": pl.UInt32,
            "genre_code": pl.UInt32,
            "position": pl.UInt8,
            "confidence": pl.Float32,
        },
    )
    found = prediction_outcomes(hidden, assigned)
    assert found["covered"].to_list() == [True, True, False]
    assert found["top_1"].to_list() == [True, False, False]
    assert found["top_3"].to_list() == [True, True, False]
    assert found["f1"].to_list() == pytest.approx([0.5, 2 / 3, 0])


def test_calibration_error():
    random = np.random.default_rng(0)
    confidence = random.random(40_000)
    honest, bins = calibration(confidence, (random.random(40_000) < confidence).astype(float))
    assert honest < 0.02
    assert sum(found["count"] for found in bins) == 40_000
    boastful, _ = calibration(np.full(100, 0.95), np.repeat([1.0, 0.0], 50))
    assert boastful == pytest.approx(0.45)


def test_macro_f1_is_the_mean_over_genres():
    hidden = pl.DataFrame(
        {"artist_code": [1, 2, 3], "genre_codes": [[4, 5], [4], [7]]},
        schema={"artist_code": pl.UInt32, "genre_codes": pl.List(pl.UInt32)},
    )
    assigned = pl.DataFrame(
        {"artist_code": [1, 2, 2, 9], "genre_code": [4, 4, 6, 7]},
        schema={"artist_code": pl.UInt32, "genre_code": pl.UInt32},
    )
    # 4: both found; 5, 7: missed; 6: made up. Artist 9 was not hidden.
    assert macro_f1(hidden, assigned) == pytest.approx(1 / 4)


def test_hidden_artists_of_the_sample(tables_lake, tmp_path):
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(tables_lake.root, lake.root)
    before = lake.table("artists").read_bytes()
    found = evaluate_genres(lake, seeds=2)
    labelled = pl.read_parquet(lake.table("artists"))["genre_codes"].list.len() > 0
    assert 0.1 < found["hidden"] / found["seeds"] / labelled.sum() < 0.3
    assert lake.table("artists").read_bytes() == before
    assert [one["hidden"] for one in found["by_seed"]] != [found["hidden"] / 2] * 2
    for figures in (found, *found["baselines"].values()):
        for name in ("covered", "top_1", "top_3", "f1"):
            assert 0 <= figures[name]["mean"] <= 1
        assert figures["top_1"]["mean"] <= figures["top_3"]["mean"] <= figures["covered"]["mean"]
        assert 0 <= figures["macro_f1"] <= 1
    assert found["tracks"]["all"] >= found["tracks"]["listed"] + found["tracks"]["predicted"]
    assert evaluate_genres(lake, seeds=2) == found


def test_hidden_labels_are_nowhere_in_the_blind_lake(tables_lake, tmp_path):
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(tables_lake.root, lake.root)
    hidden = hide_labels(lake, seed=0)
    blind = genre_lake(lake)
    left = pl.read_parquet(blind.table("artists")).join(hidden, on="artist_code", how="semi")
    assert left["genre_codes"].list.len().sum() == 0
    assert (hidden["genre_codes"].list.len() > 0).all()
    assert not blind.table("artist_genres").exists()
