"""Records as JSON: one per line, in an array, or in a document around the array."""

import json
from glob import escape
from pathlib import Path

import duckdb
import polars as pl

from embeat_pipeline.ingest.readers.raw import LINE, NotUsable, Raw

IDENTITY = ("id", "uri", "track_id", "artist_id", "album_id", "playlist_id", "pid", "track_uri")
"""What a record has and a document around records has not."""

RECORD_BYTES = 1 << 24
"""Longest record of a file of many."""


def is_json(head: bytes) -> bool:
    """Whether a file beginning with ``head`` is an object or an array."""
    return head.lstrip()[:1] in (b"{", b"[")


def read_json(path: Path, scratch: Path, head: bytes) -> Raw:
    """Records in columns; objects within them stay structs. What is no object is refused.

    Raises:
        OSError: it cannot be parsed.
        NotUsable: a document without a list of records.
    """
    name, records = _records(path, head)
    size = RECORD_BYTES if name != "JSON document" else path.stat().st_size + 1
    lines = scratch.with_suffix(".ndjson")
    try:
        with duckdb.connect() as connection:
            values = {"path": escape(str(path)), "size": size}
            connection.execute(
                f"""CREATE TEMP TABLE records AS
                    SELECT *, CASE WHEN json_valid(record) THEN json_type(record) = 'OBJECT'
                              ELSE false END AS is_object FROM ({records})""",
                values,
            )
            connection.execute(
                # Printed anew, so that every record is on one line.
                f"""COPY (SELECT json_extract(record, '$') AS line FROM records WHERE is_object)
                    TO '{str(lines).replace("'", "''")}'
                    (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x1f')"""
            )
            refused = connection.sql(
                """SELECT row, 'not a JSON object' AS reason, record[:200] AS value
                   FROM records WHERE NOT is_object ORDER BY row"""
            ).pl()
            if not lines.stat().st_size:
                raise NotUsable(f"{name} without a record")
            found = connection.sql(
                """FROM read_json($path, format = 'newline_delimited', sample_size = -1,
                   maximum_object_size = $size, map_inference_threshold = -1)""",
                params={"path": escape(str(lines)), "size": size},
            )
            found.write_parquet(str(scratch), compression="lz4_raw")
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    return Raw(name, pl.scan_parquet(scratch, glob=False), refused=refused.cast(LINE))  # type: ignore[arg-type]


def _records(path: Path, head: bytes) -> tuple[str, str]:
    """Name of the format, and the query for its rows: ``row`` and ``record``, text."""
    if head.lstrip().startswith(b"["):
        return "JSON array", (
            """SELECT row_number() OVER () - 1 AS row, json::VARCHAR AS record FROM
               read_json_objects($path, format = 'array', maximum_object_size = $size)"""
        )
    if _is_lines(head):
        return "JSON lines", (
            """SELECT row_number() OVER () - 1 AS row, line AS record
               FROM read_csv($path, auto_detect = false, header = false, quote = '', escape = '',
                    delim = '\x1f', columns = {line: 'VARCHAR'}, max_line_size = $size)
               WHERE trim(line) <> ''"""
        )
    return "JSON document", (
        f"""SELECT generate_subscripts(list, 1) - 1 AS row, unnest(list)::VARCHAR AS record
            FROM (SELECT CASE {_BRANCHES} END::JSON[] AS list
                  FROM (SELECT json, json_keys(json) AS keys
                        FROM read_json_objects($path, format = 'unstructured',
                                               maximum_object_size = $size)))"""
    )


def _first_list(within: str) -> str:
    """Branch of a CASE: the first list among a document's values, or ``within`` these."""
    paths = f"""list_filter(list_transform(keys, lambda key: '$."' || key || '"{within}'),
                            lambda place: json_type(json, place) = 'ARRAY')"""
    return f"WHEN len({paths}) > 0 THEN json_extract(json, {paths}[1])"


_BRANCHES = " ".join(
    (
        f"WHEN list_has_any(keys, {list(IDENTITY)}) THEN json_array(json)",
        _first_list(""),
        _first_list(".items"),
    )
)
"""Where in a document the records are: it is one itself, or wraps a list, or a page of one."""


def _is_lines(head: bytes) -> bool:
    lines = [line for line in head.split(b"\n") if line.strip()]
    try:
        first = json.loads(lines[0])
    except ValueError:
        return False
    # One object on one line may as well be a document.
    return isinstance(first, dict) and (len(lines) > 1 or bool(first.keys() & set(IDENTITY)))
