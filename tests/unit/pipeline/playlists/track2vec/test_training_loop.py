"""Training of playlist vectors: judged, stopped in time, interrupted and gone on with."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import PLAYLISTS
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.playlists.assets import playlist_vectors
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec import training_loop as training
from embeat_pipeline.playlists.track2vec.playlist_vectors import track_vectors, train_track2vec
from embeat_pipeline.playlists.track2vec.training_loop import CHECKPOINT, best_epoch, is_over
from embeat_pipeline.playlists.track2vec.validation import ValidationSplit
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

EPOCHS = 3
CONFIG = Track2VecConfig(epochs=EPOCHS, patience=0, validation_share=0.2, learning_rate=0.05)
THEMES, TRACKS_PER_THEME = 12, 120


class Killed(BaseException):
    """What no code catches."""


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    """Playlists of one theme each; the last holds two tracks that no other has."""
    random = np.random.default_rng(3)
    playlists = [
        (playlist % THEMES * TRACKS_PER_THEME + random.permutation(TRACKS_PER_THEME)[:12]).tolist()
        for playlist in range(400)
    ]
    playlists.append([1, 2, 3, 9_000, 9_001])
    lake = LakePaths(tmp_path)
    lake.tables.mkdir(parents=True)
    rows = [
        {**dict.fromkeys(PLAYLISTS.names), "playlist_code": i, "track_codes": codes}
        for i, codes in enumerate(playlists)
    ]
    pq.write_table(pa.Table.from_pylist(rows, PLAYLISTS), lake.table("playlists"))
    return lake


@pytest.fixture
def train_for(
    lake: LakePaths, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, Track2VecConfig], dict[str, Any]]:
    """Trains for a number of epochs, and is killed if it begins one more."""
    make = training.make_trainer

    def run(number: int, config: Track2VecConfig) -> dict[str, Any]:
        begun: list[int] = []

        def counted(*arguments: Any, **options: Any) -> training.Trainer:
            trainer = make(*arguments, **options)
            whole = trainer.train_epoch

            def train_epoch(epoch: int, advance: Any) -> None:
                begun.append(epoch)
                if len(begun) > number:
                    raise Killed
                whole(epoch, advance)

            monkeypatch.setattr(trainer, "train_epoch", train_epoch)
            return trainer

        monkeypatch.setattr(training, "make_trainer", counted)
        return train_track2vec(lake, config, "cpu")

    return run


@pytest.mark.parametrize("trainer", ["gensim", "torch"])
@pytest.mark.parametrize("number", [0, 2])
def test_an_interrupted_training_resumes_to_the_bit(
    trainer: Any, number: int, lake: LakePaths, train_for: Callable[..., dict[str, Any]]
) -> None:
    config = replace(CONFIG, trainer=trainer)
    output = lake.table("playlist_vectors")
    whole = train_for(EPOCHS, config)
    content = output.read_bytes()
    output.unlink()
    with pytest.raises(Killed):
        train_for(number, config)
    assert not output.exists()
    assert (lake.models / CHECKPOINT).exists() == (number > 0)
    # What is left to do, and no epoch more.
    assert train_for(EPOCHS - number, config)["history"] == whole["history"]
    assert output.read_bytes() == content
    assert not (lake.models / CHECKPOINT).exists()


@pytest.mark.parametrize("content", [b"", b"PK nonsense"])
def test_a_checkpoint_that_does_not_fit_is_as_good_as_none(
    content: bytes, lake: LakePaths, train_for: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(Killed):
        train_for(1, CONFIG)
    with pytest.raises(Killed):
        train_for(EPOCHS - 1, replace(CONFIG, seed=8))
    (lake.models / CHECKPOINT).write_bytes(content)
    assert len(train_for(EPOCHS, CONFIG)["history"]) == EPOCHS + 1


def test_every_epoch_is_validated_and_shown(lake: LakePaths) -> None:
    made = train_track2vec(lake, CONFIG, "cpu")
    history = made["history"]
    assert [row["epoch"] for row in history] == list(range(EPOCHS + 1))
    assert all(0.02 < row["ndcg@20"] <= 1 for row in history)
    assert made["held_out"] > 20
    assert history[-1]["loss"] < history[0]["loss"]
    sidecar = lake.table("playlist_vectors").with_name("playlist_vectors.parquet.made.json")
    assert json.loads(sidecar.read_text())["metadata"]["history"] == history
    resources = {"lake": LakeResource(lake_root=str(lake.root), device="cpu")}
    result = dg.materialize([playlist_vectors], resources=resources)
    shown = result.asset_materializations_for_node("playlist_vectors")[0].metadata
    assert "data:image/svg" in str(shown["curves"].value)
    assert shown["history"].value


def test_training_ends_where_nothing_gets_better(lake: LakePaths) -> None:
    corpus = Corpus.read(lake.table("playlists"), 1)
    # Steps as long as these spoil what the factorisation found.
    wild = replace(CONFIG, epochs=9, learning_rate=5.0, patience=2)
    stopped, _, _, history = track_vectors(corpus, wild, device="cpu")
    assert len(history) == 3
    assert best_epoch(history, 2) == 0
    start = track_vectors(corpus, replace(wild, epochs=0), device="cpu").vectors
    assert np.abs(stopped - start).max() < 1e-5
    last = track_vectors(corpus, replace(wild, epochs=2, patience=0), device="cpu").vectors
    assert np.abs(last - start).max() > 0.1


@pytest.mark.parametrize(
    ("quality", "patience", "best", "over"),
    [
        ([0.1, 0.2, 0.15], 1, 1, True),
        ([0.1, 0.2, 0.15], 2, 1, False),
        ([0.1, 0.2, 0.2, 0.2], 2, 1, True),
        ([0.3, 0.2, 0.1], 0, 2, False),
        ([None, None, None], 1, 2, False),
    ],
)
def test_patience(quality: list[float | None], patience: int, best: int, over: bool) -> None:
    history = [
        {"epoch": float(epoch), **({} if found is None else {"ndcg@20": found})}
        for epoch, found in enumerate(quality)
    ]
    assert best_epoch(history, patience) == best
    assert is_over(history, patience) == over


def test_validation_playlists_are_not_trained_on(lake: LakePaths) -> None:
    corpus = Corpus.read(lake.table("playlists"), 1)
    split = ValidationSplit(corpus, CONFIG)
    assert split.queries is not None
    assert len(split.training.offsets) - 1 + split.held_out == len(corpus.offsets) - 1
    assert (split.training.counts > 0).all()
    assert split.training.track_codes.tolist() == corpus.track_codes[split.training_words].tolist()
    everything = ValidationSplit(corpus, replace(CONFIG, validation_share=0.0))
    assert (everything.queries, everything.held_out) == (None, 0)
    assert everything.training.words.tolist() == corpus.words.tolist()
    # Vectors that know the themes find what is held out; others do not.
    vectors = np.eye(THEMES + 1, dtype=np.float32)[
        np.minimum(split.training.track_codes // TRACKS_PER_THEME, THEMES)
    ]
    weight = np.ones((len(vectors), 1), np.float32)
    knowing, ignorant = (
        split.ndcg(one, weight)
        for one in (vectors, np.random.default_rng(0).permutation(vectors, axis=0))
    )
    assert knowing is not None
    assert ignorant is not None
    assert knowing > 0.08 > ignorant


def test_tracks_that_are_held_out_get_a_vector_all_the_same(lake: LakePaths) -> None:
    corpus = Corpus.read(lake.table("playlists"), 1)
    alone = int(np.searchsorted(corpus.track_codes, 9_000))
    for seed in range(20):
        split = ValidationSplit(corpus, replace(CONFIG, seed=seed, validation_share=0.5))
        if alone not in split.training_words:
            break
    else:
        pytest.fail("the playlist was never held out")
    config = replace(CONFIG, seed=seed, validation_share=0.5, epochs=0)
    vectors = track_vectors(corpus, config).vectors
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    theme = unit[np.isin(corpus.track_codes, [1, 2, 3])] @ unit[alone]
    others = unit[corpus.track_codes >= TRACKS_PER_THEME][:-2] @ unit[alone]
    assert theme.min() > others.mean() + 0.3
