"""What an ingest read, took, merged and refused: per file, in numbers and with examples."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embeat_pipeline.ingest.cleaning.playlists import ENTRY_COUNTS
from embeat_pipeline.ingest.session import IngestSession, statements
from embeat_serve.contract.lake import LakePaths

REJECT_KIND = {
    "tracks": "track",
    "albums": "album",
    "artists": "artist",
    "playlists": "playlist",
    "related_artists": "related_artist",
    "genre_map": "genre",
}
"""Table -> kind of its refused rows."""


SHOWN_FILES = 200
"""Lines of a table at most; the report and the table ``rejects`` have all."""


def build_report(
    place: IngestSession,
    facts: Mapping[int, Mapping[str, Any]],
    names: Mapping[int, str],
    entries: Mapping[int, Mapping[str, int]],
) -> dict[str, Any]:
    """The report as JSON values.

    Args:
        place: where the ingest took place.
        facts: what staging found out about the files that were read, by number.
        names: names of all the dump's files, by number.
        entries: file number -> what became of its playlist entries.
    """
    rejects = _rejects(place)
    files = []
    for number, name in sorted(names.items()):
        refused = rejects.get(number, [])
        file: dict[str, Any] = {"file": name, "rejects": refused}
        if "tables" not in facts.get(number, {}):
            file |= facts.get(number, {})
        else:
            file |= _read_file(place, number, facts[number], refused)
            if "playlists" in facts[number]["tables"]:
                counts = entries.get(number, {})
                file["entries"] = {name: int(counts.get(name, 0)) for name in ENTRY_COUNTS}
        files.append(file)
    return {"files": files}


def _read_file(
    place: IngestSession,
    number: int,
    facts: Mapping[str, Any],
    rejects: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    def counted(table: str) -> dict[str, Any]:
        return {
            "read": facts["tables"][table]["rows"],
            "accepted": place.outcomes.get((table, "accepted"), {}).get(number, 0),
            "merged": place.outcomes.get((table, "merged"), {}).get(number, 0),
            "rejected": sum(
                reject["count"] for reject in rejects if reject["kind"] == REJECT_KIND[table]
            ),
            "nulled": facts["tables"][table]["nulled"],
        }

    table, lines = facts["table"], facts["refused_lines"]
    main = counted(table)
    described = ("format", "table", "columns", "columns_beside", "ignored_columns")
    return {
        **{name: facts[name] for name in (*described, "unreadable_columns")},
        **main,
        "read": main["read"] + lines,
        "rejected": main["rejected"] + lines,
        "beside": {other: counted(other) for other in facts["tables"] if other != table},
    }


def _rejects(place: IngestSession) -> dict[int, list[dict[str, Any]]]:
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
        if "table" in file
        and any(
            counts["read"] != counts["accepted"] + counts["merged"] + counts["rejected"]
            for counts in (file, *file["beside"].values())
        )
    ]


def failures(content: Mapping[str, Any]) -> list[str]:
    """Per file of a report, what it is or why it was refused, on one line each."""
    lines = []
    for file in content["files"]:
        reasons = [f"{reject['reason']} ({reject['count']}x)" for reject in file["rejects"]]
        if "table" in file:
            table = f"{file['read']:,} rows of {file['table']}"
            lines.append(f"{file['file']}: " + ", ".join([table, *reasons]))
        elif file["rejects"]:
            lines.append(f"{file['file']}: {file['rejects'][0]['reason']}")
    return lines


def files_markdown(content: Mapping[str, Any]) -> str:
    """Table of what became of every file, and of which of its columns are what."""
    head = "| file | table | read | accepted | merged | rejected | columns | ignored |"
    rows = [head, "|---|---|---:|---:|---:|---:|---|---|"]
    for file in content["files"][:SHOWN_FILES]:
        if "table" not in file:
            what = file.get("format") or file["rejects"][0]["reason"]
            rows.append(f"| {_cell(file['file'])} | {_cell(what)} | | | | | | |")
            continue
        parts = {file["table"]: file, **file["beside"]}
        for table, counts in parts.items():
            outcomes = ("read", "accepted", "merged", "rejected")
            mapped = file["columns"] if counts is file else file["columns_beside"].get(table, {})
            columns = ", ".join(
                own if own == name else f"{own} → {name}" for name, own in mapped.items()
            )
            ignored = ", ".join(file["ignored_columns"]) if counts is file else ""
            numbers = " | ".join(f"{counts[outcome]:,}" for outcome in outcomes)
            rows.append(
                f"| {_cell(file['file'])} | {table} | {numbers} | {_cell(columns)} "
                f"| {_cell(ignored)} |"
            )
    return "\n".join(rows)


def rejects_markdown(content: Mapping[str, Any]) -> str:
    """Table of what was refused, why, and examples of each reason."""
    rows = ["| file | what | reason | count | examples |", "|---|---|---|---:|---|"]
    for file in content["files"]:
        for reject in file["rejects"]:
            examples = "; ".join(
                f"row {example['row']}: {example['value']}"
                for example in reject["examples"]
                if example["row"] is not None
            )
            cells = (file["file"], reject["kind"], reject["reason"])
            shown = " | ".join(map(_cell, cells))
            rows.append(f"| {shown} | {reject['count']:,} | {_cell(examples)} |")
    return "\n".join(rows[: SHOWN_FILES + 2])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:300]
