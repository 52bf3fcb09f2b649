"""Neighbour lists: time and memory at two sizes, what that makes at full size, and a lookup.

    python benchmarks/neighbours.py [--playlists N] [--lake DIR]

Made-up playlists at N and 2 N. The time for one list grows with the candidates, of which there
are at most ``max_candidates``; so lists per second are measured at both sizes and carried on in
proportion to the candidates. With --lake, also what a question to the playlist channel alone takes
in the published release, each part of it in milliseconds.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import sparse
from subprocess_measure import alone

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE

RESULTS = Path(__file__).parent / "results" / "neighbours.json"
MEAN_LENGTH = 60
TRACKS_PER_PLAYLIST = 14
"""Size of the catalogue, relative to the playlists: that of the real dump."""
POPULARITY_SKEW = 3.0
LISTS = 2_000
FULL_PLAYLISTS, FULL_TRACKS = 1_880_000, 900_000
"""Tracks in playlists: 2% of 45 million."""


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--playlists", type=int, default=4_000, metavar="N")
    parser.add_argument("--lake", type=Path)
    options = parser.parse_args()
    print(f"{'playlists':>10}{'candidates':>12}{'load s':>9}{'ms/list':>9}{'peak MiB':>10}")
    rows = []
    for playlists in (options.playlists, 2 * options.playlists):
        loaded = alone(build, playlists, 0)
        listed = alone(build, playlists, LISTS)
        candidates = len(made_up(playlists).track_codes)
        milliseconds = 1e3 * (listed.processor_seconds - loaded.processor_seconds) / LISTS
        rows.append((playlists, candidates, milliseconds, listed.peak_mebibytes))
        print(
            f"{playlists:>10,}{candidates:>12,}{loaded.processor_seconds:>9.1f}"
            f"{milliseconds:>9.2f}{listed.peak_mebibytes:>10,.0f}"
        )
    (_, small, fast, _), (_, large, slow, _) = rows
    slope = (slow - fast) / (large - small)
    limit = NeighbourConfig().max_candidates
    at_full = slow + slope * (limit - large)
    hours = at_full * FULL_TRACKS / 3.6e6
    print(
        f"{FULL_PLAYLISTS:,} playlists, {FULL_TRACKS:,} tracks, {limit:,} candidates: "
        f"{at_full:.1f} ms a list, {hours:.1f} processor hours (extrapolated)"
    )
    content = {"sizes": rows, "full_milliseconds": at_full, "full_hours": hours}
    if options.lake:
        content["lookup"] = lookup(options.lake)
    content["measured_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def build(playlists: int, lists: int) -> None:
    """Make the model of made-up playlists, and some of its lists."""
    model = NeighbourModel(made_up(playlists), NeighbourConfig())
    words = np.random.default_rng(1).permutation(len(model.inputs.track_codes))[:lists]
    for start in range(0, len(words), model.block):
        model.of_tracks(words[start : start + model.block])


def made_up(playlists: int) -> NeighbourInputs:
    """Playlists of exponentially distributed length over a skewed catalogue."""
    random = np.random.default_rng(0)
    lengths = np.maximum(random.exponential(MEAN_LENGTH, playlists).astype(np.int64), 1)
    drawn = random.random(int(lengths.sum())) ** POPULARITY_SKEW
    tracks = (drawn * playlists * TRACKS_PER_PLAYLIST).astype(np.int64)
    codes, words = np.unique(tracks, return_inverse=True)
    ones = np.ones(len(words), np.float32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    matrix = sparse.csr_array((ones, words, offsets), shape=(playlists, len(codes)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    artists = random.integers(0, max(len(codes) // 3, 1), len(codes))
    vectors = random.standard_normal((len(codes), 64)).astype(np.float32)
    sounds = random.standard_normal((artists.max() + 1, 64)).astype(np.float32)
    sounds /= np.linalg.norm(sounds, axis=1, keepdims=True)
    genres = sparse.random_array((artists.max() + 1, 500), density=0.004, rng=random)
    return NeighbourInputs(
        codes.astype(np.uint32),
        matrix,
        vectors,
        artists,
        artists,
        genres.tocsr().astype(np.float32),
        random.standard_normal((500, GENRE_VECTOR_SIZE)).astype(np.float32),
        sparse.csr_array((ones[:0], (words[:0], words[:0])), shape=(len(sounds), len(sounds))),
        sounds,
    )


def lookup(lake: Path) -> dict[str, dict[str, float]]:
    """Milliseconds of the lists of some seeds: read from the store, unpacked, added up."""
    import embeat_serve
    from embeat_serve.contract.schema import Collection
    from embeat_serve.options import RecallOptions
    from embeat_serve.retrieval.request import RetrievalRequest
    from embeat_serve.retrieval.retriever import channels_of, retrieve
    from embeat_serve.seeds.models import Seed

    found = {}
    options = RecallOptions(channels=("playlist",))
    with embeat_serve.open(lake=lake) as recommender, recommender.opened() as release:
        points = release.store.count(Collection.TRACKS_PLAYLIST)
        sample = range(0, release.store.count(Collection.TRACKS), 97)
        hits = release.store.retrieve(Collection.TRACKS_PLAYLIST, sample, ("artist_codes",))
        for count in (1, 5, 25):
            taken = []
            for start in range(0, len(hits) - count, count):
                seeds = [Seed.of(hit) for hit in hits[start : start + count]]
                started = time.process_time()
                request = RetrievalRequest(seeds, options, 20)
                retrieve(release.store, request, channels_of(request)).results()
                taken.append(1e3 * (time.process_time() - started))
            low, high = np.percentile(taken, [50, 95])
            found[str(count)] = {"p50": float(low), "p95": float(high), "points": points}
            print(f"lookup, {count} seeds: p50 {low:.2f} ms, p95 {high:.2f} ms, {points:,} points")
    return found


if __name__ == "__main__":
    main()
