"""Read JSON records: one per line, in an array, or in a document around the array."""

import json
from glob import escape
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.ingest.reading.readers.raw import LINE, NotUsable, Raw

IDENTITY = ("id", "uri", "track_id", "artist_id", "album_id", "playlist_id", "pid", "track_uri")
"""Keys of records that documents around records do not have."""

NEVER = "\x1f"
"""A separator that no JSON text contains, since control characters are escaped in it."""

RECORD_BYTES = 1 << 24
"""Longest record in a file of several."""


def is_json(head: bytes) -> bool:
    """Whether a file beginning with ``head`` is an object or an array."""
    return head.lstrip()[:1] in (b"{", b"[")


def read_json(path: Path, scratch: Path, head: bytes) -> Raw:
    """Read records; objects within them become structs, and what is no object is refused.

    Raises:
        OSError: it cannot be parsed.
        NotUsable: it has no records.
    """
    name, query, parameters = _records(head)
    size = RECORD_BYTES if name != "JSON document" else path.stat().st_size + 1
    lines = scratch.with_suffix(".ndjson")
    try:
        with open_database(scratch.with_suffix(".spill")) as connection:
            values = {"path": escape(str(path)), "size": size, **parameters}
            connection.sql(query, params=values).create("records")
            # Written again, so that every record is on one line.
            connection.sql(
                "SELECT json_extract(record, '$') AS line FROM records WHERE is_object"
            ).write_csv(str(lines), header=False, sep=NEVER, quotechar="", escapechar="")
            refused = connection.sql(
                """SELECT row, 'not a JSON object' AS reason, record[:200] AS value
                   FROM records WHERE NOT is_object ORDER BY row"""
            ).pl()
            if not lines.stat().st_size:
                raise NotUsable(f"{name} without a record")
            parsed = connection.sql(
                """FROM read_json($path, format = 'newline_delimited', sample_size = -1,
                   maximum_object_size = $size, map_inference_threshold = -1)""",
                params={"path": escape(str(lines)), "size": size},
            )
            parsed.write_parquet(str(scratch), compression="lz4_raw")
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    return Raw(name, pl.scan_parquet(scratch, glob=False), refused=refused.cast(LINE))


def _records(head: bytes) -> tuple[str, str, dict[str, Any]]:
    """Name of the format, query of its records, and parameters besides path and size.

    The query has the columns ``row``, ``record`` (text) and ``is_object``.
    """
    if head.lstrip().startswith(b"["):
        return "JSON array", _ARRAY, {}
    if _is_lines(head):
        return "JSON lines", _LINES, {"never": NEVER}
    return "JSON document", _DOCUMENT, {"identity": list(IDENTITY)}


_ARRAY = """
    SELECT row_number() OVER () - 1 AS row, json::VARCHAR AS record,
           json_type(json) = 'OBJECT' AS is_object
    FROM read_json_objects($path, format = 'array', maximum_object_size = $size)
"""

_LINES = """
    SELECT row_number() OVER () - 1 AS row, line AS record,
           CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END AS is_object
    FROM read_csv($path, auto_detect = false, header = false, quote = '', escape = '',
                  delim = $never, columns = {line: 'VARCHAR'}, max_line_size = $size)
    WHERE trim(line) <> ''
"""

_DOCUMENT = """
    WITH document AS (
        SELECT json, json_keys(json) AS keys,
               list_transform(keys, lambda key: '$."' || key || '"') AS places
        FROM read_json_objects($path, format = 'unstructured', maximum_object_size = $size)
    ), listed AS (
        SELECT json, keys,
               list_filter(places || list_transform(places, lambda place: place || '.items'),
                           lambda place: json_type(json, place) = 'ARRAY') AS lists
        FROM document
    ), records AS (
        SELECT CASE WHEN list_has_any(keys, $identity) THEN json_array(json)
                    WHEN len(lists) > 0 THEN json_extract(json, lists[1]) END::JSON[] AS list
        FROM listed
    )
    SELECT *, coalesce(json_type(record) = 'OBJECT', false) AS is_object
    FROM (SELECT generate_subscripts(list, 1) - 1 AS row, unnest(list)::VARCHAR AS record
          FROM records)
"""
"""A document is a record, or contains a list of records or a page of a list."""


def _is_lines(head: bytes) -> bool:
    lines = [line for line in head.split(b"\n") if line.strip()]
    try:
        first = json.loads(lines[0])
    except ValueError:
        return False
    # A single object on one line may also be a document.
    return isinstance(first, dict) and (len(lines) > 1 or bool(first.keys() & set(IDENTITY)))
