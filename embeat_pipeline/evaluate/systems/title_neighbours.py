"""Opponents of lists for a title: the most popular tracks, and tracks of playlists of like names.

Playlists of like names are to titles what item-kNN is to seeds. Names are compared by the cosine of
tf-idf vectors, over words, over character n-grams within words, or over those across words. A
track scores the sum over the training playlists that hold it of ``similarity ** a * length ** -b``.
All of this is tuned on validation playlists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.inputs.playlist_names import NamedPlaylists
from embeat_pipeline.evaluate.systems.base import BLOCK_SCORES, top_columns, tracks_in_playlists
from embeat_pipeline.interactions.ranking_metrics import PADDING, ranking_metrics
from embeat_serve.contract.title_terms import title_text

POPULAR = "most popular"
ANALYSERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "words": {"analyzer": "word", "token_pattern": r"\S+"},
        "n-grams in words": {"analyzer": "char_wb", "ngram_range": (2, 5)},
        "n-grams across words": {"analyzer": "char", "ngram_range": (2, 6)},
    }
)
"""How names are cut into terms: name -> options of ``TfidfVectorizer``."""
SIMILARITY_EXPONENTS = (0.5, 1.0, 2.0)
LENGTH_EXPONENTS = (0.0, 0.125, 0.25, 0.5)
MAX_NEIGHBOURS = 500
"""Playlists of like names that count for one name: those most alike. All of 4,063 playlists do no
better, however names are compared."""
MAX_VALIDATION = 1_000
"""Validation playlists that options are chosen on."""
FALLBACK = 1e-6
"""Score of the most popular track, so that popularity orders what names say nothing of."""
NAME_BLOCK = 256
"""Names that are compared with all training names at a time."""


@dataclass(frozen=True)
class TitleOptions:
    """Options of playlists of like names."""

    terms: str
    """A key of ``ANALYSERS``."""
    similarity: float
    """Exponent of the similarity of names."""
    length: float
    """Exponent of the length of a playlist, by which its tracks count less."""


@dataclass(frozen=True)
class TitleOpponent:
    """The opponent that is best on validation playlists."""

    options: TitleOptions | None
    """None: the most popular tracks."""
    validation: Mapping[str, float]
    """Kind of opponent, ``POPULAR`` or a key of ``ANALYSERS`` -> the mean nDCG@20 that its best
    options reach on validation playlists; empty where there are none."""

    @property
    def name(self) -> str:
        """Name for the report."""
        return POPULAR if self.options is None else f"playlists of like names: {self.options.terms}"


class TitleNeighbours:
    """Rank tracks by the training playlists whose names are alike.

    Args:
        train: training playlists.
        terms: a key of ``ANALYSERS``; None ranks by popularity alone.
    """

    def __init__(self, train: NamedPlaylists, terms: str | None):
        from sklearn.feature_extraction.text import TfidfVectorizer

        tracks = train.playlists.tracks
        self._vocabulary = tracks_in_playlists(tracks)
        self._tracks = sparse.csr_array(tracks[:, self._vocabulary])
        self._sizes = np.maximum(train.playlists.sizes, 1).astype(np.float64)
        popularity = train.playlists.frequency()[self._vocabulary]
        self._fallback = (FALLBACK * popularity / max(popularity.max(initial=0), 1)).astype(
            np.float32
        )
        self._vectors = None
        if terms is not None and _texts(train.names).any():
            self._vectors = TfidfVectorizer(
                preprocessor=title_text, sublinear_tf=True, **ANALYSERS[terms]
            )
            known: Any = self._vectors.fit_transform(train.names.to_list())
            self._known = sparse.csr_array(known)

    def similarities(self, names: pl.Series) -> sparse.csr_array:
        """(n, training playlists) cosine of names, of the ``MAX_NEIGHBOURS`` most alike."""
        shape = (len(names), len(self._sizes))
        if self._vectors is None or not len(names):
            return sparse.csr_array(shape, dtype=np.float64)
        terms: Any = self._vectors.transform(names.to_list())
        transposed = self._known.T.tocsr()
        blocks = [
            _most_alike(sparse.csr_array(terms[start : start + NAME_BLOCK] @ transposed))
            for start in range(0, len(names), NAME_BLOCK)
        ]
        return sparse.csr_array(sparse.vstack(blocks, format="csr"))

    def rank(
        self, similarities: sparse.csr_array, similarity: float, length: float, k: int
    ) -> NDArray[np.int64]:
        """Rank the tracks of playlists.

        Args:
            similarities: of ``similarities``.
            similarity: see ``TitleOptions``.
            length: see ``TitleOptions``.
            k: length of the lists.

        Returns:
            (n, k) track codes, best first, ``PADDING`` where there are fewer tracks.
        """
        count, width = similarities.shape[0], len(self._vocabulary)
        ranked = np.full((count, k), PADDING, np.int64)
        weights = similarities.data**similarity * self._sizes[similarities.indices] ** -length
        alike = sparse.csr_array(
            (weights.astype(np.float32), similarities.indices, similarities.indptr),
            shape=similarities.shape,
        )
        block = max(1, BLOCK_SCORES // max(width, 1))
        for start in range(0, count if width else 0, block):
            of_names = sparse.csr_array(alike[start : start + block] @ self._tracks)
            top = top_columns(of_names.toarray() + self._fallback, k)
            ranked[start : start + block, : top.shape[1]] = self._vocabulary[top]
        return ranked


def tune_opponent(train: NamedPlaylists, validation: NamedPlaylists) -> TitleOpponent:
    """Choose the opponent with the highest mean nDCG@20 on named validation playlists.

    Without any, or without names of training playlists, it is the most popular tracks.
    """
    rows = np.flatnonzero(validation.is_named & (validation.playlists.sizes > 0))
    validation = validation.select(rows[:MAX_VALIDATION])
    if not len(validation):
        return TitleOpponent(None, {})
    reached = dict(_qualities(train, validation))
    best: dict[str, float] = {}
    for options, quality in reached.items():
        name = POPULAR if options is None else options.terms
        best[name] = max(best.get(name, 0.0), quality)
    return TitleOpponent(max(reached, key=lambda options: reached[options]), best)


def rank_titles(
    opponent: TitleOpponent, train: NamedPlaylists, names: pl.Series, k: int
) -> NDArray[np.int64]:
    """(n, k) track codes that an opponent lists for names, best first; see ``rank``."""
    options = opponent.options or TitleOptions("", 1.0, 0.0)
    neighbours = TitleNeighbours(train, options.terms or None)
    alike = neighbours.similarities(names)
    return neighbours.rank(alike, options.similarity, options.length, k)


def _qualities(
    train: NamedPlaylists, validation: NamedPlaylists
) -> Iterator[tuple[TitleOptions | None, float]]:
    targets, names = validation.playlists.tracks, validation.names

    def quality(neighbours: TitleNeighbours, alike: sparse.csr_array, *exponents: float) -> float:
        ranked = neighbours.rank(alike, *exponents, k=20)
        return float(ranking_metrics(ranked, targets)["ndcg@20"].mean())

    popular = TitleNeighbours(train, None)
    yield None, quality(popular, popular.similarities(names), 1.0, 0.0)
    if not _texts(train.names).any():
        return
    for terms in ANALYSERS:
        neighbours = TitleNeighbours(train, terms)
        alike = neighbours.similarities(names)
        for exponents in product(SIMILARITY_EXPONENTS, LENGTH_EXPONENTS):
            yield TitleOptions(terms, *exponents), quality(neighbours, alike, *exponents)


def _texts(names: pl.Series) -> NDArray[np.bool_]:
    """(n,) whether a name has a term."""
    return np.array([bool(title_text(name).strip()) for name in names.unique()], bool)


def _most_alike(similarities: sparse.csr_array) -> sparse.csr_array:
    """The ``MAX_NEIGHBOURS`` largest values of each row; of equal ones the first."""
    sizes = np.diff(similarities.indptr)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((similarities.indices, -similarities.data, rows))
    order = order[np.arange(len(rows)) - similarities.indptr[rows] < MAX_NEIGHBOURS]
    entries = (similarities.data[order], (rows[order], similarities.indices[order]))
    return sparse.csr_array(entries, shape=similarities.shape)
