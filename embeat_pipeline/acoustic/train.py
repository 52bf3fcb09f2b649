"""Training of EmbeatMLP: resident tracks -> sampler -> loss -> step."""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from embeat_pipeline.acoustic.checkpoint import Checkpoint, Training
from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.dataset import TrainingTracks, load_training_tracks
from embeat_pipeline.acoustic.export import write_encoder
from embeat_pipeline.acoustic.loss import masked_info_nce
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.pairs.metadata_pairs import MetadataPairSampler
from embeat_pipeline.acoustic.pairs.sampler import PairSampler
from embeat_pipeline.acoustic.pairs.upstream_pairs import SimilarPairs
from embeat_pipeline.acoustic.validation import Validation
from embeat_pipeline.common.device import resolve_device
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_serve.contract.audio_features import CONTINUOUS, DISCRETE, FEATURES, TEMPO
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile


def encoder_path(lake: LakePaths) -> Path:
    """Where the trained encoder lies."""
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
    there = {name: lake.table(name) for name in evidence(config) if lake.table(name).exists()}
    inputs = [lake.table("tracks"), *there.values()]
    key = fingerprint(__name__, settings=asdict(config), inputs=inputs)
    if is_current([output], key):
        return made_metadata(output) | {"unchanged": True}
    started = time.monotonic()
    tracks = load_training_tracks(
        lake.table("tracks"), there.get("artist_genres"), config, resolve_device(device)
    )
    sampler = (
        MetadataPairSampler(tracks, config, there.get("playlists"), there.get("related_artists"))
        if config.recipe == "teachers"
        else SimilarPairs(tracks, config)
    )
    model, record = fit(tracks, sampler, config, Checkpoint(lake.models, key))
    write_encoder(output, model, {"training": asdict(config), **record})
    metadata = record | {
        "tracks": len(tracks),
        "held_out_tracks": int(tracks.held_out.sum()),
        "seconds": round(time.monotonic() - started, 1),
    }
    mark_current([output], key, metadata)
    return metadata


def evidence(config: TrainingConfig) -> list[str]:
    """Tables that say which tracks belong together, besides ``tracks``."""
    if config.recipe == "upstream":
        return ["artist_genres"]
    _, _, playlists, related, genre = config.teacher_weights
    wanted = {
        "playlists": playlists,
        "related_artists": related,
        "artist_genres": genre + config.genre_anchors,
    }
    return [name for name, weight in wanted.items() if weight]


def fit(
    tracks: TrainingTracks,
    sampler: PairSampler,
    config: TrainingConfig,
    checkpoint: Checkpoint | None = None,
) -> tuple[EmbeatMLP, dict[str, Any]]:
    """Train a model on the device of ``tracks``; on the CPU, the same bits every time.

    Args:
        tracks: n tracks on one device.
        sampler: of their pairs.
        config: everything else.
        checkpoint: where to go on from and what to keep on the way; it changes no result.

    Returns:
        The model, and ``steps``, ``final_loss``, ``validation`` (of the weights returned),
        ``loss`` of every step and ``history`` of the validations.
    """
    validation = Validation(tracks, config.seed)
    training = Training.begin(tracks.artist.device, sampler, config)
    if checkpoint is not None:
        checkpoint.restore(training)
    with progress("train", config.max_steps, "steps") as advance:
        advance(training.step)
        while training.step < config.max_steps and not training.stopping.is_over:
            training.step += 1
            training.losses.append(_step(tracks, training))
            advance(note=f"loss {training.losses[-1]:.4f}")
            if training.step % config.validate_every == 0 or training.step == config.max_steps:
                found = {"step": training.step, **validation(training.model)}
                training.history.append(found)
                training.stopping.see(training.model, found)
                if checkpoint is not None:
                    checkpoint.keep(training)
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


def _step(tracks: TrainingTracks, training: Training) -> float:
    """One step of AdamW on one batch; its loss."""
    config, sampler, model = training.config, training.sampler, training.model
    pairs = sampler.draw()
    rows = torch.cat([pairs.anchors, pairs.positives])
    inputs = hide(tracks.discrete[rows], tracks.continuous[rows], config, sampler.generator)
    anchors, positives = training.forward(*inputs).chunk(2)
    form = "averaged" if config.other_positives == "averaged" else "together"
    loss = masked_info_nce(
        anchors,
        positives,
        sampler.relations(pairs),
        config.temperature,
        form,
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
    """Learning rate of a step, which count from 1."""
    rate = config.learning_rate * min(1.0, step / max(config.warmup_steps, 1))
    fall = (1 + math.cos(math.pi * (step - 1) / config.max_steps)) / 2
    return rate * fall if config.cosine else rate


def hide(
    discrete: Tensor, continuous: Tensor, config: TrainingConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Inputs of a batch, (n, 4) and (n, 10 to 13), with a random share of them made missing:
    of all features each by itself, and of the optional ones all of a song's together."""
    optional = continuous.shape[1] - len(CONTINUOUS + TEMPO)
    count, device = len(discrete), continuous.device

    def chance(columns: int) -> Tensor:
        return torch.rand((count, columns), generator=generator, device=device)

    if config.missing_share:
        lost = chance(len(FEATURES) + optional) < config.missing_share
        tempo = lost[:, [FEATURES.index("tempo")] * len(TEMPO)]
        parts = [lost[:, len(DISCRETE) : len(FEATURES)], tempo, lost[:, len(FEATURES) :]]
        discrete = discrete.masked_fill(lost[:, : len(DISCRETE)], 0)
        continuous = continuous.masked_fill(torch.cat(parts, dim=1), torch.nan)
    if optional and config.optional_missing_share:
        alone = chance(1) < config.optional_missing_share
        rest = continuous[:, -optional:].masked_fill(alone, torch.nan)
        continuous = torch.cat([continuous[:, :-optional], rest], dim=1)
    return discrete, continuous
