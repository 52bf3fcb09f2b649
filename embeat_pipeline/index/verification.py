"""Verify a release once, and keep the result in it for the check and for publishing.

A verification opens a release and takes a third of the time of a build. So its result is written
to ``verified.json`` of the release, with a key of everything it depends on: the verifying code,
its limits, the tables, and every file of the release. Any difference in the key, and any failed
check, means that the release is verified again. A release that was damaged after its verification
is therefore never taken for a sound one.

Small files count by content, large ones by size and time of change: to read all of a release
would take as long as to verify it. Some large files count by content, too: the engine maps them
writable, and so sets their time of change whenever it loads a release.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.index import release_checks
from embeat_pipeline.index.config import TABLES
from embeat_pipeline.index.release_checks import Check
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.errors import BrokenRelease
from embeat_serve.stores.factory import read_manifest

RECORD = "verified.json"
"""File of a release that holds the checks it passed."""

SMALL_FILE = 1 << 16
"""Largest size in bytes of a file that counts by content."""

MAPPED_WRITABLE = ("flags_", "tracker.", "deleted.", "status.")
"""Beginnings of the names of the engine's files that count by content at any size."""


def verified_checks(lake: LakePaths, release: str) -> list[Check]:
    """Return the checks of a release, from its record where that is current.

    A release that cannot be read at all is one failed check, not an exception.
    """
    folder = lake.release(release)
    recorded = read_record(lake, folder)
    if recorded is not None:
        return recorded
    try:
        manifest = read_manifest(lake, release)
    except BrokenRelease as error:
        return [Check("readable", False, str(error), "yes")]
    return verify_and_record(lake, folder, manifest)


def verify_and_record(lake: LakePaths, folder: Path, manifest: Manifest) -> list[Check]:
    """Verify the release in ``folder`` and, where it passes every check, record that."""
    tables = _table_states(lake)
    checks = release_checks.verify_folder(lake, folder, manifest)
    # Taken afterwards, since the engine completes its configuration when it first loads a release.
    key = verification_key(lake, folder)
    if key["tables"] == tables and all(check.passed for check in checks):
        # Without a record, the release is only verified once more.
        with suppress(OSError):
            write_json(folder / RECORD, {"key": key, "checks": list(map(asdict, checks))})
    return checks


def read_record(lake: LakePaths, folder: Path) -> list[Check] | None:
    """Return the recorded checks of a release; None where there is no current record."""
    try:
        content = json.loads((folder / RECORD).read_bytes())
        if content["key"] != verification_key(lake, folder):
            return None
        return [Check(**check) for check in content["checks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def verification_key(lake: LakePaths, folder: Path) -> dict[str, Any]:
    """Return everything that a verification of the release in ``folder`` depends on.

    Raises:
        OSError: a table or a file cannot be read.
    """
    return {
        "code": code_version(release_checks.__name__),
        "limits": release_checks.limits(),
        "tables": _table_states(lake),
        "files": _files_digest(folder),
    }


def _table_states(lake: LakePaths) -> dict[str, list[int | str]]:
    return {name: _state(lake.table(name)) for name in TABLES}


def _files_digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    states = [[path.relative_to(folder).as_posix(), *_state(path)] for path in files]
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()


def _state(path: Path) -> list[int | str]:
    status = path.stat()
    if status.st_size <= SMALL_FILE or path.name.startswith(MAPPED_WRITABLE):
        return [status.st_size, file_digest(path)]
    return [status.st_size, status.st_mtime_ns]
