"""Make a blind test: our list and another system's for each seed, in an order that tells nothing.

Both lists of a pair have the same length and the same fields. Which list is A is drawn by a
seeded hash and balanced within each system and stratum; pairs are shown in a random order.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import embeat_serve
from embeat_pipeline.common.progress import progress
from embeat_pipeline.evaluate.blind.records import ListedSong, ListRecord
from embeat_pipeline.evaluate.blind.seed_queries import recommend_seed
from embeat_pipeline.evaluate.blind.song_names import ShownSong, shown_songs
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.recommender import Recommender

ID_LENGTH = 12
"""Hexadecimal digits of the id of a pair or a test."""

SHOWN_SEEDS = 3
"""Seeds that a message names of those left out."""


class PairSide(StrEnum):
    """Place of a list on the page."""

    A = "A"
    B = "B"

    @property
    def opposite(self) -> "PairSide":
        """The other place."""
        return PairSide.B if self is PairSide.A else PairSide.A


class SkipReason(StrEnum):
    """Why a record makes no pair; the value is how it is said."""

    SEED = "whose seed is no song of the catalogue"
    NAMES = "with a track that is not in the catalogue and has no names"
    EMPTY = "for which the release recommends nothing"
    IDENTICAL = "whose list is the same as ours"


@dataclass(frozen=True)
class Pair:
    """Two lists for one seed."""

    id: str
    seeds: tuple[ShownSong, ...]
    ours: tuple[ShownSong, ...]
    """Best first."""
    other: tuple[ShownSong, ...]
    """As long as ``ours``."""
    system: str
    """Name of the other system."""
    stratum: str | None = None
    ours_side: PairSide = PairSide.A

    def list_on(self, side: PairSide) -> tuple[ShownSong, ...]:
        """The list that is shown on a side."""
        return self.ours if side is self.ours_side else self.other


@dataclass(frozen=True)
class BlindTest:
    """Pairs in the order in which they are shown."""

    release: str
    """Name of our release."""
    seed: int
    """Seed of order and sides."""
    pairs: tuple[Pair, ...]
    skipped: Mapping[SkipReason, Sequence[str]]
    """Reason -> seeds of the records that make no pair."""

    @property
    def id(self) -> str:
        """Digest of all that is shown and of the key."""
        content = [self.release, self.seed, [repr(pair) for pair in self.pairs]]
        return _digest(json.dumps(content))


def make_blind_test(lake: LakePaths, records: Sequence[ListRecord], seed: int = 0) -> BlindTest:
    """Ask the published release for lists as long as those of the records, and pair them.

    Args:
        lake: its release is compared.
        records: lists of other systems.
        seed: of the order of pairs and of the sides.

    Raises:
        UsageError: two records are of one seed and system, or no record makes a pair.
        Unavailable: the release cannot be read.
    """
    pairs: dict[str, Pair] = {}
    skipped: dict[SkipReason, list[str]] = {reason: [] for reason in SkipReason}
    # Before the table of tracks is read, so that a lake without a release says so itself.
    with embeat_serve.open(lake=lake.root) as recommender:
        shown = shown_songs(lake, (song for record in records for song in record.songs))
        with progress("blind test", len(records), "seeds") as advance:
            for record in records:
                made = _pair(recommender, record, shown)
                if isinstance(made, SkipReason):
                    skipped[made].append(record.seed)
                elif made.id in pairs:
                    raise UsageError(
                        f"{record.place}: a second list of {made.system} for {record.seed!r}; "
                        "expected one record for each seed and system"
                    )
                else:
                    pairs[made.id] = made
                advance(1)
        release = recommender.release
    if not pairs:
        raise UsageError(
            f"none of {len(records)} records can be compared: {'; '.join(skip_lines(skipped))}; "
            f"expected songs of this lake: try `python -m embeat_serve --lake {lake.root} SEED`"
        )
    kept = {reason: seeds for reason, seeds in skipped.items() if seeds}
    return BlindTest(release, seed, arrange(pairs.values(), seed), kept)


def arrange(pairs: Iterable[Pair], seed: int) -> tuple[Pair, ...]:
    """Draw the sides and the order of pairs; neither depends on the order that is given.

    Of every system and of each of its strata, our list is A as often as B, give or take one.
    """
    groups = sorted(
        pairs,
        key=lambda pair: (pair.system, pair.stratum or "", _digest("side", seed, pair.id)),
    )
    first = int(_digest("first side", seed), 16) % 2
    sides = [list(PairSide)[(rank + first) % 2] for rank in range(len(groups))]
    sided = [replace(pair, ours_side=side) for pair, side in zip(groups, sides, strict=True)]
    return tuple(sorted(sided, key=lambda pair: _digest("order", seed, pair.id)))


def skip_lines(skipped: Mapping[SkipReason, Sequence[str]]) -> list[str]:
    """One phrase for each reason for which records make no pair."""
    return [
        f"{len(seeds)} {reason} ({examples(seeds)})" for reason, seeds in skipped.items() if seeds
    ]


def examples(seeds: Sequence[str]) -> str:
    """The first of some seeds, for a message."""
    named = ", ".join(seeds[:SHOWN_SEEDS])
    return f"{named}, …" if len(seeds) > SHOWN_SEEDS else named


def _pair(
    recommender: Recommender, record: ListRecord, shown: Mapping[ListedSong, ShownSong]
) -> Pair | SkipReason:
    """A pair without a side, or why there is none."""
    if any(song not in shown for song in record.songs):
        return SkipReason.NAMES
    result = recommend_seed(recommender, record, len(record.songs))
    if result is None:
        return SkipReason.SEED
    ours = tuple(ShownSong.of(song.track_name, song.artist_names) for song in result.results)
    other = tuple(shown[song] for song in record.songs)[: len(ours)]
    if not ours:
        return SkipReason.EMPTY
    if ours == other:
        return SkipReason.IDENTICAL
    seeds = tuple(ShownSong.of(seed.track_name or "", seed.artist_names) for seed in result.seeds)
    codes = (seed.track_id for seed in result.seeds)
    pair_id = _digest(record.system, *codes)
    return Pair(pair_id, seeds, ours, other, record.system, record.stratum)


def _digest(*parts: Any) -> str:
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]
