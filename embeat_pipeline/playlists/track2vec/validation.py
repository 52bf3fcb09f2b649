"""Playlists that vectors are judged by as they are trained: their other tracks, from five."""

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
BEST = 20
FEWEST = 20
"""Playlists without which nothing is held out: their mean would be chance."""


class HoldOut:
    """Splits a corpus, and asks vectors for what the held-out playlists hold.

    Playlists that resemble one that is trained on are trained on, too, as in the evaluation.
    """

    def __init__(self, corpus: Corpus, config: Track2VecConfig):
        every = sparse.csr_array(corpus.matrix(np.ones(len(corpus.words), np.float32)))
        every.sum_duplicates()
        keys = mix(np.arange(every.shape[0], dtype=np.uint64), config.seed)
        playlists = Playlists(keys, every)
        options = SplitOptions(
            test_share=0.0,
            validation_share=config.validation_share,
            max_validation=config.max_validation,
            seed=config.seed,
        )
        held = split_playlists(playlists, options).validation
        self.train, self.kept = corpus.select(~held)
        columns = self.kept.astype(np.intp)
        asked = Playlists(keys[held], sparse.csr_array(every[np.flatnonzero(held)][:, columns]))
        asked.tracks.data[:] = 1
        self.queries = draw_queries(asked, SEEDS, config.seed)
        if len(self.queries) < FEWEST:
            self.train, self.kept = corpus.select(np.ones(len(held), bool))
            self.queries = None
        self.playlists = 0 if self.queries is None else int(held.sum())

    def ndcg(self, vectors: NDArray[np.float32], weight: NDArray[np.float32]) -> float | None:
        """Mean nDCG@20 of unit vectors of the words of ``train``, (v, d); None: nothing asked.

        Candidates are ranked by ``weight`` (v, 1) times the sum of their cosines with the seeds.
        """
        if self.queries is None:
            return None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        believed = (unit * weight).T
        ranked = np.empty((len(self.queries), min(BEST, len(unit))), np.int64)
        for row, seeds in enumerate(self.queries.seeds):
            scores = unit[seeds].sum(axis=0) @ believed
            scores[seeds] = -np.inf
            best = np.argpartition(-scores, ranked.shape[1] - 1)[: ranked.shape[1]]
            ranked[row] = best[np.argsort(-scores[best], kind="stable")]
        return float(ranking_metrics(ranked, self.queries.targets)["ndcg@20"].mean())


class LossProbe:
    """The loss of skip-gram with negative sampling, exact, on pairs drawn once.

    Trainers sum up losses of weights that change meanwhile, gensim in single precision; this is
    the same number for both, and falls only where the vectors get better.
    """

    PAIRS = 20_000

    def __init__(self, corpus: Corpus, config: Track2VecConfig):
        random = np.random.default_rng(config.seed)
        entries = random.integers(0, max(len(corpus.words), 1), self.PAIRS)
        playlist = np.searchsorted(corpus.offsets, entries, side="right") - 1
        other = corpus.offsets[playlist] + np.asarray(
            random.random(self.PAIRS) * corpus.lengths[playlist], np.int64
        )
        apart = entries != other
        self._words = corpus.words[entries[apart]]
        self._contexts = corpus.words[other[apart]]
        share = corpus.counts**config.ns_exponent
        shape = (len(self._words), config.negative)
        self._negatives = random.choice(len(corpus.counts), shape, p=share / share.sum())

    def __call__(self, vectors: NDArray[np.float32], context: NDArray[np.float32]) -> float:
        """Mean of -log sigmoid(positive) - sum log sigmoid(-negatives), 0 where no pair is."""
        if not len(self._words):
            return 0.0
        given = vectors[self._words]
        positive = np.einsum("nd,nd->n", given, context[self._contexts])
        negative = np.einsum("nd,nkd->nk", given, context[self._negatives])
        loss = np.logaddexp(0, -positive) + np.logaddexp(0, negative).sum(axis=1)
        return float(loss.mean())
