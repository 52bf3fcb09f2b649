"""Validate Track2Vec on held-out playlists: rank their other tracks, given five of them."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.playlists import Playlists, mix
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics
from embeat_pipeline.interactions.split import SplitOptions, split_playlists
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus

SEEDS = 5
"""Tracks of a held-out playlist that are given."""
TOP = 20
"""Tracks ranked per playlist."""
MIN_PLAYLISTS = 20
"""Fewest playlists to hold out; a mean over fewer would be chance."""


class ValidationSplit:
    """A corpus without some playlists, and these playlists as queries.

    Playlists that resemble a training playlist are trained on, too, as in the evaluation.

    Attributes:
        training: corpus without the held-out playlists, over at most ``max_tracks`` tracks.
        training_words: its words, as words of the whole corpus.
        queries: held-out playlists; None where there are too few.
        held_out: number of held-out playlists.
    """

    def __init__(self, corpus: Corpus, config: Track2VecConfig):
        matrix = sparse.csr_array(corpus.matrix(np.ones(len(corpus.words), np.float32)))
        matrix.sum_duplicates()
        keys = mix(np.arange(matrix.shape[0], dtype=np.uint64), config.seed)
        playlists = Playlists(keys, matrix)
        options = SplitOptions(
            test_share=0.0,
            validation_share=config.validation_share,
            max_validation=config.max_validation,
            seed=config.seed,
        )
        is_held_out = split_playlists(playlists, options).validation
        self.training, self.training_words = _training_part(corpus, ~is_held_out, config)
        columns = self.training_words.astype(np.intp)
        rows = sparse.csr_array(matrix[np.flatnonzero(is_held_out)][:, columns])
        held_out = Playlists(keys[is_held_out], rows)
        held_out.tracks.data[:] = 1
        self.queries = draw_queries(held_out, SEEDS, config.seed)
        if len(self.queries) < MIN_PLAYLISTS:
            everything = np.ones(len(is_held_out), bool)
            self.training, self.training_words = _training_part(corpus, everything, config)
            self.queries = None
        self.held_out = 0 if self.queries is None else int(is_held_out.sum())

    def ndcg(self, vectors: NDArray[np.float32], weight: NDArray[np.float32]) -> float | None:
        """Return the mean nDCG@20 of vectors (v, d) of the training words; None without queries.

        Candidates are ranked by ``weight`` (v, 1) times the sum of their cosines with the seeds.
        """
        if self.queries is None:
            return None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        weighted = (unit * weight).T
        ranked = np.empty((len(self.queries), min(TOP, len(unit))), np.int64)
        for row, seeds in enumerate(self.queries.seeds):
            scores = unit[seeds].sum(axis=0) @ weighted
            scores[seeds] = -np.inf
            best = np.argpartition(-scores, ranked.shape[1] - 1)[: ranked.shape[1]]
            ranked[row] = best[np.argsort(-scores[best], kind="stable")]
        return float(ranking_metrics(ranked, self.queries.targets)["ndcg@20"].mean())


def _training_part(
    corpus: Corpus, playlists: NDArray[np.bool_], config: Track2VecConfig
) -> tuple[Corpus, NDArray[np.intp]]:
    """Some playlists over the tracks that are trained, and these as words of ``corpus``."""
    chosen, words = corpus.select(playlists)
    training, most_frequent = chosen.most_frequent(config.max_tracks)
    return training, words[most_frequent]


class LossProbe:
    """Exact loss of skip-gram with negative sampling, on pairs that are drawn once.

    The trainers' own losses are sums over weights that change meanwhile, and gensim's has single
    precision. This one is comparable between trainers and between epochs.
    """

    PAIRS = 20_000
    """Pairs drawn."""

    def __init__(self, corpus: Corpus, config: Track2VecConfig):
        random = np.random.default_rng(config.seed)
        entries = random.integers(0, max(len(corpus.words), 1), self.PAIRS)
        playlist = np.searchsorted(corpus.offsets, entries, side="right") - 1
        other = corpus.offsets[playlist] + np.asarray(
            random.random(self.PAIRS) * corpus.lengths[playlist], np.int64
        )
        is_pair = entries != other
        self._words = corpus.words[entries[is_pair]]
        self._contexts = corpus.words[other[is_pair]]
        share = corpus.counts**config.ns_exponent
        shape = (len(self._words), config.negative)
        self._negatives = random.choice(len(corpus.counts), shape, p=share / share.sum())

    def __call__(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> float:
        """Return the mean of -log sigmoid(positive) - sum log sigmoid(-negatives), else 0."""
        if not len(self._words):
            return 0.0
        centres = vectors[self._words]
        positive = np.einsum("nd,nd->n", centres, context[self._contexts])
        negative = np.einsum("nd,nkd->nk", centres, context[self._negatives])
        loss = np.logaddexp(0, -positive) + np.logaddexp(0, negative).sum(axis=1)
        return float(loss.mean())
