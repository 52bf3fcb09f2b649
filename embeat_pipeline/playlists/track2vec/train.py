"""Training of the playlist vectors, epoch by epoch: judged, stopped in time, and gone on with."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.device import resolve_device
from embeat_pipeline.common.progress import progress
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.skipgram import GensimSkipGram, Trainer
from embeat_pipeline.playlists.track2vec.skipgram_torch import BatchedSkipGram
from embeat_pipeline.playlists.track2vec.validation import HoldOut, LossProbe

NAME = "track2vec.checkpoint"
History = list[dict[str, float]]


class Checkpoint:
    """The file ``track2vec.checkpoint`` of a folder: the vectors after the last whole epoch.

    Args:
        folder: of the models.
        key: of data, config and code; a checkpoint under another key is not gone on from.
    """

    def __init__(self, folder: Path, key: str):
        self.path, self.key = folder / NAME, key

    def keep(self, state: dict[str, Any]) -> None:
        """Write the state, whole or not at all."""
        with atomic_path(self.path) as scratch:
            torch.save({"key": self.key, "state": state}, scratch)

    def read(self) -> dict[str, Any] | None:
        """The state that was kept last, if it fits."""
        try:
            content = torch.load(self.path, weights_only=True)
            return content["state"] if content["key"] == self.key else None
        # A damaged file is as good as none: PyTorch raises what its unpickler meets.
        except Exception:
            return None

    def remove(self) -> None:
        """Remove the file: the training is done."""
        self.path.unlink(missing_ok=True)


def train(
    held: HoldOut,
    initial: NDArray[np.float32] | None,
    weight: NDArray[np.float32],
    config: Track2VecConfig,
    size: int,
    device: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> tuple[NDArray[np.float32], History]:
    """Train on the corpus ``held.train`` of v words.

    Args:
        held: the corpus, and what judges the vectors.
        initial: (v, size) to start from; None for random ones.
        weight: (v, 1) how much each vector is believed as a candidate.
        config: epochs, patience and so on.
        size: of a vector.
        device: ``auto``, ``cpu`` or ``cuda``; of the trainer ``torch``.
        checkpoint: where to go on from and what to keep on the way; it changes no result.

    Returns:
        Input vectors (v, size) of the best epoch where ``patience`` is set, of the last one
        otherwise; and for the start and each epoch ``epoch``, ``loss`` and, where there is
        anything held out, ``ndcg@20``.
    """
    corpus = held.train
    trainer = make_trainer(corpus, initial, weight, config, size, device)
    probe = LossProbe(corpus, config)

    def judged(epoch: int) -> dict[str, float]:
        vectors, context = trainer.state()
        found = {"epoch": float(epoch), "loss": round(probe(vectors, context), 6)}
        quality = held.ndcg(vectors, weight)
        return found if quality is None else {**found, "ndcg@20": round(quality, 6)}

    state = checkpoint.read() if checkpoint else None
    if state is None:
        history: History = [judged(0)]
        best = trainer.state()[0]
    else:
        history = state["history"]
        trainer.restore(state["vectors"].numpy(), state["context"].numpy())
        best = state["best"].numpy()
    total = len(corpus.words) * config.epochs
    with progress(f"track2vec, {config.trainer}", total, "words") as advance:
        advance(len(corpus.words) * (len(history) - 1), note=note(history[-1]))
        while len(history) <= config.epochs and not is_over(history, config.patience):
            trainer.train_epoch(len(history) - 1, advance)
            history.append(judged(len(history)))
            advance(0, note=note(history[-1]))
            vectors, context = trainer.state()
            if best_epoch(history, config.patience) == len(history) - 1:
                best = vectors
            if checkpoint:
                kept = {"vectors": vectors, "context": context, "best": best}
                tensors = {name: torch.from_numpy(found) for name, found in kept.items()}
                checkpoint.keep({**tensors, "history": history})
    return best, history


def make_trainer(
    corpus: Corpus,
    initial: NDArray[np.float32] | None,
    weight: NDArray[np.float32],
    config: Track2VecConfig,
    size: int,
    device: str = "cpu",
) -> Trainer:
    """The trainer that ``config`` names, before its first epoch; see ``train``."""
    context = None if initial is None else initial * weight
    if config.trainer == "gensim":
        return GensimSkipGram(corpus, initial, context, config, size)
    return BatchedSkipGram(corpus, initial, context, config, size, resolve_device(device))


def best_epoch(history: History, patience: int) -> int:
    """Position of the row with the highest nDCG, the first of equals; else of the last row."""
    if not patience or "ndcg@20" not in history[0]:
        return len(history) - 1
    return int(np.argmax([row["ndcg@20"] for row in history]))


def is_over(history: History, patience: int) -> bool:
    """Whether so many epochs brought nothing better."""
    return patience > 0 and len(history) - 1 - best_epoch(history, patience) >= patience


def note(row: dict[str, float]) -> str:
    """What to show of an epoch."""
    quality = f", nDCG@20 {row['ndcg@20']:.4f}" if "ndcg@20" in row else ""
    return f"epoch {row['epoch']:.0f}, loss {row['loss']:.4f}{quality}"
