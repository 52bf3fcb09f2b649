import json
import re
from html.parser import HTMLParser

import polars as pl
import pytest

from embeat_pipeline.evaluate.report.html import page
from embeat_pipeline.evaluate.report.store import evaluation_json, evaluation_page, run_evaluation
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import NoRelease

BASELINES = {
    "upstream",
    "upstream acoustic",
    "upstream playlist",
    "popularity",
    "item-kNN",
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


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "circle", "line", "rect", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in ("circle", "line", "rect"):
            return
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(evaluated_lake, result):
    text = evaluation_page(evaluated_lake).read_text(encoding="utf-8")
    parsed = Page()
    parsed.feed(text)
    assert parsed.open == []
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in parsed.tags}
    addresses = re.findall(r"(?:href|src|url\()\s*=?\s*[\"']?([^\"')\s>]+)", text)
    assert addresses == []
    for system in result["systems"]:
        assert system["name"] in text
    assert "prefers-color-scheme: dark" in text


def test_titles_are_escaped_in_the_page(result):
    example = result["examples"][0]
    seed = {**example["seed"], "track_name": "<script>alert(1)</script>"}
    text = page({**result, "examples": [{**example, "seed": seed}]})
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_nothing_is_measured_twice(evaluated_lake, evaluation_options):
    before = evaluation_page(evaluated_lake).stat().st_mtime_ns
    again = run_evaluation(evaluated_lake, evaluation_options, device="cpu")
    assert again["unchanged"]
    assert evaluation_page(evaluated_lake).stat().st_mtime_ns == before


def test_the_twin_has_not_seen_the_test_playlists(evaluated_lake, result):
    twin = LakePaths(evaluated_lake.root / "evaluation")
    trained = pl.read_parquet(twin.table("playlists"))
    everything = pl.read_parquet(evaluated_lake.table("playlists"))
    assert trained.height == result["protocol"]["train"]
    assert set(trained["playlist_id"]) < set(everything["playlist_id"])
    assert trained["playlist_code"].to_list() == list(range(trained.height))
    # Playlists teach the encoder and predict genres, too.
    anew = {"encoder", "playlist_vectors", "artist_genres"}
    assert anew <= set(result["protocol"]["trained_anew"])
    for name in ("tracks", "artists"):
        assert twin.table(name).samefile(evaluated_lake.table(name)), "adopted, not made again"
    assert result["release"] in {folder.name for folder in twin.index.iterdir()}


def test_an_empty_lake_is_refused(tmp_path):
    with pytest.raises(NoRelease, match="python -m embeat_pipeline run"):
        run_evaluation(LakePaths(tmp_path))
