"""Skip-gram in PyTorch: many playlists at once, on the CPU or a GPU."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embeat_pipeline.common.progress import Advance
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.skipgram import learning_rate

LONGEST = 128
"""Words of a row of a batch; longer playlists are cut."""
BATCH_WORDS = 2_048
"""Words trained on between two changes of the vectors. More are faster and learn less."""
SHARED_NEGATIVES = 256
"""Negatives of a batch, for all its words together: few products of large matrices."""
LONGEST_STEP = 0.25
"""Of one vector in one batch: its gradients are summed up, and may point all one way."""


class BatchedSkipGram:
    """See ``Trainer``. The loss is gensim's, summed over a batch before anything changes.

    A word's positives are those within its window, which is drawn from 1..window; its negatives
    are the batch's, drawn by count^ns_exponent, and weigh ``negative`` for every positive.

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
        # Rows of like length waste no place in a batch; batches come in any order.
        order = random.permutation(len(lengths))
        order = order[np.argsort(lengths[order], kind="stable")]
        ends = np.cumsum(lengths[order])
        cuts = np.searchsorted(ends, np.arange(BATCH_WORDS, ends[-1:].sum(), BATCH_WORDS))
        batches = [batch for batch in np.split(order, np.unique(cuts)) if len(batch)]
        scale = len(self._corpus.words) / max(len(words), 1)
        told = 0
        for done, place in enumerate(random.permutation(len(batches))):
            rate = learning_rate(self._config, epoch + done / len(batches))
            self._step(*padded(words, offsets, batches[place]), rate, random)
            advance(int(scale * lengths[batches[place]].sum()))
            told += int(scale * lengths[batches[place]].sum())
        advance(len(self._corpus.words) - told)

    def _rows(self, random: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Words of the epoch, thinned out and shuffled, and where rows of them start."""
        corpus = self._corpus
        playlist = np.repeat(np.arange(len(corpus.lengths)), corpus.lengths)
        words = corpus.words
        if self._keep is not None:
            kept = random.random(len(words)) < self._keep[words]
            playlist, words = playlist[kept], words[kept]
        if self._config.shuffle:
            words = words[np.lexsort((random.random(len(words)), playlist))]
        first = np.searchsorted(playlist, playlist)
        starts = (np.arange(len(words)) - first) % LONGEST == 0
        return words, np.append(np.flatnonzero(starts), len(words))

    def _step(self, words: Tensor, there: Tensor, rate: float, random: np.random.Generator) -> None:
        """One batch: ``words`` (b, n), of which ``there`` (b, n) tells the places that count."""
        config, device = self._config, self._device
        size = self._vectors.shape[1]
        words, there = words.to(device), there.to(device)
        reduced = torch.as_tensor(random.integers(1, config.window + 1, words.shape))
        places = torch.arange(words.shape[1], device=device)
        apart = (places[:, None] - places[None, :]).abs()
        # Row i holds what is predicted from i: j where i is within the window of j.
        pairs = (apart <= reduced.to(device)[:, None, :]) & (apart > 0)
        pairs &= there[:, :, None] & there[:, None, :]
        given, asked = self._vectors[words], self._context[words]
        error = (torch.sigmoid(given @ asked.transpose(1, 2)) - 1) * pairs
        number = pairs.sum(dim=2, dtype=torch.float32)

        drawn = np.searchsorted(self._negatives, random.random(SHARED_NEGATIVES))
        wrong = torch.as_tensor(drawn.clip(max=len(self._vectors) - 1), device=device)
        against = self._context[wrong]
        share = number[:, :, None] * (config.negative / SHARED_NEGATIVES)
        noise = torch.sigmoid(given @ against.T) * share

        to_given = error @ asked + noise @ against
        to_asked = error.transpose(1, 2) @ given
        to_wrong = noise.flatten(0, 1).T @ given.flatten(0, 1)
        flat = words.flatten()
        descend(self._vectors, flat, to_given.view(-1, size), rate)
        descend(
            self._context,
            torch.cat([flat, wrong]),
            torch.cat([to_asked.reshape(-1, size), to_wrong]),
            rate,
        )


def padded(
    words: NDArray[np.int32], offsets: NDArray[np.int64], rows: NDArray[np.intp]
) -> tuple[Tensor, Tensor]:
    """Words of some rows as (b, n), and which of those places hold one."""
    lengths = offsets[rows + 1] - offsets[rows]
    places = np.arange(lengths.max(initial=0))
    there = places < lengths[:, None]
    found = words[np.where(there, offsets[rows][:, None] + places, 0)]
    return torch.as_tensor(np.where(there, found, 0).astype(np.int64)), torch.as_tensor(there)


def descend(table: Tensor, rows: Tensor, gradients: Tensor, rate: float) -> None:
    """Take gradients (n, d) of ``rows`` (n,) off a table, in one step a row, none too long."""
    unique, place = torch.unique(rows, return_inverse=True)
    step = torch.zeros((len(unique), table.shape[1]), device=table.device)
    step.index_add_(0, place, gradients, alpha=-rate)
    lengths = step.norm(dim=1, keepdim=True).clamp_min(LONGEST_STEP)
    table[unique] += step * (LONGEST_STEP / lengths)
