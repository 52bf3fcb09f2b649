"""Ingest: seconds and peak memory of the stage, against bare DuckDB on the same rows.

    python benchmarks/ingest.py [--tracks N ...] [--playlists-per-1000 M]

The baseline is what one would write by hand in an hour: read the Parquet files of a made-up dump,
trim texts, null what is out of range, keep one row per track id, give dense codes to tracks,
artists and albums, resolve credits and playlists to codes, and write three tables, in order and
compressed alike. It neither recognises anything, nor keeps rejects, nor tells recordings apart.
Each runs in a process of its own, one after the other.

``again`` is the stage after one more file with a hundredth of new tracks has been put beside:
the last hundredth of the tracks that were made up, most of them by artists known already.
"""

import argparse
import json
import platform
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
from subprocess_measure import Taken, alone

from embeat_pipeline.ingest.ingest import ingest
from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "ingest.json"
SIZES = (1_000_000, 5_000_000, 20_000_000)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--playlists-per-1000", type=int, default=40, metavar="M")
    arguments = parser.parse_args()
    print(f"{'tracks':>12} {'':<14}{'seconds':>10}{'cpu s':>10}{'peak MiB':>10}{'ratio':>8}")
    results = {}
    for tracks in arguments.tracks:
        measured = measure_size(tracks, tracks * arguments.playlists_per_1000 // 1_000)
        results[str(tracks)] = measured
        baseline = measured["bare DuckDB"][0]
        for name, (seconds, processor, peak) in measured.items():
            print(
                f"{tracks:>12,} {name:<14}{seconds:>10.1f}{processor:>10.1f}{peak:>10,.0f}"
                f"{seconds / baseline:>8.2f}"
            )
    content = {
        "seconds, processor seconds, peak MiB": results,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def measure_size(tracks: int, playlists: int) -> dict[str, Taken]:
    """All of one size."""
    with tempfile.TemporaryDirectory() as folder:
        raw, lake = Path(folder) / "raw", LakePaths(Path(folder) / "lake")
        write_sample(raw, tracks=tracks + tracks // 100, playlists=playlists)
        made = pl.scan_parquet(raw / "tracks.parquet", glob=False)
        added = Path(folder) / "added.parquet"
        made.slice(tracks).sink_parquet(added)
        made.head(tracks).sink_parquet(raw / "first.parquet")
        (raw / "first.parquet").replace(raw / "tracks.parquet")
        bare_out = Path(folder) / "bare"
        bare_out.mkdir()
        measured = {"bare DuckDB": alone(bare, raw, bare_out)}
        shutil.rmtree(bare_out)
        measured["ingest"] = alone(ingest, lake, raw)
        added.replace(raw / "tracks_2.parquet")
        measured["again"] = alone(ingest, lake, raw)
    return measured


BARE = """
CREATE TEMP TABLE artist_codes AS
SELECT artist_id, row_number() OVER (ORDER BY artist_id) - 1 AS artist_code FROM (
    SELECT artist_id FROM artists_raw WHERE artist_id IS NOT NULL
    UNION SELECT unnest(artist_ids) FROM tracks_raw
) WHERE artist_id IS NOT NULL;

CREATE TEMP TABLE album_codes AS
SELECT album_id, row_number() OVER (ORDER BY album_id) - 1 AS album_code
FROM (SELECT DISTINCT album_id FROM tracks_raw WHERE album_id IS NOT NULL);

COPY (
    SELECT artist_code, artist_id, trim(artist_name) AS artist_name, genres,
           if(popularity BETWEEN 0 AND 100, popularity, NULL)::UTINYINT AS popularity, followers
    FROM artist_codes LEFT JOIN artists_raw USING (artist_id) ORDER BY artist_code
) TO 'OUT/artists.parquet' (COMPRESSION zstd);

CREATE TEMP TABLE cleaned AS
SELECT row_number() OVER (ORDER BY track_id) - 1 AS track_code, *
FROM (
    SELECT regexp_replace(trim(track_id), '^spotify:track:', '') AS track_id,
           trim(track_name)[:500] AS track_name, artist_ids, artist_names, album_id,
           trim(album_name)[:500] AS album_name,
           if(regexp_matches(isrc, '^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$'), isrc, NULL) AS isrc,
           if(popularity BETWEEN 0 AND 100, popularity, NULL)::UTINYINT AS popularity,
           if(release_year BETWEEN 1860 AND 2100, release_year, NULL)::SMALLINT AS release_year,
           explicit,
           if(duration_ms BETWEEN 1000 AND 36000000, duration_ms, NULL)::INTEGER AS duration_ms,
           if(key BETWEEN 0 AND 11, key, NULL)::TINYINT AS key,
           if(mode BETWEEN 0 AND 1, mode, NULL)::TINYINT AS mode,
           if(time_signature BETWEEN 1 AND 7, time_signature, NULL)::TINYINT AS time_signature,
           if(tempo BETWEEN 20 AND 300, tempo, NULL)::FLOAT AS tempo,
           if(loudness BETWEEN -70 AND 10, loudness, NULL)::FLOAT AS loudness,
           if(danceability BETWEEN 0 AND 1, danceability, NULL)::FLOAT AS danceability,
           if(energy BETWEEN 0 AND 1, energy, NULL)::FLOAT AS energy,
           if(valence BETWEEN 0 AND 1, valence, NULL)::FLOAT AS valence,
           if(acousticness BETWEEN 0 AND 1, acousticness, NULL)::FLOAT AS acousticness,
           if(liveness BETWEEN 0 AND 1, liveness, NULL)::FLOAT AS liveness,
           if(speechiness BETWEEN 0 AND 1, speechiness, NULL)::FLOAT AS speechiness,
           if(instrumentalness BETWEEN 0 AND 1, instrumentalness, NULL)::FLOAT AS instrumentalness
    FROM tracks_raw WHERE track_name IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY track_id ORDER BY file_row_number) = 1
);

COPY (
    SELECT cleaned.* EXCLUDE (artist_ids, artist_names), artist_codes, artist_names, album_code
    FROM cleaned
    LEFT JOIN (
        SELECT track_code, list(artist_code ORDER BY position) AS artist_codes
        FROM (SELECT track_code, unnest(artist_ids) AS artist_id,
                     generate_subscripts(artist_ids, 1) AS position FROM cleaned)
        JOIN artist_codes USING (artist_id) GROUP BY track_code
    ) USING (track_code)
    LEFT JOIN album_codes USING (album_id)
    ORDER BY track_code
) TO 'OUT/tracks.parquet' (COMPRESSION zstd);

COPY (
    SELECT playlist_id, any_value(name) AS name, list(track_code ORDER BY position) AS track_codes
    FROM (SELECT playlist_id, name, unnest(track_ids) AS track_id,
                 generate_subscripts(track_ids, 1) AS position FROM playlists_raw)
    JOIN cleaned USING (track_id) GROUP BY playlist_id ORDER BY playlist_id
) TO 'OUT/playlists.parquet' (COMPRESSION zstd);
"""


def bare(raw: Path, out: Path) -> None:
    """Read, clean, join, write."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for name in ("tracks", "artists", "playlists"):
            rows = connection.read_parquet(str(raw / f"{name}.parquet"), file_row_number=True)
            rows.create_view(f"{name}_raw")
        connection.execute(BARE.replace("OUT", str(out)))


if __name__ == "__main__":
    main()
