"""The second stage: score candidates by trees, and say what each channel adds.

The first stage (``scoring``) chooses which candidates are worth reading. The trees see them with
everything that is known of them. ``embeat_pipeline.ranking`` trains the trees on playlists; a
release without them keeps the scores of the first stage.

Trees have learned from candidates of neighbour lists, and guess at what other channels found: alone
they put a few of many such songs too high. The first stage has seen all channels, so a score is the
product of both opinions (a product of experts, Hinton 2002).
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from io import BytesIO
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS, GENRE_VECTOR_SIZE, TITLE_CHANNEL
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.scoring import MAX_BLOCKED_SCORE
from embeat_serve.ranking.title_features import TITLE_FEATURES
from embeat_serve.ranking.tree_ensemble import MAX_LEAVES, TreeEnsemble
from embeat_serve.ranking.tree_features import FEATURE_CHANNELS, FEATURES
from embeat_serve.retrieval.channel import ChannelResult

FEATURES_WITH_TITLE = FEATURES + TITLE_FEATURES
"""What the trees see that are asked with a title."""

GROUPS = tuple(
    EVIDENCE_CHANNELS.index(FEATURE_CHANNELS.get(name, TITLE_CHANNEL))
    for name in FEATURES_WITH_TITLE
)
"""Feature -> position in ``EVIDENCE_CHANNELS`` of what it counts for: groups of an ensemble."""

ONE_SEED_EXPONENT, SEVERAL_SEEDS_EXPONENT = 1.0, 0.5
"""Exponents of the first stage's opinion, chosen on validation playlists. The more seeds, the more
neighbour lists there are for trees to compare."""

LEAST_SHARE = 1e-3
"""What a channel that found a track is taken to add at least, so that every reason has a part."""

_TITLE_PREFIX = "title_"

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading bytes raises that are not those of a ranker."""


def no_trees() -> TreeEnsemble:
    """An ensemble under which all candidates score 0."""
    nodes = (MAX_LEAVES - 1, 0)
    return TreeEnsemble(
        np.zeros(nodes, np.int16),
        np.zeros(nodes, np.float32),
        np.zeros(nodes, np.uint16),
        np.zeros((0, MAX_LEAVES, len(EVIDENCE_CHANNELS))),
        0.0,
    )


@dataclass(frozen=True)
class CalibratedTrees:
    """Trees, and what their scores mean.

    Attributes:
        ensemble: groups are the channels.
        slope: with ``intercept`` makes a score of the ensemble the logarithm of the odds that a
            playlist that holds the seeds holds the candidate as well (Platt 1999).
        intercept: see ``slope``.
    """

    ensemble: TreeEnsemble = field(default_factory=no_trees)
    slope: float = 1.0
    intercept: float = 0.0

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) probabilities of scores."""
        odds = np.clip(self.slope * scores + self.intercept, -50, 50)
        return 1 / (1 + np.exp(-odds))

    def arrays(self) -> dict[str, NDArray[np.generic] | float]:
        """What ``from_arrays`` reads."""
        of_trees = {one.name: getattr(self.ensemble, one.name) for one in fields(TreeEnsemble)}
        return {**of_trees, "slope": self.slope, "intercept": self.intercept}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], prefix: str = "") -> Self:
        """Read what ``arrays`` gave, each name after a prefix; see ``TreeEnsemble`` for errors."""
        of_trees: dict[str, Any] = {
            one.name: arrays[prefix + one.name] for one in fields(TreeEnsemble)
        }
        of_trees["base"] = float(of_trees["base"])
        numbers = (float(arrays[prefix + name]) for name in ("slope", "intercept"))
        return cls(TreeEnsemble(**of_trees), *numbers)


@dataclass(frozen=True)
class TreeRanker:
    """Scores by the trees of a release.

    Attributes:
        trees: over ``tree_features.FEATURES``.
        title_trees: over ``FEATURES_WITH_TITLE``; where the list has a title, they are added to
            ``trees``, and the sum means what they say. Maybe none.
        genre_vectors: (genres, 32) by genre code, which ``tree_features`` reads: 128 bytes a genre,
            so 0.8 MB for 6,000.
    """

    trees: CalibratedTrees
    title_trees: CalibratedTrees
    genre_vectors: NDArray[np.float32]

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: these are not the bytes of a ranker over ``FEATURES_WITH_TITLE``.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            names = tuple(arrays["names"].tolist())
            genre_vectors = arrays["genre_vectors"]
            trees = CalibratedTrees.from_arrays(arrays)
            title_trees = CalibratedTrees.from_arrays(arrays, _TITLE_PREFIX)
        except _UNREADABLE as error:
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None
        if names != FEATURES_WITH_TITLE or trees.ensemble.leaves.shape[2] != len(EVIDENCE_CHANNELS):
            found, expected = ", ".join(names), ", ".join(FEATURES_WITH_TITLE)
            raise ValueError(f"trees over {found}, expected {expected}")
        if genre_vectors.ndim != 2 or genre_vectors.shape[1] != GENRE_VECTOR_SIZE:
            raise ValueError(f"genre vectors of shape {genre_vectors.shape}")
        return cls(trees, title_trees, genre_vectors)

    @classmethod
    def empty(cls) -> Self:
        """A ranker without trees, for a release that keeps the scores of the first stage."""
        no_vectors = np.zeros((0, GENRE_VECTOR_SIZE), np.float32)
        return cls(CalibratedTrees(), CalibratedTrees(), no_vectors)

    def to_bytes(self) -> bytes:
        """An uncompressed ``.npz`` file without dates: the same bytes for the same trees."""
        of_title = self.title_trees.arrays().items()
        arrays = {
            **self.trees.arrays(),
            **{_TITLE_PREFIX + name: array for name, array in of_title},
            "genre_vectors": self.genre_vectors,
            "names": np.array(FEATURES_WITH_TITLE),
        }
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, array in arrays.items():
                content = BytesIO()
                np.save(content, np.asarray(array), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
        return buffer.getvalue()

    def rescore(
        self,
        table: CandidateTable,
        features: NDArray[np.float32],
        seeds: int = 1,
        of_title: NDArray[np.float32] | None = None,
    ) -> CandidateTable:
        """The candidates with scores by both stages; those that a rule blocks keep theirs.

        A score is the probability by the trees times a power of the score of the first stage, as a
        share of its highest, and above the score of any blocked track. It is split among the
        channels that found the track, in proportion to what their features add.

        Args:
            table: n candidates, scored by the first stage.
            features: (n, 27), see ``tree_features.tree_features``.
            seeds: number of seeds.
            of_title: (n, 10), see ``title_features.title_features``; None without a title.
        """
        contributions, probabilities = self._opinion(features, of_title)
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

    def _opinion(
        self, features: NDArray[np.float32], of_title: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, channels) contributions and (n,) probabilities by the trees."""
        contributions, base = self.trees.ensemble.contributions(features), self.trees.ensemble.base
        if of_title is None or not self.has_title_trees:
            return contributions, self.trees.probabilities(base + contributions.sum(axis=1))
        ensemble = self.title_trees.ensemble
        contributions += ensemble.contributions(np.concatenate([features, of_title], axis=1))
        scores = base + ensemble.base + contributions.sum(axis=1)
        return contributions, self.title_trees.probabilities(scores)

    @property
    def has_title_trees(self) -> bool:
        """Whether the trees have something to say of a title."""
        return len(self.title_trees.ensemble) > 0


def applies(results: Sequence[ChannelResult], *, is_artist: bool) -> bool:
    """Whether the trees rank a request: they have learned from songs that have neighbour lists."""
    return not is_artist and any(one.channel == "playlist" and len(one.ids) > 0 for one in results)
