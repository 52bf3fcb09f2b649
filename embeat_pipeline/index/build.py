"""Builds a release aside and puts it in place whole: ``index/<release>``.

A release is named after everything that decides its content, so the same inputs give the same
release and an existing one is never built again. Work goes on in ``index/.building-*`` under a
lock; what a killed build left there is discarded by the next one.

Where little changed since the release being served, a copy of that one is changed instead
(``increments.py``). It has to pass the same checks, else all is made afresh.
"""

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import embeat_pipeline
from embeat_pipeline.common.atomic import atomic_path, sync_folder, write_json
from embeat_pipeline.common.fingerprint import file_digest
from embeat_pipeline.index.collections import build_collections
from embeat_pipeline.index.config import DEFAULT_OPTIONS, BuildOptions
from embeat_pipeline.index.incremental.plan import BUILT, Base, base_of, recipe, write_recipe
from embeat_pipeline.index.lock import discard_leftovers, discard_release, index_lock
from embeat_pipeline.index.term_dictionary import write_words
from embeat_pipeline.index.verify import verify_folder
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest, ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, PipelineError
from embeat_serve.ranking.model import MANIFEST_PARAMETER, RankingModel
from embeat_serve.stores.factory import read_manifest
from embeat_serve.stores.qdrant_edge import EdgeStore

TABLES = (
    "tracks",
    "artists",
    "artist_genres",
    "genre_map",
    "related_artists",
    "track_vectors",
    "playlist_vectors",
    "track_neighbours",
    "artist_neighbours",
)
"""Tables a release is made of."""


def build_release(lake: LakePaths, options: BuildOptions = DEFAULT_OPTIONS) -> dict[str, Any]:
    """Build the release that the lake's tables and encoder make.

    Returns:
        ``release`` (its name), points per collection, ``bytes`` on disk, ``based_on`` (the
        release of which a copy was changed, or empty), how many points were changed or why all were
        made (``tracks_changed``, ``tracks_made_afresh``, ...); with ``unchanged`` where it was
        there already.

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
        try:
            manifest = _build(lake, release, digests, folder, options)
            sync_folder(folder)
            folder.replace(lake.release(release))
            sync_folder(lake.index)
            _record_built(lake, release)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return _metadata(lake, manifest)


def _build(
    lake: LakePaths, release: str, digests: dict[str, str], folder: Path, options: BuildOptions
) -> Manifest:
    base = base_of(lake, options)
    manifest, changed = _attempt(lake, release, digests, folder, options, base)
    if changed:
        # A graph that was changed too often is the engine's business; here it is built again.
        failed = [check for check in verify_folder(lake, folder, manifest) if not check.passed]
        if failed:
            reason = "changed from release {}, it failed {}".format(
                manifest.based_on, "; ".join(map(str, failed))
            )
            shutil.rmtree(folder)
            afresh = Base(None, reason)
            manifest, _ = _attempt(lake, release, digests, folder, options, afresh)
    return manifest


def _attempt(
    lake: LakePaths,
    release: str,
    digests: dict[str, str],
    folder: Path,
    options: BuildOptions,
    base: Base,
) -> tuple[Manifest, bool]:
    workshop = folder / "workshop"
    workshop.mkdir(parents=True)
    counts, plan = build_collections(lake, folder, workshop, options, base)
    _copy_files(lake, folder)
    write_recipe(folder, options)
    shutil.rmtree(workshop)
    manifest = Manifest(
        release=release,
        format_version=FORMAT_VERSION,
        code_version=embeat_pipeline.__version__,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        inputs=digests,
        counts=counts,
        parameters=options.parameters() | _fusion(lake),
        based_on=base.manifest.release if base.manifest and plan.changes else None,
        changed={name: len(of.changed) + len(of.removed) for name, of in plan.changes.items()},
        afresh=plan.afresh,
    )
    manifest.write(folder)
    return manifest, bool(plan.changes)


def built_release(lake: LakePaths) -> str:
    """Name of the release last built, published or not.

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
    """12 hex digits of everything that decides the content of a release."""
    content = {
        "inputs": digests,
        "recipe": recipe(options),
        "code": embeat_pipeline.__version__,
        "format": FORMAT_VERSION,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _existing(lake: LakePaths, release: str) -> Manifest:
    manifest = read_manifest(lake, release)
    with EdgeStore(lake.release(release)) as store:
        found = {collection: store.count(collection) for collection in Collection.ALL}
    if found != manifest.counts:
        raise BrokenRelease(f"release {release} holds {found}, expected {manifest.counts}")
    return manifest


def input_digests(lake: LakePaths) -> dict[str, str]:
    """Digest of each file that a release of this lake would be made of now.

    Raises:
        PipelineError: one is missing.
    """
    paths = {name: lake.table(name) for name in TABLES}
    paths["encoder"] = lake.models / ReleaseFile.ENCODER
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise PipelineError(
            f"a release needs {', '.join(missing)}, which is not there; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    if fusion_path(lake).is_file():
        paths[MANIFEST_PARAMETER] = fusion_path(lake)
    return {name: file_digest(path) for name, path in paths.items()}


def fusion_path(lake: LakePaths) -> Path:
    """Where the fusion model fitted by the evaluation is kept; without one the default serves."""
    return lake.models / "fusion.json"


def _fusion(lake: LakePaths) -> dict[str, Any]:
    path = fusion_path(lake)
    if not path.is_file():
        return {}
    try:
        return {MANIFEST_PARAMETER: RankingModel.of(json.loads(path.read_bytes())).to_dict()}
    except (ValueError, TypeError, AttributeError) as error:
        raise PipelineError(
            f"{path} holds no fusion model ({error}); delete it, or run "
            f"`python -m embeat_pipeline evaluate --lake {lake.root}`"
        ) from None


def _copy_files(lake: LakePaths, folder: Path) -> None:
    shutil.copyfile(lake.models / ReleaseFile.ENCODER, folder / ReleaseFile.ENCODER)
    genres = pq.read_table(lake.table("genre_map"), columns=["genre", "x", "y"])
    places = zip(*(genres.column(name).to_pylist() for name in genres.column_names), strict=True)
    write_words(lake, folder)
    write_json(folder / ReleaseFile.GENRES, [list(place) for place in places])


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
