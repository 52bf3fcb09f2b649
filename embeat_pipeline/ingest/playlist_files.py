"""Playlists that come as JSON slices or as lines of ids, as canonical raw columns."""

import re
from glob import escape
from pathlib import Path

import duckdb
import polars as pl

_MPD_START = re.compile(rb"^\s*\{")
_MPD_KEY = re.compile(rb'"playlists"\s*:\s*\[')
_SEPARATORS = r"[\s,;]+"
_TRACK_ID = re.compile(
    r"^(spotify:track:|https?://\S*spotify\.com/\S*track/)?[0-9A-Za-z]{22}(\?\S*)?$"
)


def holds_playlists(head: bytes) -> bool:
    """Whether a file beginning with ``head`` is a slice of the Million Playlist Dataset."""
    return bool(_MPD_START.match(head) and _MPD_KEY.search(head))


def read_mpd(path: Path, scratch: Path) -> pl.LazyFrame:
    """Playlists of an MPD slice; whatever in it is no playlist or no track gives nulls.

    The slice is parsed once into ``scratch``, since JSON cannot be read in part.

    Raises:
        OSError: it is not JSON, or ``playlists`` is no list.
    """
    # ids are numbers within the data set: told apart from those of others by a prefix
    query = """
        SELECT 'mpd:' || (playlist->>'$.pid') AS playlist_id,
               playlist->>'$.name' AS name,
               playlist->>'$.num_followers' AS num_followers,
               json_extract_string(playlist, '$.tracks[*].track_uri') AS track_ids
        FROM (SELECT unnest(playlists) AS playlist
              FROM read_json($path, columns = {playlists: 'JSON[]'}, maximum_object_size = $size))
    """
    try:
        with duckdb.connect() as connection:
            values = {"path": escape(str(path)), "size": path.stat().st_size + 1}
            found = connection.sql(query, params=values)
            found.pl().write_parquet(scratch)
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    return pl.scan_parquet(scratch, glob=False)


def is_id_text(head: bytes) -> bool:
    """Whether ``head`` begins lines of track ids, URIs or URLs: most of its words are some."""
    text = head.decode("utf-8", errors="replace")
    words = [word for word in re.split(_SEPARATORS, text) if word]
    # The last word may be cut off.
    ids = sum(bool(_TRACK_ID.match(word)) for word in words)
    return ids > 0 and 2 * ids >= len(words) - 1


def read_id_text(path: Path, scratch: Path) -> pl.LazyFrame:
    """One playlist per line that is not blank."""
    lines = pl.scan_lines(path, name="text", glob=False)
    ids = pl.col("text").str.replace_all(_SEPARATORS, " ").str.strip_chars().str.split(" ")
    return lines.filter(pl.col("text").str.contains(r"\S")).select(track_ids=ids)
