"""Train EmbeatMLP: the whole training on one page, and writing ``models/encoder.npz``.

Settings are in ``config``, pairs of tracks in ``pairs``, the loss in ``loss``, the network in
``model``, and the metrics that stop a training in ``validation``.
"""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.dataset import TrainingTracks, load_training_tracks
from embeat_pipeline.acoustic.export import write_encoder
from embeat_pipeline.acoustic.loss import masked_info_nce
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.pairs.metadata_pairs import MetadataPairSampler
from embeat_pipeline.acoustic.pairs.sampler import PairSampler
from embeat_pipeline.acoustic.pairs.upstream_pairs import UpstreamPairSampler
from embeat_pipeline.acoustic.training_state import CHECKPOINT, TrainingState
from embeat_pipeline.acoustic.validation import Validation
from embeat_pipeline.common.device import resolve_device
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.common.training_state import Checkpoint
from embeat_serve.contract.audio_features import CONTINUOUS, DISCRETE, FEATURES, TEMPO
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile


def encoder_path(lake: LakePaths) -> Path:
    """Return the file of the trained encoder."""
    return lake.models / ReleaseFile.ENCODER


def train_encoder(
    lake: LakePaths, config: TrainingConfig | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Train EmbeatMLP on the lake's tracks and write ``models/encoder.npz``.

    Returns:
        Tracks, steps, final loss, validation, loss of every step (``loss``), seconds.

    Raises:
        PipelineError: no training pairs can be drawn from the tracks.
        UsageError: the device does not exist.
    """
    config = config or TrainingConfig()
    output = encoder_path(lake)
    tables = {
        name: lake.table(name) for name in supervision_tables(config) if lake.table(name).exists()
    }
    inputs = [lake.table("tracks"), *tables.values()]
    key = fingerprint(__name__, settings=asdict(config), inputs=inputs)
    if is_current([output], key):
        return made_metadata(output) | {"unchanged": True}
    started = time.monotonic()
    tracks = load_training_tracks(
        lake.table("tracks"), tables.get("artist_genres"), config, resolve_device(device)
    )
    sampler = make_sampler(tracks, config, tables)
    model, record = fit(tracks, sampler, config, Checkpoint(lake.models / CHECKPOINT, key))
    write_encoder(output, model, {"training": asdict(config), **record})
    metadata = record | {
        "tracks": len(tracks),
        "held_out_tracks": int(tracks.held_out.sum()),
        "seconds": round(time.monotonic() - started, 1),
    }
    mark_current([output], key, metadata)
    return metadata


def supervision_tables(config: TrainingConfig) -> list[str]:
    """Return the tables, besides ``tracks``, that decide which tracks form pairs."""
    if config.recipe == "upstream":
        return ["artist_genres"]
    _, _, playlists, related, genre = config.supervision_weights
    weights = {
        "playlists": playlists,
        "related_artists": related,
        "artist_genres": genre + config.genre_anchors,
    }
    return [name for name, weight in weights.items() if weight]


def make_sampler(
    tracks: TrainingTracks, config: TrainingConfig, tables: dict[str, Path]
) -> PairSampler:
    """Return the sampler of the config's recipe; ``tables`` are those that exist."""
    if config.recipe == "upstream":
        return UpstreamPairSampler(tracks, config)
    return MetadataPairSampler(
        tracks, config, tables.get("playlists"), tables.get("related_artists")
    )


def fit(
    tracks: TrainingTracks,
    sampler: PairSampler,
    config: TrainingConfig,
    checkpoint: Checkpoint | None = None,
) -> tuple[EmbeatMLP, dict[str, Any]]:
    """Train a model on the device of ``tracks``; on a CPU, with the same bits every time.

    Args:
        tracks: n tracks on one device.
        sampler: draws batches of their pairs.
        config: all other settings.
        checkpoint: state to resume from, and file to save it to; it changes no result.

    Returns:
        The model, and ``steps``, ``final_loss``, ``validation`` (of the returned weights),
        ``loss`` of every step and ``history`` of the validations.
    """
    validation = Validation(tracks, config.seed)
    training = TrainingState.begin(tracks.artist.device, sampler, config)
    if checkpoint is not None and (state := checkpoint.load(sampler.device)) is not None:
        training.load_state(state)
    with progress("train", config.max_steps, "steps") as advance:
        advance(training.step)
        while training.step < config.max_steps and not training.stopping.is_over:
            training.step += 1
            training.losses.append(train_step(tracks, training))
            advance(note=f"loss {training.losses[-1]:.4f}")
            if training.step % config.validate_every == 0 or training.step == config.max_steps:
                metrics = {"step": training.step, **validation(training.model)}
                training.history.append(metrics)
                training.stopping.update(training.model, metrics)
                if checkpoint is not None:
                    checkpoint.save(training.state_dict())
    if checkpoint is not None:
        checkpoint.remove()
    training.stopping.restore(training.model)
    losses = [round(loss, 6) for loss in training.losses]
    record = {
        "steps": training.step,
        "final_loss": losses[-1],
        "validation": training.stopping.best,
        "loss": losses,
        "history": training.history,
    }
    return training.model.eval(), record


def train_step(tracks: TrainingTracks, training: TrainingState) -> float:
    """Run one step of AdamW on one batch and return its loss."""
    config, sampler, model = training.config, training.sampler, training.model
    pairs = sampler.draw()
    rows = torch.cat([pairs.anchors, pairs.positives])
    inputs = drop_features(
        tracks.discrete[rows], tracks.continuous[rows], config, sampler.generator
    )
    anchors, positives = training.forward(*inputs).chunk(2)
    loss = masked_info_nce(
        anchors,
        positives,
        sampler.relations(pairs),
        config.temperature,
        form="averaged" if config.other_positives == "averaged" else "together",
        hardest_weight=config.hardest_weight,
    )
    for group in training.optimizer.param_groups:
        group["lr"] = learning_rate(config, training.step)
    training.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
    training.optimizer.step()
    return loss.item()


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Return the learning rate of a step; steps count from 1."""
    rate = config.learning_rate * min(1.0, step / max(config.warmup_steps, 1))
    decay = (1 + math.cos(math.pi * (step - 1) / config.max_steps)) / 2
    return rate * decay if config.cosine else rate


def drop_features(
    discrete: Tensor, continuous: Tensor, config: TrainingConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return a batch's inputs with a random share of the features made missing.

    ``feature_dropout`` drops each feature by itself, ``optional_feature_dropout`` all optional
    features of a track together.

    Args:
        discrete: (n, 4).
        continuous: (n, 10 to 13).
        config: the two shares.
        generator: source of all randomness.
    """
    optional = continuous.shape[1] - len(CONTINUOUS + TEMPO)
    count, device = len(discrete), continuous.device

    def uniform(columns: int) -> Tensor:
        return torch.rand((count, columns), generator=generator, device=device)

    if config.feature_dropout:
        dropped = uniform(len(FEATURES) + optional) < config.feature_dropout
        tempo = dropped[:, [FEATURES.index("tempo")] * len(TEMPO)]
        parts = [dropped[:, len(DISCRETE) : len(FEATURES)], tempo, dropped[:, len(FEATURES) :]]
        discrete = discrete.masked_fill(dropped[:, : len(DISCRETE)], 0)
        continuous = continuous.masked_fill(torch.cat(parts, dim=1), torch.nan)
    if optional and config.optional_feature_dropout:
        all_dropped = uniform(1) < config.optional_feature_dropout
        rest = continuous[:, -optional:].masked_fill(all_dropped, torch.nan)
        continuous = torch.cat([continuous[:, :-optional], rest], dim=1)
    return discrete, continuous
