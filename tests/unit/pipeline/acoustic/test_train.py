"""Training from end to end on a small lake."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch

from embeat_pipeline.acoustic.config import Recipe, TrainingConfig
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.train import drop_features, encoder_path, train_encoder
from embeat_pipeline.acoustic.validation import EarlyStopping
from embeat_serve.contract.audio_features import OPTIONAL, from_mappings, layout
from embeat_serve.contract.lake import LakePaths
from embeat_serve.encoder import Encoder

pytestmark = pytest.mark.slow

CONFIG = TrainingConfig(
    recipe="upstream",
    batch_size=256,
    max_steps=6,
    validate_every=3,
    patience=0,
    validation_artists=0.2,
    test_artists=0.1,
)


@pytest.mark.parametrize("recipe", ["upstream", "metadata"])
def test_two_runs_agree_to_the_bit(lake_copy: LakePaths, recipe: Recipe) -> None:
    config = replace(CONFIG, recipe=recipe)
    path = encoder_path(lake_copy)
    first = train_encoder(lake_copy, config, device="cpu")
    content = path.read_bytes()
    path.unlink()
    again = train_encoder(lake_copy, config, device="cpu")
    assert path.read_bytes() == content
    assert first["loss"] == again["loss"]
    train_encoder(lake_copy, replace(config, seed=8), device="cpu")
    assert path.read_bytes() != content


def test_global_random_state_neither_matters_nor_changes(lake_copy: LakePaths) -> None:
    torch.manual_seed(1)
    train_encoder(lake_copy, CONFIG, device="cpu")
    content = encoder_path(lake_copy).read_bytes()
    after = torch.rand(3)
    torch.manual_seed(1)
    assert after.equal(torch.rand(3))
    encoder_path(lake_copy).unlink()
    train_encoder(lake_copy, CONFIG, device="cpu")
    assert encoder_path(lake_copy).read_bytes() == content


def test_what_is_current_is_not_trained_again(lake_copy: LakePaths) -> None:
    first = train_encoder(lake_copy, CONFIG, device="cpu")
    made = encoder_path(lake_copy).stat().st_mtime_ns
    again = train_encoder(lake_copy, CONFIG, device="cpu")
    assert again == first | {"unchanged": True}
    assert encoder_path(lake_copy).stat().st_mtime_ns == made
    assert "unchanged" not in train_encoder(lake_copy, replace(CONFIG, max_steps=2), device="cpu")


def test_the_file_says_how_it_was_made(lake_copy: LakePaths) -> None:
    metadata = train_encoder(lake_copy, CONFIG, device="cpu")
    config = Encoder.load(encoder_path(lake_copy)).config
    assert config["training"]["seed"] == CONFIG.seed
    assert config["training"]["temperature"] == CONFIG.temperature
    assert config["steps"] == 6
    assert config["loss"] == metadata["loss"]
    assert config["final_loss"] == metadata["final_loss"] == metadata["loss"][-1]
    assert [entry["step"] for entry in config["history"]] == [3, 6]
    assert set(config["validation"]) == {"step", "artist_mrr", "album_mrr"}


@pytest.mark.parametrize("recipe", ["upstream", "metadata"])
def test_training_learns_what_albums_sound_like(lake_copy: LakePaths, recipe: Recipe) -> None:
    config = replace(CONFIG, recipe=recipe, max_steps=40, learning_rate=1e-3, validate_every=10)
    metadata = train_encoder(lake_copy, config, device="cpu")
    assert np.mean(metadata["loss"][-5:]) < 0.8 * np.mean(metadata["loss"][:5])
    assert metadata["validation"]["album_mrr"] > 0.6


def test_upstreams_five_tempo_rows_train(lake_copy: LakePaths) -> None:
    train_encoder(lake_copy, replace(CONFIG, tempo_rows=5, max_steps=2), device="cpu")
    encoder = Encoder.load(encoder_path(lake_copy))
    assert encoder.arrays["embedding_tempo"].shape == (5, 4)


def test_without_genres_and_playlists_it_still_trains(lake_copy: LakePaths) -> None:
    lake_copy.table("artist_genres").unlink()
    lake_copy.table("playlists").unlink()
    for recipe in ("upstream", "metadata"):
        metadata = train_encoder(lake_copy, replace(CONFIG, recipe=recipe), device="cpu")
        assert metadata["steps"] == 6


def test_settings_of_older_encoders_are_read() -> None:
    written: dict[str, Any] = json.loads(json.dumps(asdict(TrainingConfig(seed=9))))
    assert TrainingConfig.from_recorded(written) == TrainingConfig(seed=9)
    del written["genre_anchors"], written["hardest_weight"], written["supervision_weights"]
    old_names = {"recipe": "teachers", "teacher_weights": [1.0, 0.5, 2.0], "missing_share": 0.2}
    del written["feature_dropout"]
    expected = TrainingConfig(
        seed=9, supervision_weights=(1.0, 0.5, 2.0, 0.0, 0.0), feature_dropout=0.2
    )
    assert TrainingConfig.from_recorded(written | old_names) == expected


def test_only_tables_of_supervision_sources_are_read(lake_copy: LakePaths) -> None:
    config = replace(CONFIG, recipe="metadata", max_steps=1)
    train_encoder(lake_copy, config, device="cpu")
    for name in ("related_artists", "artist_genres"):
        lake_copy.table(name).unlink()
    assert train_encoder(lake_copy, config, device="cpu")["unchanged"]
    all_sources = replace(config, supervision_weights=(1, 1, 1, 1, 1))
    assert "unchanged" not in train_encoder(lake_copy, all_sources, device="cpu")


def test_early_stopping_keeps_the_best_weights() -> None:
    model = EmbeatMLP()
    marked = next(model.parameters())
    stopping = EarlyStopping(patience=2)
    over = []
    for step, mrr in enumerate([0.1, 0.3, 0.2, 0.25, 0.9]):
        with torch.no_grad():
            marked.fill_(step)
        stopping.update(model, {"step": step, "artist_mrr": mrr})
        over.append(stopping.is_over)
        if over[-1]:
            break
    assert over == [False, False, False, True]
    stopping.restore(model)
    assert stopping.best["artist_mrr"] == 0.3
    assert marked.eq(1).all()


def test_no_artist_held_out_still_trains(lake_copy: LakePaths) -> None:
    config = replace(CONFIG, validation_artists=0.0, test_artists=0.0, max_steps=2, patience=1)
    assert train_encoder(lake_copy, config, device="cpu")["validation"] == {"step": 2}


def test_dropout_takes_each_feature_by_itself_and_the_optional_ones_together() -> None:
    config = TrainingConfig(feature_dropout=0.2, optional_feature_dropout=0.5)
    generator = torch.Generator().manual_seed(0)
    discrete = torch.ones(4_000, 4, dtype=torch.uint8)
    dropped, sound = drop_features(discrete, torch.zeros(4_000, 12), config, generator)
    assert ((dropped == 0).float().mean(dim=0) - 0.2).abs().max() < 0.03
    lost = sound.isnan()
    assert (lost[:, :7].float().mean(dim=0) - 0.2).abs().max() < 0.03
    assert (lost[:, 7] == lost[:, 9]).all()
    assert (lost[:, 10:].float().mean(dim=0) - 0.6).abs().max() < 0.03
    assert abs((lost[:, 10] & lost[:, 11]).float().mean() - 0.52) < 0.03


@pytest.mark.parametrize("optional", [(), OPTIONAL[:1], OPTIONAL])
def test_the_encoder_reads_what_it_was_trained_with(
    lake_copy: LakePaths, optional: tuple[str, ...]
) -> None:
    config = replace(CONFIG, recipe="metadata", optional=optional)
    metadata = train_encoder(lake_copy, config, device="cpu")
    encoder = Encoder.load(encoder_path(lake_copy))
    assert encoder.layout is not None
    assert encoder.layout.width == layout(len(optional)).width
    songs: list[Mapping[str, Any]] = [
        {"energy": 0.5, "key": 3},
        {"energy": 0.5, "key": 3, "loudness": -7.0},
        {"energy": 0.5, "key": 3, "release_year": 1985},
    ]
    plain, louder, older = encoder.encode(from_mappings(songs))
    assert (plain == louder).all() == ("loudness" not in optional)
    assert (plain == older).all() == ("release_year" not in optional)
    assert metadata["steps"] == 6


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="optional must be a beginning"):
        TrainingConfig(optional=("duration_ms",))
    with pytest.raises(ValueError, match="tempo_rows"):
        TrainingConfig(tempo_rows=13)
    for weights in ((0, 0, 0), (1, -1), (1,) * 6):
        with pytest.raises(ValueError, match="supervision_weights"):
            TrainingConfig(supervision_weights=weights)
    with pytest.raises(ValueError, match="hardest_weight"):
        TrainingConfig(hardest_weight=0)
    with pytest.raises(ValueError, match="genre_anchors"):
        TrainingConfig(genre_anchors=1)
    with pytest.raises(ValueError, match="batch_size"):
        TrainingConfig(batch_size=0)
