"""How a release is built and what it has to pass before it is published."""

import os
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

MIN_PARALLEL_PART = 50_000
"""Points below which a part is not worth a process of its own."""


HOW_TO_WORK = frozenset({"workers", "increments", "max_changed_share"})
"""Settings that do not decide what is in a release."""

FULL_BUILD = "EMBEAT_FULL_BUILD"
"""Environment variable that asks for a release made afresh."""


@dataclass(frozen=True)
class BuildOptions:
    """Settings of one build. Those of ``HOW_TO_WORK`` decide how it is made,
    all others what is in the release."""

    storage: Literal["float16", "turbo8"] = "float16"
    """How vectors are stored: 128 or 67 bytes each, with recall@100 of .999 or .995 against
    single precision. The graph of turbo8 takes 40% less time."""
    graph_links: int = 16
    """HNSW m, also within the tracks of one genre (payload_m)."""
    graph_candidates: int = 100
    """HNSW ef_construct."""
    full_scan_kilobytes: int = 1_000
    """Of vectors, per part (8,000 tracks): filters that leave less are scanned, and values that
    few have get no graph links of their own."""
    points_per_part: int = 500_000
    """A collection is built in parts of at most this many points, each by a process of its own:
    memory is bounded by it however large the catalogue."""
    max_genres: int = 5
    """Genres kept per track and artist, best first."""
    max_related_artists: int = 20
    """Related artists kept per track and artist, closest first."""
    workers: int = 0
    """Processes at once; 0 is one per core."""
    increments: bool = True
    """Change a copy of what is served where little changed, rather than make all afresh."""
    max_changed_share: float = 0.15
    """Share of a collection's points up to which it is changed. Beyond a fifth the engine would
    make the whole segment again by itself."""

    @classmethod
    def from_environment(cls) -> Self:
        """The defaults; ``EMBEAT_FULL_BUILD=1`` makes every release afresh."""
        return cls(increments=os.environ.get(FULL_BUILD, "") in ("", "0"))

    def parameters(self) -> dict[str, Any]:
        """Everything that decides the content of a release."""
        return {name: value for name, value in asdict(self).items() if name not in HOW_TO_WORK}

    def worker_count(self, parts: int) -> int:
        """Processes to run at once for ``parts`` parts."""
        return min(self.workers or os.cpu_count() or 1, parts)

    def part_count(self, points: int) -> int:
        """Parts that a collection of ``points`` is built in; the same on every machine."""
        at_least = 2 if points >= 2 * MIN_PARALLEL_PART else 1
        return max(at_least, -(-points // self.points_per_part))


DEFAULT_OPTIONS = BuildOptions()

VERIFY_SEED = 17
VERIFY_QUERIES = 50
"""Queries without a filter, and payloads compared."""

MIN_MEAN_RECALL = 0.97
"""Lowest mean recall@100 against a full scan, for every collection and kind of filter."""

MIN_WORST_RECALL = 0.5
"""The same of any single query."""
