"""Training that is interrupted goes on as if it had not been."""

from collections.abc import Callable
from typing import Any

import pytest

from embeat_pipeline.acoustic import train
from embeat_pipeline.acoustic.config import Recipe, TrainingConfig
from embeat_pipeline.acoustic.train import encoder_path, train_encoder
from embeat_pipeline.acoustic.training_state import CHECKPOINT
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

STEPS = 9
Train = Callable[[int, TrainingConfig], dict[str, Any]]


class Killed(BaseException):
    """What no code catches."""


def config(recipe: Recipe = "metadata", **changes: Any) -> TrainingConfig:
    settings: dict[str, Any] = {
        "batch_size": 200,
        "max_steps": STEPS,
        "validate_every": 2,
        "validation_artists": 0.2,
        "test_artists": 0.1,
        "feature_dropout": 0.1,
        "patience": 3,
    }
    return TrainingConfig(recipe=recipe, **settings | changes)


@pytest.fixture
def train_for(lake_copy: LakePaths, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Trains under a config for a number of steps, and is killed if it asks for one more."""
    whole_step = train.train_step

    def run(number: int, settings: TrainingConfig) -> dict[str, Any]:
        done: list[int] = []

        def counted(*arguments: Any) -> float:
            done.append(1)
            if len(done) > number:
                raise Killed
            return whole_step(*arguments)

        monkeypatch.setattr(train, "train_step", counted)
        return train_encoder(lake_copy, settings, device="cpu")

    return run


@pytest.mark.parametrize("recipe", ["upstream", "metadata"])
@pytest.mark.parametrize("number", [1, 6])
def test_it_goes_on_to_the_bit(
    recipe: Recipe, number: int, lake_copy: LakePaths, train_for: Train
) -> None:
    path = encoder_path(lake_copy)
    whole = train_for(STEPS, config(recipe))
    content = path.read_bytes()
    path.unlink()
    assert not (lake_copy.models / CHECKPOINT).exists()
    with pytest.raises(Killed):
        train_for(number, config(recipe))
    assert not path.exists()
    assert (lake_copy.models / CHECKPOINT).exists() == (number > 1)
    # What is left to do, and no step more.
    again = train_for(STEPS - number // 2 * 2, config(recipe))
    assert path.read_bytes() == content
    assert again["loss"] == whole["loss"]
    assert not (lake_copy.models / CHECKPOINT).exists()


def test_it_goes_on_to_the_bit_with_all_sources_and_hard_negatives(
    lake_copy: LakePaths, train_for: Train
) -> None:
    settings = config(supervision_weights=(1, 1, 1, 1, 1), genre_anchors=0.3, hardest_weight=2.0)
    path = encoder_path(lake_copy)
    train_for(STEPS, settings)
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(Killed):
        train_for(5, settings)
    train_for(STEPS, settings)
    assert path.read_bytes() == content


def test_other_settings_begin_anew(lake_copy: LakePaths, train_for: Train) -> None:
    with pytest.raises(Killed):
        train_for(5, config())
    other = config(seed=8)
    first = train_for(STEPS, other)
    encoder_path(lake_copy).unlink()
    assert train_for(STEPS, other)["loss"] == first["loss"]
    assert len(first["loss"]) == STEPS


@pytest.mark.parametrize("content", [b"", b"PK nonsense", None])
def test_a_damaged_checkpoint_is_as_good_as_none(
    content: bytes | None, lake_copy: LakePaths, train_for: Train
) -> None:
    with pytest.raises(Killed):
        train_for(5, config())
    path = lake_copy.models / CHECKPOINT
    path.write_bytes(path.read_bytes()[:1000] if content is None else content)
    assert train_for(STEPS, config())["steps"] == STEPS
