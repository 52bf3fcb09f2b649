"""Playlist vectors: words per second of the defaults, against upstream's parameters.

    python benchmarks/track2vec.py [--playlists N] [--upstream-playlists M]

Both sides train on made-up playlists of the same kind. Upstream's parameters are slow, so they
get fewer playlists and one epoch; the rate does not depend on either.
"""

import argparse
import json
import platform
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec import track_vectors

RESULTS = Path(__file__).parent / "results" / "track2vec.json"
MEAN_LENGTH = 60
TRACKS_PER_PLAYLIST = 14
"""Size of the catalogue, relative to the playlists: that of the real dump."""
POPULARITY_SKEW = 3.0


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--playlists", type=int, default=5_000, metavar="N")
    parser.add_argument("--upstream-playlists", type=int, default=500, metavar="M")
    options = parser.parse_args()
    default = Track2VecConfig()
    cases = {
        "default": (default, options.playlists),
        "factorisation alone": (replace(default, epochs=0), options.playlists),
        "upstream, one epoch": (
            replace(Track2VecConfig.upstream(epochs=1), min_count=1),
            options.upstream_playlists,
        ),
    }
    rates = {}
    print(f"{'':<22}{'entries':>12}{'seconds':>10}{'entries/s, whole training':>28}")
    for name, (config, playlists) in cases.items():
        corpus = made_up(playlists)
        started = time.perf_counter()
        track_vectors(corpus, config)
        seconds = time.perf_counter() - started
        rates[name] = len(corpus.words) / seconds
        print(f"{name:<22}{len(corpus.words):>12,}{seconds:>10.1f}{rates[name]:>28,.0f}")
    epochs = Track2VecConfig.upstream().epochs
    ratio = rates["default"] / (rates["upstream, one epoch"] / epochs)
    print(f"whole training, default against upstream's {epochs} epochs: {ratio:,.0f} times as fast")
    content = {
        "entries_per_second": rates,
        "times_upstream": ratio,
        "machine": platform.processor() or platform.machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def made_up(playlists: int) -> Corpus:
    """Playlists of exponentially distributed length over a skewed catalogue."""
    random = np.random.default_rng(0)
    lengths = np.maximum(random.exponential(MEAN_LENGTH, playlists).astype(np.int64), 1)
    drawn = random.random(int(lengths.sum())) ** POPULARITY_SKEW
    tracks = (drawn * playlists * TRACKS_PER_PLAYLIST).astype(np.int64)
    codes, words, counts = np.unique(tracks, return_inverse=True, return_counts=True)
    return Corpus(
        track_codes=codes.astype(np.uint32),
        counts=counts.astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        words=words.astype(np.int32),
    )


if __name__ == "__main__":
    main()
