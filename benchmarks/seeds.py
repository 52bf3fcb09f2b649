"""Measure seed resolution: how often a typed text finds what it means, and how long that takes.

    python benchmarks/seeds.py --lake DIR [--each N] [--misses]

Texts are made from the lake's own tables at every run (``seed_queries.py`` states the rules).
Those of ``FAMOUS`` were written by hand, and count only where the lake has the song. Store calls
are those of seed resolution alone. Times are of one process with the release open.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from seed_queries import Catalogue, Typed, queries

import embeat_serve
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.text_keys import name_key, title_key
from embeat_serve.errors import EmbeatError
from embeat_serve.seeds.alternatives import track_label
from embeat_serve.seeds.models import SeedSet
from embeat_serve.seeds.resolver import resolve_text

RESULTS = Path(__file__).parent / "results" / "seeds.json"

FAMOUS = [
    ("bohemian rapsody", "Bohemian Rhapsody", "Queen"),
    ("smells like teen spirt", "Smells Like Teen Spirit", "Nirvana"),
    ("nirvana come as you are", "Come As You Are", "Nirvana"),
    ("billie jean", "Billie Jean", "Michael Jackson"),
    ("billy jean michael jackson", "Billie Jean", "Michael Jackson"),
    ("beyonce halo", "Halo", "Beyoncé"),
    ("hotel califronia eagles", "Hotel California", "Eagles"),
    ("Wonderwall", "Wonderwall", "Oasis"),
    ("wonder wall oasis", "Wonderwall", "Oasis"),
    ("mr brightside", "Mr. Brightside", "The Killers"),
    ("take on me - aha", "Take On Me", "a-ha"),
    ("晴天 jay chou", "晴天", "Jay Chou"),
    ("告白气球 - Jay Chou", "告白氣球", "Jay Chou"),
    ("lose yourself eminem", "Lose Yourself", "Eminem"),
    ("shape of you ed sheran", "Shape of You", "Ed Sheeran"),
    ("rolling in the deep by adele", "Rolling in the Deep", "Adele"),
    ("despacito", "Despacito", "Luis Fonsi"),
    ("karma police - radiohead", "Karma Police", "Radiohead"),
    ("dont stop believing journey", "Don't Stop Believin'", "Journey"),
    ("Björk - Joga", "Jóga", "Björk"),
    ("夜に駆ける", "夜に駆ける", "YOASOBI"),
    ("sweet child of mine", "Sweet Child O' Mine", "Guns N' Roses"),
    ("africa toto", "Africa", "TOTO"),
    ("stairway to heaven led zepelin", "Stairway to Heaven", "Led Zeppelin"),
]
FAMOUS_ARTISTS = (
    "the beatles",
    "beatles",
    "metalica",
    "rihana",
    "sigur ros",
    "guns and roses",
    "acdc",
    "BTS",
    "Бейонсе",
)


class Counting:
    """A catalogue, and its own store, that counts the calls."""

    def __init__(self, release: Any):
        self.inner, self.calls = release.store, 0
        self.vocabulary, self.encoder = release.vocabulary, release.encoder

    @property
    def store(self) -> Any:
        return self

    def query(self, requested: Sequence[Any]) -> Any:
        self.calls += 1
        return self.inner.query(requested)

    def retrieve(self, *arguments: Any, **named: Any) -> Any:
        self.calls += 1
        return self.inner.retrieve(*arguments, **named)


def main() -> None:
    """Resolve every text, print a table, write JSON."""
    parser = argparse.ArgumentParser(description="Seeds: top-1, time and store calls, by kind.")
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--each", type=int, default=20, help="queries of a kind (20)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds that have this in their name")
    parser.add_argument("--misses", action="store_true", help="list what was not found")
    arguments = parser.parse_args()
    lake = LakePaths(arguments.lake)
    every = [*queries(lake, arguments.each, arguments.seed), *famous(lake)]
    chosen = [query for query in every if arguments.only in query.kind]
    table = measure(lake, chosen, arguments.misses)
    show(table)
    if not arguments.only:
        write(arguments, table)


def famous(lake: LakePaths) -> list[Typed]:
    """Hand-written texts whose song the lake has."""
    catalogue = Catalogue(lake)
    texts: list[Typed] = []
    by_name: dict[tuple[str, str], Any] = {}
    for song in catalogue.songs.to_dicts():
        by_name.setdefault((song["song"], name_key(song["artist_names"][0])), song)
    for text, title, artist in FAMOUS:
        if song := by_name.get((title_key(title), name_key(artist))):
            texts.append(Typed("by hand", text, (song,)))
    return texts


def measure(lake: LakePaths, texts: Sequence[Typed], misses: bool) -> dict[str, dict[str, Any]]:
    """Figures by kind; the last kind is all of them."""
    rows = defaultdict(list)
    with embeat_serve.open(lake=lake.root) as recommender, recommender.opened() as release:
        catalogue = Counting(release)
        resolve(catalogue, "warm up - yesterdey")
        for query in texts:
            catalogue.calls, started = 0, time.perf_counter()
            seeds = resolve(catalogue, query.text)
            taken = 1_000 * (time.perf_counter() - started)
            right = is_meant(query, seeds)
            if misses and not right:
                print(f"{query.kind:28} {query.text!r} -> {label_of(seeds)}")
            rows[query.kind].append((right, taken, catalogue.calls))
    rows["all"] = [row for kind in list(rows.values()) for row in kind]
    return {kind: summary(of_kind) for kind, of_kind in rows.items()}


def resolve(catalogue: Any, text: str) -> SeedSet | None:
    """Seeds of a text; None where nothing matches."""
    try:
        return resolve_text(catalogue, text, artist_tracks=10)
    except EmbeatError:
        return None


def is_meant(query: Typed, seeds: SeedSet | None) -> bool:
    """Whether the seeds are the songs, or songs of the artist, that the query means."""
    if seeds is None:
        return False
    if query.artist_code is not None:
        mine = [query.artist_code in song.artist_codes for song in seeds.songs]
        return seeds.artist == query.artist_name and all(mine)
    if seeds.artist is not None or len(seeds.songs) != len(query.songs):
        return False
    pairs = zip(query.songs, seeds.songs, strict=True)
    return all(same_song(meant, song.payload) for meant, song in pairs)


def same_song(meant: dict[str, Any], seed: Any) -> bool:
    """Whether the seed is the recording that is meant, or the same song as well known."""
    if seed.get("recording_code") == meant["recording_code"]:
        return True
    same = title_key(seed["track_name"]) == meant["song"]
    by = meant["main"] in seed["artist_codes"]
    return same and by and seed.get("popularity", 0) >= meant["popularity"]


def label_of(seeds: SeedSet | None) -> str:
    """The seeds in one line."""
    if seeds is None:
        return "nothing"
    if seeds.artist is not None:
        return f"artist {seeds.artist}"
    songs = [seed.payload for seed in seeds.songs]
    return "; ".join(f"{track_label(song)} ({song.get('popularity')})" for song in songs)


def summary(rows: Sequence[tuple[bool, float, int]]) -> dict[str, Any]:
    """Figures of one kind."""
    right, taken, calls = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "queries": len(rows),
        "top1": round(float(right.mean()), 4),
        "p50_ms": round(float(np.quantile(taken, 0.5)), 1),
        "p95_ms": round(float(np.quantile(taken, 0.95)), 1),
        "calls": int(calls.max()),
    }


def show(table: dict[str, dict[str, Any]]) -> None:
    """Print the figures, a kind a line."""
    print(f"{'kind':28} queries   top-1  p50 ms  p95 ms  calls at most")
    for kind, row in table.items():
        print(
            f"{kind:28} {row['queries']:7}  {row['top1']:6.1%}  {row['p50_ms']:6.1f}  "
            f"{row['p95_ms']:6.1f}  {row['calls']}"
        )


def write(arguments: argparse.Namespace, table: dict[str, dict[str, Any]]) -> None:
    """Write the figures, but no text."""
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "each": arguments.each}
    RESULTS.write_text(json.dumps({**content, "kinds": table}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
