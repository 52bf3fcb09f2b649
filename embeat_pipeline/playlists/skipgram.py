"""Skip-gram with negative sampling (Mikolov et al. 2013) by gensim, playlists as sentences."""

import logging
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.progress import Advance


class Sentences:
    """What gensim iterates over once an epoch: each playlist as a list of words.

    Playlists come in a new order every epoch, and so do their tracks where ``shuffle`` is set;
    both depend on the seed and the epoch alone.
    """

    def __init__(self, corpus: Corpus, shuffle: bool, seed: int, advance: Advance):
        self._corpus, self._shuffle, self._seed, self._advance = corpus, shuffle, seed, advance
        self._epoch = 0

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng((self._seed, self._epoch))
        self._epoch += 1
        offsets, words = self._corpus.offsets, self._corpus.words
        for playlist in random.permutation(len(offsets) - 1):
            sentence = words[offsets[playlist] : offsets[playlist + 1]]
            if self._shuffle:
                sentence = random.permutation(sentence)
            self._advance(len(sentence), note=f"epoch {self._epoch}")
            yield sentence.tolist()


def train_skipgram(
    corpus: Corpus,
    initial: NDArray[np.float32] | None,
    context: NDArray[np.float32] | None,
    config: Track2VecConfig,
    size: int,
    advance: Advance,
) -> NDArray[np.float32]:
    """Train and return the input vectors, (v, size) float32, of any length.

    Args:
        corpus: the playlists.
        initial: (v, size) input vectors to start from; None for random ones.
        context: (v, size) output vectors to start from; None for zeros.
        config: window, negatives, epochs and so on.
        size: dimensions.
        advance: called with the number of words as they are handed out.
    """
    from gensim.models import Word2Vec

    logging.getLogger("gensim").setLevel(logging.ERROR)
    model = Word2Vec(
        vector_size=size,
        sg=1,
        hs=0,
        window=config.window,
        negative=config.negative,
        ns_exponent=config.ns_exponent,
        sample=config.sample,
        min_count=1,
        alpha=config.learning_rate,
        min_alpha=config.learning_rate / 100,
        seed=config.seed,
        workers=config.workers,
        # The default hashes strings, differently in every process; words are numbers here.
        hashfxn=int,
    )
    model.build_vocab_from_freq(dict(enumerate(corpus.counts.tolist())))
    row_of_word = np.argsort(np.asarray(model.wv.index_to_key))
    if initial is not None:
        model.wv.vectors[row_of_word] = initial
    if context is not None:
        model.syn1neg[row_of_word] = context
    model.train(
        Sentences(corpus, config.shuffle, config.seed, advance),
        total_examples=len(corpus.offsets) - 1,
        total_words=len(corpus.words),
        epochs=config.epochs,
    )
    return np.asarray(model.wv.vectors[row_of_word], np.float32)
