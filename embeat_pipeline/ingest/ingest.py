"""Turn raw dumps into clean tables with dense codes; keep what is refused, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import sync_folder, write_json
from embeat_pipeline.common.fingerprint import code_version, fingerprint
from embeat_pipeline.common.logging import pipeline_logger
from embeat_pipeline.common.stage_cache import forget, is_current, made_metadata, mark_current
from embeat_pipeline.ingest.dump import Dump, DumpFile, list_dump
from embeat_pipeline.ingest.incremental.affected import MAX_AFFECTED_SHARE
from embeat_pipeline.ingest.incremental.plan import (
    FullRebuildRequired,
    PreviousIngest,
    Provenance,
    commit_state,
    find_previous,
    save_state,
)
from embeat_pipeline.ingest.report import build_report, report_path
from embeat_pipeline.ingest.resolve import resolve
from embeat_pipeline.ingest.scratch import ingest_lock, remove_abandoned
from embeat_pipeline.ingest.session import ingest_session
from embeat_pipeline.ingest.staging import stage_files, staged_columns
from embeat_pipeline.ingest.strategies import FullBuild, Incremental
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UnusableDump

STAGED = ".staged"
"""Folder of the cleaned rows of each file, so that only new files are read."""

OUTPUTS = ("tracks", "artists", "playlists", "genre_map", "related_artists", "rejects")
"""Tables that this stage writes."""


def ingest(
    lake: LakePaths,
    raw: Path | None = None,
    *,
    max_affected_share: float = MAX_AFFECTED_SHARE,
) -> dict[str, Any]:
    """Read every file of the dump; write the clean tables and ``reports/ingest.json``.

    Files are recognised by content. What cannot be read or used stops nothing: it is refused with
    a reason, in the table ``rejects`` and as a warning on stderr. Row counts add up: for every
    file, accepted, merged and rejected rows are the rows read.

    If files were only added since the last ingest, only what they affect is resolved again. Two
    ingests of a lake run one after the other.

    Args:
        lake: where tables and report go.
        raw: folder of the dump; the lake's own ``raw`` by default.
        max_affected_share: everything is resolved again if new files affect a larger share of the
            tracks.

    Returns:
        Rows per table, and numbers of files read and refused; with ``unchanged`` if nothing had
        to be done.

    Raises:
        UnusableDump: there is no dump, or no track in it can be used.
    """
    raw = raw or lake.raw
    files = list_dump(raw)
    if not files:
        raise UnusableDump(
            f"no dump in {raw}: put one there, or run python -m embeat_pipeline sample --out {raw}"
        )
    identities = [file.identity for file in files]
    report = report_path(lake)
    outputs = [*map(lake.table, OUTPUTS), report]
    key = fingerprint(__name__, settings={"files": identities})
    with ingest_lock(lake.tables):
        remove_abandoned(lake.tables, outputs)
        if is_current(outputs, key):
            return made_metadata(report) | {"unchanged": True}
        build = _Build(lake, raw, files, Provenance(key, code_version(__name__), identities))
        previous = find_previous(lake.tables, build.provenance, outputs)
        try:
            content = build.run(previous, max_affected_share)
        except FullRebuildRequired as reason:
            pipeline_logger().info("ingest: codes are assigned anew: %s", reason)
            content = build.run(None, max_affected_share)
        write_json(report, content)
        refused = sum("format" not in file for file in content["files"])
        metadata = content["tables"] | {"files": len(files), "files_refused": refused}
        mark_current(outputs, key, metadata)
    return metadata


@dataclass(frozen=True)
class _Build:
    """The work of one ingest that found something to do."""

    lake: LakePaths
    raw: Path
    files: Sequence[DumpFile]
    provenance: Provenance

    def run(self, previous: PreviousIngest | None, max_affected_share: float) -> dict[str, Any]:
        """Build the tables, put them in place together, and return the content of the report.

        Raises:
            FullRebuildRequired: the tables cannot be built on ``previous``.
        """
        tables = self.lake.tables
        with ingest_session(tables, staged_columns()) as session:
            facts = stage_files(session, tables / STAGED, self.files)
            session.open_views()
            read_before = previous.files if previous else frozenset()
            new = {n for n, file in enumerate(self.files) if file.identity not in read_before}
            dump = Dump(self.raw, self.files, new, facts)
            strategy = Incremental(previous, dump, max_affected_share) if previous else FullBuild()
            built = session.folder / "built"
            built.mkdir()
            resolved = resolve(session, dump, strategy=strategy, folder=built)
            save_state(
                session,
                built / "resolved",
                playlists=resolved.playlists,
                dump=dump,
                provenance=self.provenance,
            )
            content = {"tables": dict(resolved.rows)}
            content |= build_report(session, dump, resolved.playlists.entries)
            self._commit(built)
        return content

    def _commit(self, built: Path) -> None:
        """Put the tables and the state of the next ingest in place."""
        forget([*map(self.lake.table, OUTPUTS), report_path(self.lake)])
        for name in OUTPUTS:
            (built / f"{name}.parquet").replace(self.lake.table(name))
        commit_state(self.lake.tables, built / "resolved")
        sync_folder(self.lake.tables)
