"""Settings of a build, and the limits that a release must meet before it is published."""

import os
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from embeat_serve.contract.manifest import ReleaseFile

TABLES = (
    "tracks",
    "artists",
    "artist_genres",
    "genre_map",
    "related_artists",
    "track_vectors",
    "playlist_vectors",
    "track_neighbours",
    "artist_neighbours",
)
"""Tables that a release is built from."""

MODELS = {
    "encoder": ReleaseFile.ENCODER,
    "title_model": ReleaseFile.TITLE_MODEL,
    "ranking_model": ReleaseFile.RANKING_MODEL,
}
"""Asset -> file of its model, which a release takes over as it is."""

MIN_PARALLEL_PART = 50_000
"""Points below which a part is not worth a process of its own."""

EXECUTION_SETTINGS = frozenset({"workers", "increments", "max_changed_share"})
"""Names of settings that do not change the content of a release."""

FULL_BUILD = "EMBEAT_FULL_BUILD"
"""Environment variable that turns patching off: the whole release is built anew."""


@dataclass(frozen=True)
class BuildOptions:
    """Settings of one build.

    Those of ``EXECUTION_SETTINGS`` decide how it runs, all others what is in the release.
    """

    storage: Literal["float16", "turbo8"] = "float16"
    """How vectors are stored: 128 or 67 bytes each, with recall@100 of .999 or .995 against
    single precision. The graph of turbo8 takes 40% less time."""
    graph_links: int = 16
    """HNSW m (Malkov and Yashunin 2018), also within the tracks of one genre (payload_m)."""
    graph_candidates: int = 100
    """HNSW ef_construct."""
    full_scan_kilobytes: int = 1_000
    """Size of the vectors, per part, below which a filtered search scans them: 8,000 tracks.
    Values that fewer points have get no graph links of their own."""
    points_per_part: int = 500_000
    """Most points of a part. Each part is built by a process of its own, so this bounds the
    memory, however large the catalogue."""
    max_genres: int = 5
    """Genres kept per track and artist, best first."""
    max_related_artists: int = 20
    """Related artists kept per track and artist, closest first."""
    workers: int = 0
    """Processes at once; 0 means one per core."""
    increments: bool = True
    """Whether a collection of which few points changed is patched, not built anew."""
    max_changed_share: float = 0.15
    """Largest share of changed points up to which a collection is patched. Beyond a fifth the
    engine would rebuild the whole segment by itself."""

    @classmethod
    def from_environment(cls) -> Self:
        """Return the defaults; ``EMBEAT_FULL_BUILD=1`` turns patching off."""
        return cls(increments=os.environ.get(FULL_BUILD, "") in ("", "0"))

    def parameters(self) -> dict[str, Any]:
        """Return the settings that decide the content of a release."""
        settings = asdict(self)
        return {name: settings[name] for name in settings if name not in EXECUTION_SETTINGS}

    def worker_count(self, parts: int) -> int:
        """Return how many processes run at once for ``parts`` parts."""
        return min(self.workers or os.cpu_count() or 1, parts)

    def part_count(self, points: int) -> int:
        """Return in how many parts ``points`` points are built; the same on every machine."""
        at_least = 2 if points >= 2 * MIN_PARALLEL_PART else 1
        return max(at_least, -(-points // self.points_per_part))


DEFAULT_OPTIONS = BuildOptions()

VERIFY_SEED = 17
VERIFY_QUERIES = 50
"""Number of queries without a filter, and of payloads compared with the tables."""

MIN_MEAN_RECALL = 0.97
"""Lowest mean recall@100 against a full scan, for every collection and kind of filter."""

MIN_WORST_RECALL = 0.5
"""Lowest recall@100 of any single query."""
