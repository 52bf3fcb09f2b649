"""Train the playlist vectors epoch by epoch, with validation, early stopping and checkpoints."""

import numpy as np
import torch
from numpy.typing import NDArray

from embeat_pipeline.common.device import resolve_device
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.training_state import Checkpoint
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.skipgram import GensimSkipGram, Trainer
from embeat_pipeline.playlists.track2vec.skipgram_torch import TorchSkipGram
from embeat_pipeline.playlists.track2vec.validation import LossProbe, ValidationSplit

CHECKPOINT = "track2vec.checkpoint"
"""Name of the file that keeps an interrupted training."""

History = list[dict[str, float]]
"""One row for the start and one per epoch: ``epoch``, ``loss`` and, if validated, ``ndcg@20``."""


def train(
    split: ValidationSplit,
    initial: NDArray[np.float32] | None,
    weight: NDArray[np.float32],
    *,
    config: Track2VecConfig,
    size: int,
    device: str = "auto",
    checkpoint: Checkpoint | None = None,
) -> tuple[NDArray[np.float32], History]:
    """Train on the corpus ``split.training`` of v words, validating every epoch.

    Args:
        split: corpus to train on, and playlists to validate with.
        initial: (v, size) vectors to start from; None for random ones.
        weight: (v, 1) weight of each vector as a candidate.
        config: epochs, patience and so on.
        size: dimensions of a vector.
        device: ``auto``, ``cpu`` or ``cuda``, for the trainer ``torch``.
        checkpoint: state to resume from, and file to save it to; it changes no result.

    Returns:
        Input vectors (v, size), of the best epoch where ``patience`` is set, else of the last; and
        the history.
    """
    corpus = split.training
    trainer = make_trainer(corpus, initial, weight, config=config, size=size, device=device)
    probe = LossProbe(corpus, config)

    def evaluate(epoch: int) -> dict[str, float]:
        vectors, context = trainer.state()
        row = {"epoch": float(epoch), "loss": round(probe(vectors, context), 6)}
        ndcg = split.ndcg(vectors, weight)
        return row if ndcg is None else {**row, "ndcg@20": round(ndcg, 6)}

    state = checkpoint.load() if checkpoint else None
    if state is None:
        history: History = [evaluate(0)]
        best = trainer.state()[0]
    else:
        history = state["history"]
        trainer.restore(state["vectors"].numpy(), state["context"].numpy())
        best = state["best"].numpy()
    total = len(corpus.words) * config.epochs
    with progress(f"track2vec, {config.trainer}", total, "words") as advance:
        advance(len(corpus.words) * (len(history) - 1), note=describe(history[-1]))
        while len(history) <= config.epochs and not is_over(history, config.patience):
            trainer.train_epoch(len(history) - 1, advance)
            history.append(evaluate(len(history)))
            advance(0, note=describe(history[-1]))
            vectors, context = trainer.state()
            if best_epoch(history, config.patience) == len(history) - 1:
                best = vectors
            if checkpoint:
                arrays = {"vectors": vectors, "context": context, "best": best}
                tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
                checkpoint.save({**tensors, "history": history})
    return best, history


def make_trainer(
    corpus: Corpus,
    initial: NDArray[np.float32] | None,
    weight: NDArray[np.float32],
    *,
    config: Track2VecConfig,
    size: int,
    device: str = "cpu",
) -> Trainer:
    """Return the trainer that ``config`` names, before its first epoch; see ``train``."""
    context = None if initial is None else initial * weight
    if config.trainer == "gensim":
        return GensimSkipGram(corpus, initial, context, config, size)
    return TorchSkipGram(
        corpus, initial, context, config=config, size=size, device=resolve_device(device)
    )


def best_epoch(history: History, patience: int) -> int:
    """Return the index of the row with the highest nDCG, the first of equals; else the last row."""
    if not patience or "ndcg@20" not in history[0]:
        return len(history) - 1
    return int(np.argmax([row["ndcg@20"] for row in history]))


def is_over(history: History, patience: int) -> bool:
    """Return whether the last ``patience`` epochs brought no better nDCG."""
    return patience > 0 and len(history) - 1 - best_epoch(history, patience) >= patience


def describe(row: dict[str, float]) -> str:
    """Return what the progress shows of an epoch."""
    ndcg = f", nDCG@20 {row['ndcg@20']:.4f}" if "ndcg@20" in row else ""
    return f"epoch {row['epoch']:.0f}, loss {row['loss']:.4f}{ndcg}"
