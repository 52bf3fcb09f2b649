"""Skip-gram with negative sampling over playlists, by gensim (Mikolov et al. 2013)."""

import logging
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.common.progress import Advance
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus

LAST_RATE = 0.01
"""Learning rate at the end of the last epoch, as a share of the first."""


class Trainer(Protocol):
    """Skip-gram over a corpus of v words, an epoch at a time.

    The result of an epoch depends only on its number, the seed and the state.
    """

    def state(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return input and output vectors, each (v, d)."""
        ...

    def restore(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> None:
        """Continue from a result of ``state``."""
        ...

    def train_epoch(self, epoch: int, advance: Advance) -> None:
        """Train epoch 0, 1, 2, ...; ``advance`` is called with the number of words used."""
        ...


class Sentences:
    """The playlists as sentences of words, for one epoch of gensim.

    Playlists come in a new order every epoch, and so do their tracks if ``shuffle`` is set. Both
    orders depend only on the seed and the epoch.
    """

    def __init__(self, corpus: Corpus, config: Track2VecConfig, epoch: int, advance: Advance):
        self._corpus, self._config, self._epoch = corpus, config, epoch
        self._advance = advance

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng((self._config.seed, self._epoch))
        offsets, words = self._corpus.offsets, self._corpus.words
        for playlist in random.permutation(len(offsets) - 1):
            sentence = words[offsets[playlist] : offsets[playlist + 1]]
            if self._config.shuffle:
                sentence = random.permutation(sentence)
            self._advance(len(sentence))
            yield sentence.tolist()


class GensimSkipGram:
    """A ``Trainer`` that uses gensim; with one worker it gives the same bits every time.

    Args:
        corpus: every word occurs.
        initial: (v, d) input vectors to start from; None for random ones.
        context: (v, d) output vectors to start from; None for zeros.
        config: window, negatives, epochs and so on.
        size: d.
    """

    def __init__(
        self,
        corpus: Corpus,
        initial: NDArray[np.float32] | None,
        context: NDArray[np.float32] | None,
        config: Track2VecConfig,
        size: int,
    ):
        from gensim.models import Word2Vec

        logging.getLogger("gensim").setLevel(logging.ERROR)
        self._corpus, self._config = corpus, config
        self._model = Word2Vec(
            vector_size=size,
            sg=1,
            hs=0,
            window=config.window,
            negative=config.negative,
            ns_exponent=config.ns_exponent,
            sample=config.sample,
            min_count=1,
            alpha=config.learning_rate,
            min_alpha=config.learning_rate * LAST_RATE,
            seed=config.seed,
            workers=config.workers,
            # The default hashes strings, differently in every process; words are numbers here.
            hashfxn=int,
        )
        self._model.build_vocab_from_freq(dict(enumerate(corpus.counts.tolist())))
        self._row_of_word = np.argsort(np.asarray(self._model.wv.index_to_key))
        vectors, zeros = self.state()
        self.restore(vectors if initial is None else initial, zeros if context is None else context)

    def state(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See ``Trainer``."""
        model, row = self._model, self._row_of_word
        vectors, context = (
            np.asarray(array[row], np.float32) for array in (model.wv.vectors, model.syn1neg)
        )
        return vectors, context

    def restore(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> None:
        """See ``Trainer``."""
        self._model.wv.vectors[self._row_of_word] = vectors
        self._model.syn1neg[self._row_of_word] = context

    def train_epoch(self, epoch: int, advance: Advance) -> None:
        """See ``Trainer``."""
        # Windows and negatives are drawn from it; gensim would continue it from epoch to epoch.
        self._model.random = np.random.RandomState((self._config.seed + epoch) % 2**32)
        self._model.train(
            Sentences(self._corpus, self._config, epoch, advance),
            total_examples=len(self._corpus.offsets) - 1,
            total_words=len(self._corpus.words),
            epochs=1,
            start_alpha=learning_rate(self._config, epoch),
            end_alpha=learning_rate(self._config, epoch + 1),
        )


def learning_rate(config: Track2VecConfig, epochs: float) -> float:
    """Return the learning rate after so many epochs; it falls linearly to ``LAST_RATE``."""
    return config.learning_rate * (1 - (1 - LAST_RATE) * epochs / config.epochs)
