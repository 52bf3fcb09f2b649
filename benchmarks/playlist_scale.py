"""Playlists, stage by stage: processor time and peak memory at two sizes, carried on to full size.

    python benchmarks/playlist_scale.py [--playlists N]

Made-up playlists at N and 2 N, with as many entries to a playlist and tracks to a playlist as at
full size, where 1.88 million playlists have 110 million entries. Every stage has a process of its
own, Python and its libraries included, and is carried on along a straight line in the playlists;
only the regression, which inverts one matrix, along the square (memory) and the cube (time) of
its size, the line it starts from being the model without it. Settings that bound a number of
tracks or artists are smaller in proportion. ``lists`` makes one full block of each kind: its
memory counts here, its time is carried on by ``neighbours.py``.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from subprocess_measure import Taken, alone

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.playlists.config import NeighbourConfig, Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.neighbours.inputs import read_inputs
from embeat_pipeline.playlists.neighbours.lists import TABLES
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.playlists.neighbours.pair_facts import PairFactSource
from embeat_pipeline.playlists.track2vec.svd_init import factorise
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE, VECTOR_SIZE

RESULTS = Path(__file__).parent / "results" / "playlist_scale.json"
FULL_PLAYLISTS, FULL_ENTRIES, FULL_TRACKS, FULL_ARTISTS = 1_880_000, 110e6, 900_000, 300_000
"""Tracks and artists: those in playlists."""
FULL_REGRESSED = NeighbourConfig().max_ease_tracks
POPULARITY_SKEW = 3.0
GENRES = 500


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--playlists", type=int, default=40_000, metavar="N")
    sizes = [times * parser.parse_args().playlists for times in (1, 2)]
    taken: dict[str, list[Taken]] = {}
    print(f"{'stage':<14}{'size':>12}{'processor s':>13}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as scratch:
        lakes = [LakePaths(Path(scratch) / str(size)) for size in sizes]
        for lake, size in zip(lakes, sizes, strict=True):
            write_tables(lake, size)
        for name, stage in STAGES.items():
            taken[name] = [alone(stage, lake) for lake in lakes]
            show(name, sizes, taken[name])
        heads = [FULL_REGRESSED // 8, FULL_REGRESSED // 4]
        taken["regression"] = [alone(regress, lakes[0], head) for head in heads]
        show("regression", heads, taken["regression"])
    full = {
        name: carried(sizes, pair, FULL_PLAYLISTS)
        for name, pair in taken.items()
        if name != "regression"
    }
    base = taken["model"][0]
    memory = [one.peak_mebibytes - base.peak_mebibytes for one in taken["regression"]]
    seconds = [one.processor_seconds - base.processor_seconds for one in taken["regression"]]
    full["regression"] = seconds[1] * 4**3, full["model"][1] + memory[1] * 4**2
    print(f"{FULL_PLAYLISTS:,} playlists, extrapolated:")
    for name, (processor, mebibytes) in full.items():
        print(f"{name:<14}{processor / 60:>12.1f} min{mebibytes / 1024:>10.1f} GiB")
    content = {
        "sizes": sizes,
        "taken": taken,
        "full": full,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def show(name: str, sizes: list[int], taken: list[Taken]) -> None:
    """The lines of one stage."""
    for size, one in zip(sizes, taken, strict=True):
        print(f"{name:<14}{size:>12,}{one.processor_seconds:>13.1f}{one.peak_mebibytes:>10,.0f}")


def carried(sizes: list[int], taken: list[Taken], full: int) -> tuple[float, float]:
    """Processor seconds and mebibytes at full size, on the line through two sizes."""
    steps = (full - sizes[0]) / (sizes[1] - sizes[0])
    low, high = taken
    return (
        low.processor_seconds + steps * (high.processor_seconds - low.processor_seconds),
        low.peak_mebibytes + steps * (high.peak_mebibytes - low.peak_mebibytes),
    )


def write_tables(lake: LakePaths, playlists: int) -> None:
    """Playlists of exponentially distributed length over a skewed catalogue, and what of it the
    lists read."""
    random = np.random.default_rng(0)
    share = playlists / FULL_PLAYLISTS
    tracks, artists = int(share * FULL_TRACKS), int(share * FULL_ARTISTS)
    lengths = random.exponential(FULL_ENTRIES / FULL_PLAYLISTS, playlists).astype(np.int64) + 1
    drawn = (random.random(lengths.sum()) ** POPULARITY_SKEW * tracks).astype(np.uint32)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    of_track = random.integers(0, artists, tracks).astype(np.uint32)
    one_each = pa.array(np.arange(tracks + 1, dtype=np.int32))
    seen = np.unique(drawn)
    columns = {
        "playlists": {"track_codes": pa.ListArray.from_arrays(offsets, drawn)},
        "tracks": {
            "artist_codes": pa.ListArray.from_arrays(one_each, of_track),
            "album_code": (np.arange(tracks) // 10).astype(np.uint32),
        },
        "artists": {"artist_code": np.arange(artists, dtype=np.uint32)},
        "genre_map": {"genre_code": np.arange(GENRES, dtype=np.uint32)},
        "artist_genres": {
            "artist_code": np.repeat(np.arange(artists, dtype=np.uint32), 2),
            "genre_code": random.integers(0, GENRES, 2 * artists).astype(np.uint32),
            "position": np.tile(np.arange(2, dtype=np.uint8), artists),
            "confidence": np.ones(2 * artists, np.float32),
        },
        "genre_vectors": {"vector": unit_vectors(random, GENRES, GENRE_VECTOR_SIZE)},
        "track_vectors": {"acoustic": unit_vectors(random, tracks)},
        "playlist_vectors": {"track_code": seen, "playlist": unit_vectors(random, len(seen))},
    }
    lake.tables.mkdir(parents=True)
    for name, given in columns.items():
        types = {one: SCHEMAS[name].field(one).type for one in given}
        pq.write_table(pa.table(given, schema=pa.schema(types.items())), lake.table(name))


def unit_vectors(
    random: np.random.Generator, number: int, dimensions: int = VECTOR_SIZE
) -> pa.Array:
    """Directions drawn evenly."""
    vectors = random.standard_normal((number, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return pa.FixedSizeListArray.from_arrays(vectors.ravel(), dimensions)


def read(lake: LakePaths) -> Corpus:
    """Playlists as a matrix of codes."""
    return Corpus.read(lake.table("playlists"), min_count=1)


def decompose(lake: LakePaths) -> None:
    """What skip-gram starts from."""
    factorise(read(lake), VECTOR_SIZE, Track2VecConfig())


def scaled(lake: LakePaths) -> NeighbourConfig:
    """Settings for a catalogue of this size, without the regression."""
    default = NeighbourConfig()
    share = pq.read_metadata(lake.table("tracks")).num_rows / FULL_TRACKS
    return replace(
        default,
        multi_seed=replace(default.multi_seed, ease_weight=0.0),
        max_candidates=int(share * default.max_candidates),
        max_references=int(share * default.max_references),
    )


def model(lake: LakePaths) -> NeighbourModel:
    """All sources but the regression."""
    config = scaled(lake)
    return NeighbourModel(read_inputs(lake, config), config)


def regress(lake: LakePaths, regressed: int) -> None:
    """All sources, the regression over so many tracks."""
    several = NeighbourConfig().multi_seed
    config = replace(scaled(lake), multi_seed=several, max_ease_tracks=regressed)
    NeighbourModel(read_inputs(lake, config), config)


def make_lists(lake: LakePaths) -> None:
    """One block of lists of tracks, and one of artists, with their facts."""
    made = model(lake)
    facts = PairFactSource(made)
    for rows_of in TABLES.values():
        rows_of(made, facts).compute(slice(0, made.block))


STAGES = {"corpus": read, "SVD": decompose, "model": model, "lists": make_lists}


if __name__ == "__main__":
    main()
