"""Build a release aside and move it into place as a whole: ``index/<release>``.

A release is named after everything that decides its content. So the same inputs give the same
release, and an existing one is never built again. A build works in ``index/.building-*`` under a
lock; the next build discards what a killed one left there.

Where few points changed since the served release, its collections are patched
(``incremental/plan.py``). The result must pass the same checks; otherwise all is built anew.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import embeat_pipeline
from embeat_pipeline.common.atomic import atomic_path, sync_folder, write_json
from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.index.collection_build import BuildSite, build_collections
from embeat_pipeline.index.config import DEFAULT_OPTIONS, MODELS, TABLES, BuildOptions
from embeat_pipeline.index.incremental.plan import (
    BUILT,
    BaseRelease,
    find_base,
    recipe,
    write_recipe,
)
from embeat_pipeline.index.lock import discard_leftovers, discard_release, index_lock
from embeat_pipeline.index.term_dictionary import write_term_dictionary
from embeat_pipeline.index.verification import verify_and_record
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest, ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, PipelineError
from embeat_serve.stores.factory import read_manifest
from embeat_serve.stores.qdrant_edge import EdgeStore


def build_release(lake: LakePaths, options: BuildOptions = DEFAULT_OPTIONS) -> dict[str, Any]:
    """Build the release of the lake's tables and encoder, unless it exists.

    Returns:
        ``release`` (its name), points per collection, ``bytes`` on disk, ``based_on`` (the
        release that was patched, or empty), per collection the number of points changed or the
        reason for building it anew (``tracks_changed``, ``tracks_made_afresh``, ...); and
        ``unchanged`` where the release existed.

    Raises:
        PipelineError: an input is missing, another build is running, or a process failed.
    """
    digests = input_digests(lake)
    release = release_name(digests, options)
    with index_lock(lake):
        discard_leftovers(lake)
        try:
            metadata = {**_metadata(lake, _existing(lake, release)), "unchanged": True}
            _record_built(lake, release)
            return metadata
        except BrokenRelease:
            discard_release(lake, release)
        folder = lake.index / f".building-{release}-{os.getpid()}"
        build = _Build(BuildSite(lake, folder, folder / "scratch", options), release, digests)
        try:
            manifest = build.run()
            sync_folder(folder)
            folder.replace(lake.release(release))
            sync_folder(lake.index)
            _record_built(lake, release)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return _metadata(lake, manifest)


@dataclass(frozen=True)
class _Build:
    """One build of a release that does not exist yet."""

    site: BuildSite
    release: str
    digests: dict[str, str]

    def run(self) -> Manifest:
        """Build the release in the site's folder, patched if that passes the checks."""
        base = find_base(self.site.lake, self.site.options)
        manifest = self._attempt(base)
        if not manifest.changed:
            return manifest
        # The engine decides whether a graph was patched too often; the checks notice.
        checks = verify_and_record(self.site.lake, self.site.folder, manifest)
        failed = "; ".join(str(check) for check in checks if not check.passed)
        if not failed:
            return manifest
        shutil.rmtree(self.site.folder)
        reason = f"patched from release {manifest.based_on}, it failed {failed}"
        return self._attempt(BaseRelease(None, reason))

    def _attempt(self, base: BaseRelease) -> Manifest:
        site = self.site
        site.scratch.mkdir(parents=True)
        collections = build_collections(site, base)
        _copy_files(site.lake, site.folder)
        write_recipe(site.folder, site.options)
        shutil.rmtree(site.scratch)
        patches = collections.patches
        manifest = Manifest(
            release=self.release,
            format_version=FORMAT_VERSION,
            code_version=embeat_pipeline.__version__,
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            inputs=self.digests,
            counts=collections.counts,
            parameters=site.options.parameters(),
            based_on=base.manifest.release if base.manifest and patches else None,
            changed={
                name: len(changes.changed) + len(changes.removed)
                for name, changes in patches.items()
            },
            afresh=collections.rebuild_reasons,
        )
        manifest.write(site.folder)
        return manifest


def built_release(lake: LakePaths) -> str:
    """Return the name of the release last built, published or not.

    Raises:
        PipelineError: none was built in this lake.
    """
    try:
        return _built_path(lake).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise PipelineError(
            f"no release was built in {lake.index} yet; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        ) from None


def _built_path(lake: LakePaths) -> Path:
    return lake.index / BUILT


def _record_built(lake: LakePaths, release: str) -> None:
    with atomic_path(_built_path(lake)) as scratch:
        scratch.write_text(f"{release}\n", encoding="utf-8")


def release_name(digests: dict[str, str], options: BuildOptions) -> str:
    """Return 12 hex digits of everything that decides the content of a release."""
    content = {
        "inputs": digests,
        "recipe": recipe(options),
        "code": code_version(__name__),
        "format": FORMAT_VERSION,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _existing(lake: LakePaths, release: str) -> Manifest:
    manifest = read_manifest(lake, release)
    with EdgeStore(lake.release(release)) as store:
        counts = {collection: store.count(collection) for collection in Collection.ALL}
    if counts != manifest.counts:
        raise BrokenRelease(f"release {release} holds {counts}, expected {manifest.counts}")
    return manifest


def input_digests(lake: LakePaths) -> dict[str, str]:
    """Return the digest of each input file of a release of this lake, by the file's role.

    Raises:
        PipelineError: one is missing.
    """
    paths = {name: lake.table(name) for name in TABLES}
    paths |= {name: lake.models / file for name, file in MODELS.items()}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise PipelineError(
            f"a release needs {', '.join(missing)}, which is not there; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    return {name: file_digest(path) for name, path in paths.items()}


def _copy_files(lake: LakePaths, folder: Path) -> None:
    for file in MODELS.values():
        shutil.copyfile(lake.models / file, folder / file)
    genres = pq.read_table(lake.table("genre_map"), columns=["genre", "x", "y"])
    rows = zip(*(genres.column(name).to_pylist() for name in genres.column_names), strict=True)
    write_term_dictionary(lake, folder)
    write_json(folder / ReleaseFile.GENRES, [list(row) for row in rows])


def _metadata(lake: LakePaths, manifest: Manifest) -> dict[str, Any]:
    folder = lake.release(manifest.release)
    return {
        "release": manifest.release,
        **{f"{collection}_points": count for collection, count in manifest.counts.items()},
        "based_on": manifest.based_on or "",
        **{f"{collection}_changed": count for collection, count in manifest.changed.items()},
        **{f"{collection}_made_afresh": why for collection, why in manifest.afresh.items()},
        # Blocks, not sizes: the engine's files are full of holes.
        "bytes": sum(path.stat().st_blocks * 512 for path in folder.rglob("*")),
    }
