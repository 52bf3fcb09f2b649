"""What a recommendation takes: milliseconds of each stage, and calls of the store.

    python benchmarks/recommend.py --lake DIR [--queries N] [--seed S]

Songs drawn at random from the published release are asked for in turn, every kind of question for
each song before the next: plain, by the preset ``upstream`` (the baseline), with filters, with
filters that hardly anything passes, with dislikes, and with dials and the order of a DJ. Medians
and 95th percentiles of what the answers say of themselves; what is read for the first time is
asked for once before.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import embeat_serve
from embeat_serve import Filters
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender

RESULTS = Path(__file__).parent / "results" / "recommend.json"
K = 20
STAGES = ("seed", "channels", "payload", "ranking", "total")
WIDE = Filters(year_min=1990, tempo_max=140, explicit=False)
NARROW = Filters(year_min=1994, year_max=1996, popularity_max=40, energy_min=0.6, tempo_min=120)
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "preset upstream": {"options": PRESETS["upstream"]},
    "filters": {"filters": WIDE},
    "narrow filters": {"filters": NARROW},
    "same language": {"filters": Filters(same_language=True)},
    "dials, harmonic": {"options": RecallOptions(adventure=0.5, hits=-0.5, order="harmonic")},
}


class Counting:
    """A store that counts how often it is called."""

    def __init__(self, store: Any):
        self._store = store
        self.calls = 0

    def query(self, *arguments: Any, **named: Any) -> Any:
        """See ``VectorStore.query``."""
        self.calls += 1
        return self._store.query(*arguments, **named)

    def retrieve(self, *arguments: Any, **named: Any) -> Any:
        """See ``VectorStore.retrieve``."""
        self.calls += 1
        return self._store.retrieve(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    options = parser.parse_args()
    with embeat_serve.open(lake=options.lake) as recommender:
        songs = drawn(recommender, options.queries + 2, options.seed)
        kinds = {**KINDS, "one dislike": {"dislikes": [songs.pop()]}}
        measure(recommender, kinds, [songs.pop()])
        measured = measure(recommender, kinds, songs)
        with recommender.opened() as release:
            points = release.store.count(Collection.TRACKS)
    print(f"{points:,} tracks, {len(songs)} songs, k = {K}; milliseconds, median (95th percentile)")
    columns = "".join(f"{name:>15}" for name in (*STAGES, "processor"))
    print(f"{'':18}{columns}{'calls':>7}{'songs':>7}{'relaxed':>9}")
    for kind, row in measured.items():
        spans = [f"{p50:.1f} ({p95:.1f})" for p50, p95 in row["milliseconds"].values()]
        columns = "".join(f"{span:>15}" for span in spans)
        print(f"{kind:18}{columns}{row['calls']:>7}{row['songs']:>7.1f}{row['relaxed']:>9.0%}")
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tracks": points,
        "queries": len(songs),
        "k": K,
        "kinds": measured,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def drawn(recommender: Recommender, number: int, seed: int) -> list[str]:
    """Ids of songs drawn at random."""
    with recommender.opened() as release:
        points = release.store.count(Collection.TRACKS)
        codes = np.random.default_rng(seed).choice(points, number, replace=False).tolist()
        hits = release.store.retrieve(Collection.TRACKS, codes, payload=(TrackField.TRACK_ID,))
    return [hit.payload[TrackField.TRACK_ID] for hit in hits]


def measure(
    recommender: Recommender, kinds: dict[str, dict[str, Any]], songs: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Milliseconds, most store calls, mean length and share of relaxed lists, by kind."""
    timings: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    calls = dict.fromkeys(kinds, 0)
    lengths: dict[str, list[int]] = {kind: [] for kind in kinds}
    relaxed: dict[str, list[bool]] = {kind: [] for kind in kinds}
    for song in songs:
        for kind, question in kinds.items():
            with counted(recommender) as store:
                before = time.process_time()
                answer = recommender.recommend(track_ids=[song], k=K, **question)
                processor = 1_000 * (time.process_time() - before)
            timings[kind].append([*(answer.timings_ms[name] for name in STAGES), processor])
            calls[kind] = max(calls[kind], store.calls)
            lengths[kind].append(len(answer.results))
            relaxed[kind].append(bool(answer.relaxed))
    return {
        kind: {
            "milliseconds": {
                name: np.percentile(column, [50, 95]).round(2).tolist()
                for name, column in zip(
                    (*STAGES, "processor"), zip(*rows, strict=True), strict=True
                )
            },
            "calls": calls[kind],
            "songs": float(np.mean(lengths[kind])),
            "relaxed": float(np.mean(relaxed[kind])),
        }
        for kind, rows in timings.items()
    }


@contextmanager
def counted(recommender: Recommender) -> Iterator[Counting]:
    """Its store, counting."""
    with recommender.opened() as release:
        store = release.store
        counting = Counting(store)
        release.store = counting  # type: ignore[assignment]
        try:
            yield counting
        finally:
            release.store = store


if __name__ == "__main__":
    main()
