import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from embeat_pipeline.interactions.playlists import read_playlists
from embeat_pipeline.interactions.split import novel
from embeat_pipeline.ranking import boosting, ranking_model
from embeat_pipeline.ranking.config import TABLES, RankingConfig
from embeat_pipeline.ranking.examples import collect
from embeat_pipeline.ranking.folds import open_fold
from embeat_pipeline.ranking.ranking_model import model_path, write_ranking_model
from embeat_serve.contract.lake import LakePaths
from embeat_serve.ranking.tree_features import FEATURES, UNKNOWN
from embeat_serve.ranking.tree_ranker import FEATURES_WITH_TITLE, TreeRanker
from embeat_serve.titles.title_model import LEAST_KNOWLEDGE

CONFIG = RankingConfig(folds=1, fold_share=0.3, trees=30)


@pytest.fixture
def lake(published_lake: LakePaths, tmp_path: Path) -> LakePaths:
    """The tables that the ranking model is made from, without a model."""
    lake = LakePaths(tmp_path)
    lake.tables.mkdir(parents=True)
    for name in TABLES:
        shutil.copy(published_lake.table(name), lake.table(name))
    return lake


def test_evidence_for_a_playlist_comes_from_lists_that_do_not_know_it(lake: LakePaths):
    playlists = read_playlists(lake.table("playlists"), 4_000)
    with open_fold(lake, playlists, CONFIG, 0, "cpu") as fold:
        scratch = LakePaths(lake.root / "ranking" / "fold-0")
        known = read_playlists(scratch.table("playlists"), 4_000)
        held_out = set(fold.held_out.keys.tolist())
        assert fold.model.inputs.playlists.shape[0] == len(known)
    assert held_out
    assert held_out.isdisjoint(known.keys.tolist())
    assert held_out | set(known.keys.tolist()) <= set(playlists.keys.tolist())
    # Copies of known playlists are neither known nor asked about.
    assert novel(playlists.select(np.isin(playlists.keys, list(held_out))), known).all()
    assert 0.6 * len(playlists) < len(known) < 0.8 * len(playlists)
    assert not (lake.root / "ranking").exists()


def test_examples_are_candidates_of_held_out_playlists(lake: LakePaths):
    playlists = read_playlists(lake.table("playlists"), 4_000)
    config = replace(CONFIG, draws=((1, 1), (5, 1)))
    with open_fold(lake, playlists, config, 0, "cpu") as fold:
        examples = collect(lake, fold, config).by_seeds
        keys = set(fold.held_out.keys.tolist())
    assert set(examples.playlists.tolist()) <= keys
    assert set(examples.seeds.tolist()) == {1, 5}
    assert examples.sizes.sum() == len(examples.features) == len(examples.hits)
    most = config.candidates + config.artist_candidates * examples.seeds
    assert (examples.sizes <= most).all()
    assert 0.01 < examples.hits.mean() < 0.5
    found = np.add.reduceat(examples.hits, np.cumsum(examples.sizes) - examples.sizes)
    assert (found <= examples.targets).all()
    seeds = np.repeat(examples.seeds, examples.sizes)
    column = examples.features[:, FEATURES.index("seeds")]
    assert column == pytest.approx(np.log1p(seeds))
    # Hits are where the lists say they are, or nothing could be learned.
    strength = examples.features[:, FEATURES.index("strength")]
    assert strength[examples.hits].mean() > 1.2 * strength[~examples.hits].mean()


def test_some_queries_are_asked_with_the_name_of_the_playlist_too(lake: LakePaths):
    playlists = read_playlists(lake.table("playlists"), 4_000)
    names = pl.read_parquet(lake.table("playlists"), columns=["name"])["name"].to_list()
    config = replace(CONFIG, draws=((1, 2), (5, 1)), title_draws=1)
    with open_fold(lake, playlists, config, 0, "cpu") as fold:
        name_of = dict(zip(playlists.keys.tolist(), names, strict=True))
        assert fold.titles.tolist() == [name_of[key] or "" for key in fold.held_out.keys.tolist()]
        examples = collect(lake, fold, config)
    with_title, by_seeds = examples.with_title, examples.by_seeds
    assert 0 < (with_title.seeds == 1).sum() <= (by_seeds.seeds == 1).sum() / 2
    knowledge = FEATURES_WITH_TITLE.index("title_knowledge")
    assert (by_seeds.features[:, len(FEATURES) :] == UNKNOWN).all()
    assert with_title.features[:, knowledge].min() >= LEAST_KNOWLEDGE
    assert with_title.sizes.mean() > by_seeds.sizes.mean()
    # Playlists of this dump are made by moods, and named after them.
    fit = with_title.features[:, FEATURES_WITH_TITLE.index("title_fit")]
    assert fit[with_title.hits].mean() > 1.1 * fit[~with_title.hits].mean()


def test_playlists_without_names_make_no_title_trees(lake: LakePaths):
    path = lake.table("playlists")
    nameless = pl.read_parquet(path).with_columns(name=pl.lit(None, pl.String))
    nameless.write_parquet(path)
    made = write_ranking_model(lake, replace(CONFIG, draws=((1, 1),)), device="cpu")
    assert made["title_trees"] == 0 < made["trees"]


def test_a_query_without_candidates_is_left_out(lake: LakePaths):
    playlists = read_playlists(lake.table("playlists"), 4_000)
    config = replace(CONFIG, draws=((1, 1),), candidates=0, artist_candidates=0, title_candidates=0)
    with open_fold(lake, playlists, config, 0, "cpu") as fold:
        assert len(fold.held_out)
        assert len(collect(lake, fold, config).by_seeds) == 0


def test_a_model_is_trained_once_and_the_same_again(lake: LakePaths):
    made = write_ranking_model(lake, CONFIG, device="cpu")
    content = model_path(lake).read_bytes()
    assert len(TreeRanker.from_bytes(content).trees.ensemble) > 0 < made["trees"]
    assert made["title_queries"] > 0
    assert set(made["without_title"]) == set(made["with_title"])
    assert len(TreeRanker.from_bytes(content).title_trees.ensemble) == made["title_trees"]
    assert made["ranks_by"] in ("trees", "lists")
    assert set(made["lists"]) == set(made["trees_ndcg"]) >= {"1 seed", "3 seeds", "25 seeds"}
    assert json.loads((lake.reports / "ranking_model.json").read_text())["trees"] == made["trees"]
    assert write_ranking_model(lake, CONFIG, device="cpu")["unchanged"]
    model_path(lake).unlink()
    assert "unchanged" not in write_ranking_model(lake, CONFIG, device="cpu")
    assert model_path(lake).read_bytes() == content


def test_few_playlists_make_no_trees(lake: LakePaths):
    made = write_ranking_model(lake, replace(CONFIG, min_playlists=500), device="cpu")
    assert made == {
        "trees": 0,
        "ranks_by": "channels",
        "reason": "400 playlists, of which 30% are held out; 500 are needed",
    }
    assert len(TreeRanker.from_bytes(model_path(lake).read_bytes()).trees.ensemble) == 0


def test_without_its_thread_library_lightgbm_is_left_out(
    lake: LakePaths, monkeypatch: pytest.MonkeyPatch
):
    def fail(*arguments: object) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    assert ranking_model.grow is boosting.grow
    monkeypatch.setattr(ranking_model, "grow", fail)
    made = write_ranking_model(lake, CONFIG, device="cpu")
    assert made["trees"] == 0
    assert "apt install libgomp1" in made["reason"]
