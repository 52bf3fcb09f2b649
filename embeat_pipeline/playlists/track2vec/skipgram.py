"""Skip-gram with negative sampling (Mikolov et al. 2013), playlists as sentences, by gensim."""

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

    What an epoch does follows from its number, the seed and the state alone.
    """

    def state(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Input and output vectors, each (v, d)."""
        ...

    def restore(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> None:
        """Take over a ``state``."""
        ...

    def train_epoch(self, epoch: int, advance: Advance) -> None:
        """Train epoch 0, 1, 2 ...; ``advance`` is called with words as they are handed out."""
        ...


class Sentences:
    """What gensim iterates over in an epoch: each playlist as a list of words.

    Playlists come in a new order every epoch, and so do their tracks where ``shuffle`` is set;
    both depend on the seed and the epoch alone.
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
    """See ``Trainer``; with one worker the same bits every time.

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
            np.asarray(one[row], np.float32) for one in (model.wv.vectors, model.syn1neg)
        )
        return vectors, context

    def restore(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> None:
        """See ``Trainer``."""
        self._model.wv.vectors[self._row_of_word] = vectors
        self._model.syn1neg[self._row_of_word] = context

    def train_epoch(self, epoch: int, advance: Advance) -> None:
        """See ``Trainer``."""
        # Windows and negatives come from here; gensim goes on with it from epoch to epoch.
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
    """Learning rate after so many epochs: from the first to ``LAST_RATE`` of it, evenly."""
    return config.learning_rate * (1 - (1 - LAST_RATE) * epochs / config.epochs)
