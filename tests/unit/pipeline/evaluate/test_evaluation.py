import json

import pytest

from embeat_pipeline.evaluate.quality.style_fit import MATES
from embeat_pipeline.evaluate.report.console import report_lines
from embeat_pipeline.evaluate.report.store import evaluate_lake, evaluation_json, evaluation_page
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import NoRelease

BASELINES = {
    "upstream",
    "upstream acoustic",
    "upstream playlist",
    "popularity",
    "item-kNN",
    "EASE",
    "truncated SVD",
    "artist co-occurrence x popularity",
    "raw audio features",
}


@pytest.fixture(scope="module")
def result(evaluated_lake):
    return json.loads(evaluation_json(evaluated_lake).read_text(encoding="utf-8"))


def test_every_system_has_every_metric(result):
    names = {system["name"] for system in result["systems"]}
    assert {"product", "fused", *CHANNELS} | BASELINES <= names
    for found in result["seeds"].values():
        for name in names:
            cells = found["table"][name]["novel"]
            assert {"ndcg@20", "ndcg@100", "recall@100", "hit@20", "r_precision", "mrr"} < set(
                cells
            )
            assert all(0 <= c["low"] <= c["mean"] <= c["high"] for c in cells.values())
            assert set(found["catalogue"][name]) == {"coverage@20", "gini@20"}


def test_held_out_playlists_are_asked_about(result):
    protocol = result["protocol"]
    parts = protocol["train"] + protocol["validation"] + protocol["test"]
    assert parts == protocol["playlists"]
    assert 0 < result["seeds"]["1"]["queries"]["all"] <= protocol["test"]


def test_the_release_beats_chance_and_playlists_carry_it(result):
    table = result["seeds"]["5"]["table"]
    assert (
        table["playlist"]["all"]["ndcg@20"]["mean"]
        > table["raw audio features"]["all"]["ndcg@20"]["mean"]
    )


def test_twenty_examples_with_channels(result):
    assert 0 < len(result["examples"]) <= 20
    for example in result["examples"]:
        assert 0 < len(example["songs"]) <= 10
        for song in example["songs"]:
            assert sum(song["channels"].values()) == pytest.approx(song["score"], abs=1e-4)


def test_sound_and_genres_are_measured(result):
    assert result["sound"]["queries"] > 0
    assert set(result["sound"]["table"]) == {
        "raw audio features",
        "upstream's EmbeatMLP",
        "EmbeatMLP",
    }
    assert result["genres"]["hidden"] > 0
    assert result["genre_map"]


def test_style_fit_is_measured_beside_ndcg(result):
    for count, found in result["style_fit"]["seeds"].items():
        opponent = result["headline"][count]["opponent"]
        assert set(found["systems"]) == {"product", "fused", "playlist", opponent, MATES}
        assert found["queries"]["all"] == result["seeds"][count]["queries"]["all"]
        product, jarring = (
            found["systems"]["product"]["all"][metric] for metric in ("fit", "jarring")
        )
        assert 0 < product["low"] <= product["mean"] <= product["high"] <= 1
        assert 0 <= jarring["mean"] <= 10
        mates = found["systems"][MATES]["all"]
        assert mates["below_mates"]["mean"] < 2, "a twentieth of them, up to chance"
    assert any("of 10 jar" in line for line in report_lines(result))


def test_lists_for_names_are_measured_by_kind_of_name(result):
    titles = result["titles"]
    assert 0 < titles["named"] == titles["name_alone"]["playlists"]
    assert titles["opponent"]["validation"]
    assert titles["name_alone"]["list"]["mean"] > 0
    for count, figures in titles["seeds"].items():
        assert figures["playlists"] == result["seeds"][count]["queries"]["novel"]
    by_kind = {kind: parts["name_alone"]["playlists"] for kind, parts in titles["kinds"].items()}
    assert by_kind["genre"] + by_kind["person"] > 0, "made-up names are of genres and artists"
    assert "titles" in result["seconds"]
    assert any("the list people get" in line for line in report_lines(result))


def test_nothing_is_measured_twice(evaluated_lake, evaluation_options):
    before = evaluation_page(evaluated_lake).stat().st_mtime_ns
    again = evaluate_lake(evaluated_lake, evaluation_options, device="cpu")
    assert again["unchanged"]
    assert evaluation_page(evaluated_lake).stat().st_mtime_ns == before


def test_the_report_names_what_was_trained_for_it(evaluated_lake, result):
    assert {"encoder", "playlist_vectors", "artist_genres"} <= set(
        result["protocol"]["trained_anew"]
    )
    holdout = LakePaths(evaluated_lake.root / "evaluation")
    assert result["release"] in {folder.name for folder in holdout.index.iterdir()}


def test_an_empty_lake_is_refused(tmp_path):
    with pytest.raises(NoRelease, match="python -m embeat_pipeline run"):
        evaluate_lake(LakePaths(tmp_path))
