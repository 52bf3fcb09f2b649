import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeat_pipeline.interactions.playlists import read_playlists
from embeat_pipeline.interactions.split import novel
from embeat_pipeline.ranking import boosting, ranking_model
from embeat_pipeline.ranking.config import TABLES, RankingConfig
from embeat_pipeline.ranking.examples import collect
from embeat_pipeline.ranking.folds import open_fold
from embeat_pipeline.ranking.ranking_model import model_path, write_ranking_model
from embeat_serve.contract.lake import LakePaths
from embeat_serve.ranking.tree_features import FEATURES
from embeat_serve.ranking.tree_ranker import TreeRanker

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
        examples = collect(lake, fold, config)
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


def test_a_query_without_candidates_is_left_out(lake: LakePaths):
    playlists = read_playlists(lake.table("playlists"), 4_000)
    config = replace(CONFIG, draws=((1, 1),), candidates=0, artist_candidates=0)
    with open_fold(lake, playlists, config, 0, "cpu") as fold:
        assert len(fold.held_out)
        assert len(collect(lake, fold, config)) == 0


def test_a_model_is_trained_once_and_the_same_again(lake: LakePaths):
    made = write_ranking_model(lake, CONFIG, device="cpu")
    content = model_path(lake).read_bytes()
    assert len(TreeRanker.from_bytes(content).ensemble) > 0 < made["trees"]
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
    assert len(TreeRanker.from_bytes(model_path(lake).read_bytes()).ensemble) == 0


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
