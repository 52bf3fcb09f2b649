"""Read playlists: slices of the Million Playlist Dataset, and text of track ids."""

import re
from glob import escape
from pathlib import Path

import duckdb
import polars as pl

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.ingest.reading.readers.raw import Raw

_MPD_START = re.compile(rb"^\s*\{")
_MPD_KEY = re.compile(rb'"playlists"\s*:\s*\[')
_SEPARATORS = r"[\s,;]+"
_TRACK_ID = re.compile(
    r"^(spotify:track:|https?://\S*spotify\.com/\S*track/)?[0-9A-Za-z]{22}(\?\S*)?$"
)

_PLAYLISTS = """
    SELECT 'mpd:' || (playlist->>'$.pid') AS playlist_id,
           playlist->>'$.name' AS name,
           playlist->>'$.num_followers' AS num_followers,
           json_extract_string(playlist, '$.tracks[*].track_uri') AS track_ids
    FROM slice
"""
# Ids are numbers within the data set; the prefix makes them differ from those of other sources.

_TRACKS = """
    SELECT track->>'$.track_uri' AS track_uri, any_value(track->>'$.track_name') AS track_name,
           any_value(track->>'$.artist_uri') AS artist_uri,
           any_value(track->>'$.artist_name') AS artist_name,
           any_value(track->>'$.album_uri') AS album_uri,
           any_value(track->>'$.album_name') AS album_name,
           any_value(track->>'$.duration_ms') AS duration_ms
    FROM (SELECT unnest(json_extract(playlist, '$.tracks[*]')) AS track FROM slice)
    WHERE track->>'$.track_uri' LIKE 'spotify:track:%'
    GROUP BY track_uri ORDER BY track_uri
"""


def holds_playlists(head: bytes) -> bool:
    """Whether a file beginning with ``head`` is a slice of the Million Playlist Dataset."""
    return bool(_MPD_START.match(head) and _MPD_KEY.search(head))


def read_mpd(path: Path, scratch: Path) -> Raw:
    """Read the playlists of a slice, and the tracks that they describe.

    What is no playlist or no track in it gives nulls. The slice is parsed once, since JSON cannot
    be read in part.

    Raises:
        OSError: it is not JSON, or ``playlists`` is no list.
    """
    tracks = scratch.with_suffix(".tracks")
    try:
        with open_database(scratch.with_suffix(".spill")) as connection:
            values = {"path": escape(str(path)), "size": path.stat().st_size + 1}
            connection.execute(
                """CREATE TEMP TABLE slice AS SELECT unnest(playlists) AS playlist
                   FROM read_json($path, columns = {playlists: 'JSON[]'},
                                  maximum_object_size = $size)""",
                values,
            )
            connection.sql(_PLAYLISTS).write_parquet(str(scratch), compression="lz4_raw")
            connection.sql(_TRACKS).write_parquet(str(tracks), compression="lz4_raw")
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    playlists, descriptions = (pl.scan_parquet(part, glob=False) for part in (scratch, tracks))
    return Raw("MPD JSON", playlists, (descriptions,))


def is_id_text(head: bytes) -> bool:
    """Whether most words of ``head`` are ids, URIs or URLs of tracks."""
    text = head.decode("utf-8", errors="replace")
    words = [word for word in re.split(_SEPARATORS, text) if word]
    # The last word may be cut off.
    ids = sum(bool(_TRACK_ID.match(word)) for word in words)
    return ids > 0 and 2 * ids >= len(words) - 1


def read_id_text(path: Path, scratch: Path) -> Raw:
    """Read a playlist per line that is not blank, or a single one if no line has two ids."""
    lines = pl.scan_lines(path, name="text", glob=False)
    ids = pl.col("text").str.replace_all(_SEPARATORS, " ").str.strip_chars().str.split(" ")
    rows = lines.filter(pl.col("text").str.contains(r"\S")).select(track_ids=ids)
    longest = rows.select(pl.col("track_ids").list.len().max()).collect(engine="streaming").item()
    if longest == 1:
        rows = rows.select(pl.col("track_ids").explode().implode())
    return Raw("text of playlists", rows)
