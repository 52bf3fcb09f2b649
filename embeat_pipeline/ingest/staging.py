"""Clean the files of a dump into staged rows, and keep these: a file is not read twice.

The staged rows of a file lie in ``tables/.staged/<key>/``, one Parquet file per table, with
``facts.json`` for the report. The key is a digest of the file's content and name and of the code
that cleans it, so what has not changed is taken from there, and what no dump names any more is
removed.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from embeat_pipeline.common import stage_cache as lake
from embeat_pipeline.common import text_expressions as text
from embeat_pipeline.common.atomic import sync_folder
from embeat_pipeline.common.progress import progress
from embeat_pipeline.ingest.cleaning import albums, artists, genre_map, playlists, policy, tracks
from embeat_pipeline.ingest.cleaning import related_artists as related
from embeat_pipeline.ingest.reading.discovery import (
    UNREADABLE,
    Recognised,
    Source,
    describe,
    open_file,
)
from embeat_pipeline.ingest.reading.readers.arrow import is_description
from embeat_pipeline.ingest.reading.readers.raw import NotUsable
from embeat_pipeline.ingest.session import SCRATCH_COMPRESSION, Columns, IngestSession
from embeat_serve.contract import audio_features as features
from embeat_serve.contract import text_keys as serve_text


class Step(NamedTuple):
    """How the rows of one table are cleaned."""

    columns: Columns
    """Staged columns."""
    reported: Sequence[str]
    """Columns whose nulled values are counted."""
    clean: Callable[[pl.LazyFrame, str, bool], pl.LazyFrame]
    """Canonical columns with ``row``, the file's name and whether popularity is on the scale
    0..1 -> staged columns, among others."""
    together: int | None = None
    """Rows that are read back at a time; None leaves it to the writer."""


STEPS = {
    "tracks": Step(tracks.STAGED, tracks.REPORTED, tracks.clean_tracks),
    "albums": Step(albums.STAGED, albums.REPORTED, albums.clean_albums),
    "artists": Step(artists.STAGED, artists.REPORTED, artists.clean_artists),
    "related_artists": Step(related.STAGED, related.REPORTED, related.clean_related),
    "genre_map": Step(genre_map.STAGED, genre_map.REPORTED, genre_map.clean_genre_map),
    "playlists": Step(playlists.STAGED, playlists.REPORTED, playlists.clean_playlists, 10_000),
}

REFUSED_LINE = "line"
"""Kind of reject that is no row of its file's format."""


def stage_files(
    place: IngestSession, cache_folder: Path, files: Sequence[tuple[Path, str, str]]
) -> dict[int, dict[str, Any]]:
    """Recognise and clean all files; those that fail are refused whole.

    Args:
        place: what the staged rows are added to.
        cache_folder: where they are kept.
        files: path, name and content digest of each file of the dump; its place here is its
            number.

    Returns:
        Number -> facts for the report, of the files that are not refused.
    """
    cache_folder.mkdir(parents=True, exist_ok=True)
    facts, keys = {}, set()
    with progress("ingest", len(files), "files") as advance:
        for number, (path, name, digest) in enumerate(files):
            kept = cache_folder / _key(name, digest)
            keys.add(kept.name)
            try:
                if is_description(path):
                    facts[number] = {"format": "description of the files beside it"}
                else:
                    if not (kept / "facts.json").is_file():
                        _stage_file(path, name, place.folder / f"{number:06}", kept)
                    facts[number] = _take(place, number, kept)
            except NotUsable as error:
                print(f"warning: {name}: {error}", file=sys.stderr)
                refused = {"file": number, "row": None, "kind": "file", "reason": str(error)}
                place.reject(pl.DataFrame([refused | {"value": None, "count": 1}]))
            advance(note=name)
    for folder in cache_folder.iterdir():
        if folder.name not in keys:
            shutil.rmtree(folder, ignore_errors=True)
    return facts


def _stage_file(path: Path, name: str, scratch: Path, kept: Path) -> None:
    """Clean one file into ``kept``, which appears whole or not at all."""
    scratch.mkdir()
    try:
        found = open_file(path, scratch / "raw")
        staged = scratch / "staged"
        staged.mkdir()
        facts = _describe(found)
        for source in (found.source, *found.beside):
            facts["tables"][source.table] = _stage(source, name, staged)
        found.refused.write_parquet(staged / "refused.parquet")
        (staged / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        staged.replace(kept)
        sync_folder(kept.parent)
    except UNREADABLE as error:
        raise NotUsable(describe(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _describe(found: Recognised) -> dict[str, Any]:
    return {
        "format": found.format,
        "table": found.source.table,
        "columns": found.match.mapped,
        "columns_beside": found.match.beside,
        "ignored_columns": found.match.ignored,
        "unreadable_columns": found.unreadable,
        "refused_lines": found.refused.height,
        "tables": {},
    }


def _stage(source: Source, name: str, folder: Path) -> dict[str, Any]:
    """Write the staged rows of one table; how many there are, and values nulled by column."""
    step = STEPS[source.table]
    counted = [pl.col(step.reported).count()]
    if "popularity" in step.reported:
        counted.append(policy.is_fraction(pl.col("popularity")).alias("fraction"))
    given = source.frame.select(counted).collect(engine="streaming").row(0, named=True)
    numbered = source.frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    cleaned = step.clean(numbered, name, bool(given.pop("fraction", False)))
    part = folder / f"{source.table}.parquet"
    cleaned.select(list(step.columns)).sink_parquet(
        part, compression=SCRATCH_COMPRESSION, row_group_size=step.together
    )
    left = pl.scan_parquet(part, glob=False).select(pl.col(step.reported).count(), rows=pl.len())
    counts = left.collect(engine="streaming").row(0, named=True)
    nulled = {name: given[name] - counts[name] for name in given if given[name] > counts[name]}
    return {"rows": counts["rows"], "nulled": nulled}


def _take(place: IngestSession, number: int, kept: Path) -> dict[str, Any]:
    """Add what is kept of a file to ``place``."""
    facts = json.loads((kept / "facts.json").read_text(encoding="utf-8"))
    for table in facts["tables"]:
        place.add(table, number, kept / f"{table}.parquet")
    if facts["refused_lines"]:
        lines = pl.read_parquet(kept / "refused.parquet", glob=False)
        place.reject(lines.with_columns(file=number, kind=pl.lit(REFUSED_LINE), count=1))
    return facts


def _key(name: str, digest: str) -> str:
    text = json.dumps([name, digest, code_digest("*.py")])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def code_digest(*patterns: str) -> str:
    """Digest of this package's files of such names, and of what they run on."""
    digest = hashlib.sha256(f"{pl.__version__} {duckdb.__version__}".encode())
    shared = (Path(module.__file__ or "") for module in (features, lake, serve_text, text))
    here = Path(__file__).parent
    found = (path for pattern in patterns for path in here.rglob(pattern))
    for path in (*sorted(found), *shared):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def columns_of_steps() -> Mapping[str, Columns]:
    """Table -> staged columns."""
    return {table: step.columns for table, step in STEPS.items()}
