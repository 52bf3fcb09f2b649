"""Genre assignment: seconds and peak memory of the centroid score, against the same in Polars.

    python benchmarks/genres.py [--artists N]

Both rank what artists list, a position at a time, and write the table. The whole stage then also
predicts for artists that list nothing, from related artists, playlists and sound, with a model
fitted on the way.
"""

import argparse
import json
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from subprocess_measure import alone

from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.genres.assign import assign_genres, export, rank_listed
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.map_scale import UPSTREAM
from embeat_pipeline.genres.session import open_session
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "genres.json"
GENRES = 6_291
GENRES_OF_ARTIST = 4
SILENT_SHARE = 0.1
"""Artists that list nothing."""
PLAYLISTS_PER_ARTIST = 0.05
PLAYLIST_TRACKS = 60


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--artists", type=int, default=2_000_000, metavar="N")
    count = parser.parse_args().artists
    with tempfile.TemporaryDirectory() as folder:
        lake = LakePaths(Path(folder))
        alone(write_lake, lake, count)
        measured = {
            "centroid score": alone(centroid_score, lake),
            "same in Polars": alone(same_in_polars, lake),
            "whole stage": alone(assign_genres, lake),
            "imports alone": alone(only_imports, lake),
        }
    print(f"{count:,} artists{'seconds':>20}{'peak MiB':>12}")
    for name, (seconds, _, peak) in measured.items():
        print(f"{name:<20}{seconds:>16.2f}{peak:>12,.0f}")
    content = {
        "artists": count,
        "seconds": {name: taken.seconds for name, taken in measured.items()},
        "peak_mib": {name: taken.peak_mebibytes for name, taken in measured.items()},
        "machine": platform.processor() or platform.machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def only_imports(lake: LakePaths) -> None:
    """What a process takes that only imports."""


def centroid_score(lake: LakePaths) -> None:
    """The listed genres of every artist in order, as the stage does it."""
    options = GenreOptions(scale=UPSTREAM, max_genres=GENRES_OF_ARTIST)
    tables = {name: str(lake.table(name)) for name in ("artists", "genre_map")}
    with (
        open_session(options.memory_limit) as database,
        progress("rank genres", options.max_genres, "positions") as advance,
    ):
        rank_listed(database, tables, options, advance)
        export(database, lake.root / "ranked.parquet")


def same_in_polars(lake: LakePaths) -> None:
    """The listed genres of every artist in order, as one would write it in Polars, in memory."""
    exponent = GenreOptions().exponent
    left = (
        pl.read_parquet(lake.table("artists"), columns=["artist_code", "genre_codes"])
        .explode("genre_codes", empty_as_null=False)
        .rename({"genre_codes": "genre_code"})
        .join(pl.read_parquet(lake.table("genre_map")), on="genre_code")
        .unique(["artist_code", "genre_code"])
    )
    weight = pl.col("weight").cast(pl.Float64)
    centroid = {
        f"c{axis}": (weight * pl.col(axis)).sum().over("artist_code")
        / weight.sum().over("artist_code")
        for axis in ("x", "y")
    }
    distance = ((pl.col("x") - pl.col("cx")) ** 2 + (pl.col("y") - pl.col("cy")) ** 2).sqrt()
    score = weight / (1 + (distance / UPSTREAM) ** exponent)
    ranked = []
    for position in range(GENRES_OF_ARTIST):
        scored = left.with_columns(**centroid).with_columns(score=score)
        best = scored.sort("artist_code", "score", descending=[False, True]).unique(
            "artist_code", keep="first", maintain_order=True
        )
        ranked.append(best.select("artist_code", "genre_code", "score", position=position))
        left = left.join(best, on=["artist_code", "genre_code"], how="anti")
    pl.concat(ranked).sort("artist_code", "position").write_parquet(
        lake.root / "polars.parquet", compression="zstd"
    )


def write_lake(lake: LakePaths, count: int) -> None:
    """Artists with random genres, one track each, a map, playlists, and a related artist for each
    that lists none."""
    random = np.random.default_rng(0)
    silent = random.random(count) < SILENT_SHARE
    lengths = np.where(silent, 0, GENRES_OF_ARTIST)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    codes = random.integers(0, GENRES, int(offsets[-1])).astype(np.uint32)
    artists = {
        "artist_code": np.arange(count, dtype=np.uint32),
        "genre_codes": pa.ListArray.from_arrays(offsets, codes),
    }
    places = random.random((2, GENRES), np.float32)
    genre_map = {
        "genre_code": np.arange(GENRES, dtype=np.uint32),
        "weight": random.uniform(1, 1.6, GENRES).astype(np.float32),
        "x": places[0],
        "y": places[1],
    }
    unknown = np.flatnonzero(silent)
    related = {
        "artist_code": unknown.astype(np.uint32),
        "related_artist_code": random.integers(0, count, len(unknown)).astype(np.uint32),
        "rank": np.zeros(len(unknown), np.int16),
    }
    main_artist = np.arange(count, dtype=np.uint32)
    tracks = {
        "track_code": main_artist,
        "artist_codes": pa.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32), main_artist),
        **{name: random.random(count, np.float32) for name in CONTINUOUS},
    }
    lists = int(count * PLAYLISTS_PER_ARTIST)
    entries = random.integers(0, count, lists * PLAYLIST_TRACKS).astype(np.uint32)
    starts = np.arange(0, len(entries) + 1, PLAYLIST_TRACKS, dtype=np.int32)
    playlists = {
        "playlist_code": np.arange(lists, dtype=np.uint32),
        "track_codes": pa.ListArray.from_arrays(starts, entries),
    }
    lake.tables.mkdir(parents=True)
    write(lake, "artists", artists, count)
    write(lake, "genre_map", genre_map, GENRES)
    write(lake, "related_artists", related, len(unknown))
    write(lake, "tracks", tracks, count)
    write(lake, "playlists", playlists, lists)


def write(lake: LakePaths, name: str, columns: dict[str, object], rows: int) -> None:
    schema = SCHEMAS[name]
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(rows, field.type)
        for field in schema
    ]
    pq.write_table(pa.table(arrays, schema=schema), lake.table(name), compression="zstd")


if __name__ == "__main__":
    main()
