"""Skip-gram with negative sampling in PyTorch: many playlists at once, on a CPU or a GPU."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embeat_pipeline.common.progress import Advance
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.skipgram import learning_rate

MAX_ROW_WORDS = 128
"""Most words of a row of a batch; longer playlists are cut."""
BATCH_WORDS = 2_048
"""Words per update of the vectors. Larger batches are faster and learn less."""
SHARED_NEGATIVES = 256
"""Negatives of a batch, shared by all its words: few products of large matrices."""
MAX_STEP = 0.25
"""Largest change of a vector in one batch; its summed gradients may all point the same way."""


class TorchSkipGram:
    """A ``Trainer`` with gensim's loss, summed over a batch before the vectors change.

    A word's positives are those within its window, which is drawn from 1..window. Its negatives
    are those of the batch, drawn by count^ns_exponent, with a total weight of ``negative`` for
    every positive.

    Args:
        corpus: every word occurs.
        initial: (v, d) input vectors to start from; None for random ones.
        context: (v, d) output vectors to start from; None for zeros.
        config: window, negatives, epochs and so on.
        size: d.
        device: where the vectors are.
    """

    def __init__(
        self,
        corpus: Corpus,
        initial: NDArray[np.float32] | None,
        context: NDArray[np.float32] | None,
        *,
        config: Track2VecConfig,
        size: int,
        device: torch.device,
    ):
        self._corpus, self._config, self._device = corpus, config, device
        shape = (len(corpus.counts), size)
        if initial is None:
            random = np.random.default_rng(config.seed)
            initial = ((random.random(shape) - 0.5) / size).astype(np.float32)
        self.restore(initial, np.zeros(shape, np.float32) if context is None else context)
        share = np.cumsum(corpus.counts.astype(np.float64) ** config.ns_exponent)
        self._negatives = share / share[-1]
        # word2vec's subsampling: frequent words are kept with this probability.
        frequency = corpus.counts / max(corpus.counts.sum() * config.sample, 1e-12)
        self._keep = (np.sqrt(frequency) + 1) / frequency if config.sample else None

    def state(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See ``Trainer``."""
        return self._vectors.cpu().numpy().copy(), self._context.cpu().numpy().copy()

    def restore(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> None:
        """See ``Trainer``."""
        self._vectors, self._context = (
            torch.tensor(one, dtype=torch.float32, device=self._device)
            for one in (vectors, context)
        )

    def train_epoch(self, epoch: int, advance: Advance) -> None:
        """See ``Trainer``."""
        random = np.random.default_rng((self._config.seed, epoch))
        words, offsets = self._rows(random)
        lengths = np.diff(offsets)
        # Rows of equal length leave no gaps in a batch; batches come in random order.
        order = random.permutation(len(lengths))
        order = order[np.argsort(lengths[order], kind="stable")]
        ends = np.cumsum(lengths[order])
        cuts = np.searchsorted(ends, np.arange(BATCH_WORDS, ends[-1:].sum(), BATCH_WORDS))
        batches = [batch for batch in np.split(order, np.unique(cuts)) if len(batch)]
        scale = len(self._corpus.words) / max(len(words), 1)
        reported = 0
        for done, position in enumerate(random.permutation(len(batches))):
            rate = learning_rate(self._config, epoch + done / len(batches))
            self._step(*pad_rows(words, offsets, batches[position]), rate, random)
            advance(int(scale * lengths[batches[position]].sum()))
            reported += int(scale * lengths[batches[position]].sum())
        advance(len(self._corpus.words) - reported)

    def _rows(self, random: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the epoch's words, subsampled and shuffled, and the offsets of their rows."""
        corpus = self._corpus
        playlist = np.repeat(np.arange(len(corpus.lengths)), corpus.lengths)
        words = corpus.words
        if self._keep is not None:
            kept = random.random(len(words)) < self._keep[words]
            playlist, words = playlist[kept], words[kept]
        if self._config.shuffle:
            words = words[np.lexsort((random.random(len(words)), playlist))]
        first = np.searchsorted(playlist, playlist)
        starts = (np.arange(len(words)) - first) % MAX_ROW_WORDS == 0
        return words, np.append(np.flatnonzero(starts), len(words))

    def _step(
        self, words: Tensor, is_word: Tensor, rate: float, random: np.random.Generator
    ) -> None:
        """Train on one batch: ``words`` (b, n), valid where ``is_word`` (b, n)."""
        config, device = self._config, self._device
        size = self._vectors.shape[1]
        words, is_word = words.to(device), is_word.to(device)
        windows = torch.as_tensor(random.integers(1, config.window + 1, words.shape))
        positions = torch.arange(words.shape[1], device=device)
        distance = (positions[:, None] - positions[None, :]).abs()
        # Row i holds what is predicted from i: j where i is within the window of j.
        pairs = (distance <= windows.to(device)[:, None, :]) & (distance > 0)
        pairs &= is_word[:, :, None] & is_word[:, None, :]
        centres, contexts = self._vectors[words], self._context[words]
        error = (torch.sigmoid(centres @ contexts.transpose(1, 2)) - 1) * pairs
        number = pairs.sum(dim=2, dtype=torch.float32)

        draws = np.searchsorted(self._negatives, random.random(SHARED_NEGATIVES))
        negatives = torch.as_tensor(draws.clip(max=len(self._vectors) - 1), device=device)
        negative_vectors = self._context[negatives]
        share = number[:, :, None] * (config.negative / SHARED_NEGATIVES)
        noise = torch.sigmoid(centres @ negative_vectors.T) * share

        centre_gradient = error @ contexts + noise @ negative_vectors
        context_gradient = error.transpose(1, 2) @ centres
        negative_gradient = noise.flatten(0, 1).T @ centres.flatten(0, 1)
        flat = words.flatten()
        descend(self._vectors, flat, centre_gradient.view(-1, size), rate)
        descend(
            self._context,
            torch.cat([flat, negatives]),
            torch.cat([context_gradient.reshape(-1, size), negative_gradient]),
            rate,
        )


def pad_rows(
    words: NDArray[np.int32], offsets: NDArray[np.int64], rows: NDArray[np.intp]
) -> tuple[Tensor, Tensor]:
    """Return the words of some rows as (b, n), and a mask (b, n) of valid positions."""
    lengths = offsets[rows + 1] - offsets[rows]
    positions = np.arange(lengths.max(initial=0))
    is_word = positions < lengths[:, None]
    padded_words = words[np.where(is_word, offsets[rows][:, None] + positions, 0)]
    filled = np.where(is_word, padded_words, 0).astype(np.int64)
    return torch.as_tensor(filled), torch.as_tensor(is_word)


def descend(table: Tensor, rows: Tensor, gradients: Tensor, rate: float) -> None:
    """Subtract gradients (n, d) of ``rows`` (n,) from a table, at most ``MAX_STEP`` per row."""
    unique, place = torch.unique(rows, return_inverse=True)
    step = torch.zeros((len(unique), table.shape[1]), device=table.device)
    step.index_add_(0, place, gradients, alpha=-rate)
    lengths = step.norm(dim=1, keepdim=True).clamp_min(MAX_STEP)
    table[unique] += step * (MAX_STEP / lengths)
