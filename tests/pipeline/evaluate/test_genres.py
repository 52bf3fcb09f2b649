import numpy as np
import polars as pl
import pytest

from embeat_pipeline.evaluate.genres import calibration, evaluate_genres, judge


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
    found = judge(hidden, assigned)
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


def test_hidden_artists_of_the_sample(tables_lake, tmp_path):
    import shutil

    from embeat_serve.contract import LakePaths

    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(tables_lake.root, lake.root)
    before = lake.table("artists").read_bytes()
    found = evaluate_genres(lake)
    labelled = pl.read_parquet(lake.table("artists"))["genre_codes"].list.len() > 0
    assert 0.1 < found["hidden"] / labelled.sum() < 0.3
    assert lake.table("artists").read_bytes() == before
    for name in ("covered", "top_1", "top_3", "f1"):
        assert 0 <= found[name]["mean"] <= 1
    assert found["top_1"]["mean"] <= found["top_3"]["mean"] <= found["covered"]["mean"]
    assert evaluate_genres(lake) == found
