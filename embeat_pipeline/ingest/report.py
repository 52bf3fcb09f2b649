"""Report of an ingest: per file, rows read, accepted, merged and rejected, with examples."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embeat_pipeline.ingest.dump import Dump
from embeat_pipeline.ingest.playlist_writer import ENTRY_COUNTS
from embeat_pipeline.ingest.session import IngestSession
from embeat_pipeline.ingest.sql_files import section
from embeat_serve.contract.lake import LakePaths

REJECT_KIND = {
    "tracks": "track",
    "albums": "album",
    "artists": "artist",
    "playlists": "playlist",
    "related_artists": "related_artist",
    "genre_map": "genre",
}
"""Table -> kind of its rejected rows in the table ``rejects``."""

MAX_LINES = 200
"""Lines of a Markdown table at most; the report and the table ``rejects`` have all."""

MAX_FILES_IN_ERROR = 10
"""Files that an error names."""


def build_report(
    session: IngestSession, dump: Dump, entries: Mapping[int, Mapping[str, int]]
) -> dict[str, Any]:
    """Build the report as JSON values.

    Args:
        session: has everything resolved.
        dump: the files, with what staging learned about them.
        entries: number of file -> what became of its playlist entries.
    """
    rejects = _rejects(session)
    files = []
    for number, name in sorted(dump.names.items()):
        facts = dump.facts.get(number, {})
        file: dict[str, Any] = {"file": name, "rejects": rejects.get(number, [])}
        if "tables" not in facts:
            file |= facts
        else:
            file |= _accounts(session, number, facts, file["rejects"])
            if "playlists" in facts["tables"]:
                counts = entries.get(number, {})
                file["entries"] = {name: int(counts.get(name, 0)) for name in ENTRY_COUNTS}
        files.append(file)
    return {"files": files}


def _accounts(
    session: IngestSession,
    number: int,
    facts: Mapping[str, Any],
    rejects: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What became of the rows of one file, by table."""

    def account(table: str) -> dict[str, Any]:
        return {
            "read": facts["tables"][table]["rows"],
            "accepted": session.outcomes.get((table, "accepted"), {}).get(number, 0),
            "merged": session.outcomes.get((table, "merged"), {}).get(number, 0),
            "rejected": sum(
                reject["count"] for reject in rejects if reject["kind"] == REJECT_KIND[table]
            ),
            "nulled": facts["tables"][table]["nulled"],
        }

    table, lines = facts["table"], facts["refused_lines"]
    main = account(table)
    description = (
        "format",
        "table",
        "columns",
        "columns_beside",
        "ignored_columns",
        "unreadable_columns",
    )
    return {
        **{name: facts[name] for name in description},
        **main,
        "read": main["read"] + lines,
        "rejected": main["rejected"] + lines,
        "beside": {other: account(other) for other in facts["tables"] if other != table},
    }


def _rejects(session: IngestSession) -> dict[int, list[dict[str, Any]]]:
    """Number of file -> reasons, with how many records they stand for and the first examples."""
    rejects: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in session.database.sql(section("report", "rejects")).pl().to_dicts():
        rejects[row.pop("file")].append(row)
    return rejects


def read_report(lake: LakePaths) -> dict[str, Any]:
    """Read the report of the ingest that made the lake's tables."""
    return json.loads(report_path(lake).read_text(encoding="utf-8"))


def report_path(lake: LakePaths) -> Path:
    """Where the report lies."""
    return lake.reports / "ingest.json"


def unaccounted(content: Mapping[str, Any]) -> list[str]:
    """List files of a report with rows that were neither accepted nor merged nor rejected."""
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
    """Say of each file of a report what it holds or why it was refused, on one line."""
    lines = []
    for file in content["files"]:
        reasons = [f"{reject['reason']} ({reject['count']}x)" for reject in file["rejects"]]
        if "table" in file:
            table = f"{file['read']:,} rows of {file['table']}"
            lines.append(f"{file['file']}: " + ", ".join([table, *reasons]))
        elif file["rejects"]:
            lines.append(f"{file['file']}: {file['rejects'][0]['reason']}")
    return lines


def unusable_message(folder: Path, content: Mapping[str, Any]) -> str:
    """Message of the error that no track of a dump can be used, with the first files and why."""
    lines = failures(content)
    hidden = len(lines) - MAX_FILES_IN_ERROR
    more = f"; and {hidden} more" if hidden > 0 else ""
    return f"no usable track in {folder}: {'; '.join(lines[:MAX_FILES_IN_ERROR])}{more}"


def files_markdown(content: Mapping[str, Any]) -> str:
    """Markdown table of every file: what became of its rows, and how its columns were read."""
    head = "| file | table | read | accepted | merged | rejected | columns | ignored |"
    rows = [head, "|---|---|---:|---:|---:|---:|---|---|"]
    for file in content["files"][:MAX_LINES]:
        if "table" not in file:
            description = file.get("format") or file["rejects"][0]["reason"]
            rows.append(f"| {_cell(file['file'])} | {_cell(description)} | | | | | | |")
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
    """Markdown table of the rejects, with examples of each reason."""
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
    return "\n".join(rows[: MAX_LINES + 2])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:300]
