"""What an ingest read, took, merged and refused: per file, in numbers and with examples."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from embeat_pipeline.ingest.playlists import ENTRY_COUNTS
from embeat_pipeline.ingest.sources import Source
from embeat_pipeline.ingest.workplace import Workplace, statements
from embeat_serve.contract import LakePaths

REJECT_KIND = {
    "tracks": "track",
    "artists": "artist",
    "playlists": "playlist",
    "related_artists": "related_artist",
    "genre_map": "genre",
}
"""Table -> kind of its refused rows."""


def build_report(
    place: Workplace,
    sources: Sequence[Source],
    names: Mapping[int, str],
    given: Mapping[int, Mapping[str, int]],
    entries: Mapping[int, Mapping[str, int]],
    reported: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The report as JSON values.

    Args:
        place: where the ingest took place.
        sources: the files that were read.
        names: names of all the dump's files, by number.
        given: file number -> column -> values present before cleaning.
        entries: file number -> what became of its playlist entries.
        reported: table -> columns whose nulled values are counted.
    """
    left = {
        number: counts
        for table, columns in reported.items()
        for number, counts in _present(place, table, columns).items()
    }
    rejects = _rejects(place)
    files = {
        number: {"file": name, "rejects": rejects.get(number, [])} for number, name in names.items()
    }
    for source in sources:
        number, table = source.number, source.table
        present = left.get(number, {})
        files[number] |= {
            "format": source.format,
            "table": table,
            "columns": dict(source.match.mapped),
            "ignored_columns": source.match.ignored,
            "unreadable_columns": source.unreadable,
            "read": present.get("read", 0),
            "accepted": place.outcomes.get((table, "accepted"), {}).get(number, 0),
            "merged": place.outcomes.get((table, "merged"), {}).get(number, 0),
            "rejected": sum(
                reject["count"]
                for reject in rejects.get(number, [])
                if reject["kind"] == REJECT_KIND[table]
            ),
            "nulled": {
                column: count - present[column]
                for column, count in given[number].items()
                if count > present.get(column, count)
            },
        }
        if table == "playlists":
            counts = entries.get(number, {})
            files[number]["entries"] = {name: int(counts.get(name, 0)) for name in ENTRY_COUNTS}
    return {"files": [files[number] for number in sorted(files)]}


def _present(place: Workplace, table: str, columns: Sequence[str]) -> dict[int, dict[str, int]]:
    """File number -> rows staged, and values of each column that cleaning left."""
    rows = pl.scan_parquet(place.staged_parts(f"staged_{table}"), glob=False)
    counts = rows.group_by("file").agg(pl.len().alias("read"), pl.col(columns).count())
    return {row.pop("file"): row for row in counts.collect(engine="streaming").to_dicts()}


def _rejects(place: Workplace) -> dict[int, list[dict[str, Any]]]:
    """File number -> reasons, with how many records they stand for and the first examples."""
    ((_, query),) = statements("report")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in place.database.sql(query).pl().to_dicts():
        found[row.pop("file")].append(row)
    return found


def read_report(lake: LakePaths) -> dict[str, Any]:
    """The report of the ingest that made the lake's tables."""
    return json.loads(report_path(lake).read_text(encoding="utf-8"))


def report_path(lake: LakePaths) -> Path:
    """Where the report lies."""
    return lake.reports / "ingest.json"


def unaccounted(content: Mapping[str, Any]) -> list[str]:
    """Files of a report of which not every row read was accepted, merged or rejected."""
    return [
        file["file"]
        for file in content["files"]
        if "table" in file and file["read"] != file["accepted"] + file["merged"] + file["rejected"]
    ]


def failures(content: Mapping[str, Any]) -> list[str]:
    """Per file of a report, what it is or why it was refused, on one line each."""
    lines = []
    for file in content["files"]:
        reasons = [f"{reject['reason']} ({reject['count']}x)" for reject in file["rejects"]]
        if "table" in file:
            table = f"{file['read']:,} rows of {file['table']}"
            lines.append(f"{file['file']}: " + ", ".join([table, *reasons]))
        else:
            lines.append(f"{file['file']}: {file['rejects'][0]['reason']}")
    return lines
