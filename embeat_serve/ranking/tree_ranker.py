"""The second stage: score candidates by trees, and say what each channel adds.

The first stage (``scoring``) chooses which candidates are worth reading. The trees see them with
everything that is known of them. ``embeat_pipeline.ranking`` trains the trees on playlists; a
release without them keeps the scores of the first stage.

Trees have learned from candidates of neighbour lists, and guess at what other channels found: alone
they put a few of many such songs too high. The first stage has seen all channels, so a score is the
product of both opinions (a product of experts, Hinton 2002).
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from io import BytesIO
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS, GENRE_VECTOR_SIZE
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.scoring import MAX_BLOCKED_SCORE
from embeat_serve.ranking.tree_ensemble import MAX_LEAVES, TreeEnsemble
from embeat_serve.ranking.tree_features import FEATURE_CHANNELS, FEATURES
from embeat_serve.retrieval.channel import ChannelResult

GROUPS = tuple(EVIDENCE_CHANNELS.index(channel) for channel in FEATURE_CHANNELS.values())
"""Feature -> position in ``EVIDENCE_CHANNELS`` of what it counts for: groups of an ensemble."""

ONE_SEED_EXPONENT, SEVERAL_SEEDS_EXPONENT = 1.0, 0.5
"""Exponents of the first stage's opinion, chosen on validation playlists. The more seeds, the more
neighbour lists there are for trees to compare."""

LEAST_SHARE = 1e-3
"""What a channel that found a track is taken to add at least, so that every reason has a part."""

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading bytes raises that are not those of a ranker."""


@dataclass(frozen=True)
class TreeRanker:
    """Scores by the trees of a release.

    Attributes:
        ensemble: groups are the channels, features are ``tree_features.FEATURES``.
        slope: with ``intercept`` makes a score of the ensemble the logarithm of the odds that a
            playlist that holds the seeds holds the candidate as well (Platt 1999).
        intercept: see ``slope``.
        genre_vectors: (genres, 32) by genre code, which ``tree_features`` reads: 128 bytes a genre,
            so 0.8 MB for 6,000.
    """

    ensemble: TreeEnsemble
    slope: float
    intercept: float
    genre_vectors: NDArray[np.float32]

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: these are not the bytes of a ranker over ``tree_features.FEATURES``.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            numbers = {name: float(arrays.pop(name)) for name in ("base", "slope", "intercept")}
            names = tuple(arrays.pop("names").tolist())
            genre_vectors = arrays.pop("genre_vectors")
            ensemble = TreeEnsemble(base=numbers.pop("base"), **arrays)
        except _UNREADABLE as error:
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None
        if names != FEATURES or ensemble.leaves.shape[2] != len(EVIDENCE_CHANNELS):
            raise ValueError(f"trees over {', '.join(names)}, expected {', '.join(FEATURES)}")
        if genre_vectors.ndim != 2 or genre_vectors.shape[1] != GENRE_VECTOR_SIZE:
            raise ValueError(f"genre vectors of shape {genre_vectors.shape}")
        return cls(ensemble, **numbers, genre_vectors=genre_vectors)

    @classmethod
    def empty(cls) -> Self:
        """A ranker without trees, for a release that keeps the scores of the first stage."""
        nodes = (MAX_LEAVES - 1, 0)
        ensemble = TreeEnsemble(
            np.zeros(nodes, np.int16),
            np.zeros(nodes, np.float32),
            np.zeros(nodes, np.uint16),
            np.zeros((0, MAX_LEAVES, len(EVIDENCE_CHANNELS))),
            0.0,
        )
        return cls(ensemble, 1.0, 0.0, np.zeros((0, GENRE_VECTOR_SIZE), np.float32))

    def to_bytes(self) -> bytes:
        """An uncompressed ``.npz`` file without dates: the same bytes for the same trees."""
        arrays = {
            **{field.name: getattr(self.ensemble, field.name) for field in fields(TreeEnsemble)},
            "slope": self.slope,
            "intercept": self.intercept,
            "genre_vectors": self.genre_vectors,
            "names": np.array(FEATURES),
        }
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, array in arrays.items():
                content = BytesIO()
                np.save(content, np.asarray(array), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
        return buffer.getvalue()

    def rescore(
        self, table: CandidateTable, features: NDArray[np.float32], seeds: int = 1
    ) -> CandidateTable:
        """The candidates with scores by both stages; those that a rule blocks keep theirs.

        A score is the probability by the trees times a power of the score of the first stage, as a
        share of its highest, and above the score of any blocked track. It is split among the
        channels that found the track, in proportion to what their features add.

        Args:
            table: n candidates, scored by the first stage.
            features: (n, 27), see ``tree_features.tree_features``.
            seeds: number of seeds.
        """
        contributions = self.ensemble.contributions(features)
        probabilities = self.probabilities(self.ensemble.base + contributions.sum(axis=1))
        is_free = table.blocked < 0
        first_stage = np.where(is_free, np.maximum(table.scores, 0), 0)
        exponent = ONE_SEED_EXPONENT if seeds == 1 else SEVERAL_SEEDS_EXPONENT
        shares_of_best = first_stage / max(first_stage.max(initial=0), 1e-12)
        opinion = probabilities * shares_of_best**exponent
        scores = MAX_BLOCKED_SCORE + (1 - MAX_BLOCKED_SCORE) * opinion
        shares = table.found * np.maximum(contributions, LEAST_SHARE)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        by_trees = is_free[:, None]
        return replace(
            table,
            channel_scores=np.where(by_trees, scores[:, None] * shares, table.channel_scores),
            metadata_scores=np.where(by_trees, 0.0, table.metadata_scores),
        )

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) probabilities of scores of the ensemble."""
        odds = np.clip(self.slope * scores + self.intercept, -50, 50)
        return 1 / (1 + np.exp(-odds))


def applies(results: Sequence[ChannelResult], *, is_artist: bool) -> bool:
    """Whether the trees rank a request: they have learned from songs that have neighbour lists."""
    return not is_artist and any(one.channel == "playlist" and len(one.ids) > 0 for one in results)
