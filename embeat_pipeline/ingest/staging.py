"""Clean the files of a dump into staged rows, and cache these, so that no file is read twice.

The staged rows of a file lie in ``tables/.staged/<key>/``, one Parquet file per table, with
``facts.json`` for the report. The key is a digest of the file's content and name and of the code
that cleans it. Folders with a key that no file of the dump has are removed.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from embeat_pipeline.common.atomic import sync_folder
from embeat_pipeline.common.fingerprint import code_version
from embeat_pipeline.common.logging import pipeline_logger
from embeat_pipeline.common.progress import progress
from embeat_pipeline.ingest.cleaning import albums, artists, genre_map, playlists, policy, tracks
from embeat_pipeline.ingest.cleaning import related_artists as related
from embeat_pipeline.ingest.cleaning.policy import PopularityScale
from embeat_pipeline.ingest.dump import DumpFile
from embeat_pipeline.ingest.reading.readers.arrow import is_description
from embeat_pipeline.ingest.reading.readers.raw import NotUsable
from embeat_pipeline.ingest.reading.recognition import (
    UNREADABLE,
    Recognised,
    Source,
    describe,
    open_file,
)
from embeat_pipeline.ingest.session import SCRATCH_COMPRESSION, Columns, IngestSession


class Cleaner(NamedTuple):
    """How the rows of one table are cleaned."""

    columns: Columns
    """Staged columns."""
    reported: Sequence[str]
    """Columns whose nulled values are counted for the report."""
    clean: Callable[[pl.LazyFrame, str, PopularityScale], pl.LazyFrame]
    """Maps canonical columns with ``row`` to staged columns, and possibly others. Arguments are
    the frame, the name of the file and the scale of its column ``popularity``."""
    row_group_size: int | None = None
    """Rows that are read back at a time; None leaves it to the writer."""


CLEANERS = {
    "tracks": Cleaner(tracks.STAGED, tracks.REPORTED, tracks.clean_tracks),
    "albums": Cleaner(albums.STAGED, albums.REPORTED, albums.clean_albums),
    "artists": Cleaner(artists.STAGED, artists.REPORTED, artists.clean_artists),
    "related_artists": Cleaner(related.STAGED, related.REPORTED, related.clean_related_artists),
    "genre_map": Cleaner(genre_map.STAGED, genre_map.REPORTED, genre_map.clean_genre_map),
    "playlists": Cleaner(playlists.STAGED, playlists.REPORTED, playlists.clean_playlists, 10_000),
}
"""Table -> how its rows are cleaned."""

REFUSED_LINE = "line"
"""Kind of a reject that is not even a row of its file's format."""


def stage_files(
    session: IngestSession, cache: Path, files: Sequence[DumpFile]
) -> dict[int, dict[str, Any]]:
    """Recognise and clean all files; a file that cannot be read is refused whole.

    Args:
        session: gets the staged rows and the rejects.
        cache: folder of the staged rows.
        files: files of the dump; the place of a file here is its number.

    Returns:
        Number -> facts for the report, of the files that are not refused.
    """
    cache.mkdir(parents=True, exist_ok=True)
    facts, keys = {}, set()
    with progress("ingest", len(files), "files") as advance:
        for number, file in enumerate(files):
            cached = cache / _key(file)
            keys.add(cached.name)
            try:
                if is_description(file.path):
                    facts[number] = {"format": "description of the files beside it"}
                else:
                    if not (cached / "facts.json").is_file():
                        _stage_file(file, session.folder / f"{number:06}", cached)
                    facts[number] = _load(session, number, cached)
            except NotUsable as error:
                pipeline_logger().warning("warning: %s: %s", file.name, error)
                refused = {"file": number, "row": None, "kind": "file", "reason": str(error)}
                session.reject(pl.DataFrame([refused | {"value": None, "count": 1}]))
            advance(note=file.name)
    for folder in cache.iterdir():
        if folder.name not in keys:
            shutil.rmtree(folder, ignore_errors=True)
    return facts


def _stage_file(file: DumpFile, scratch: Path, target: Path) -> None:
    """Clean one file into the folder ``target``, which appears whole or not at all."""
    scratch.mkdir()
    try:
        recognised = open_file(file.path, scratch / "raw")
        staged = scratch / "staged"
        staged.mkdir()
        facts = _describe(recognised)
        for source in (recognised.source, *recognised.embedded):
            facts["tables"][source.table] = _stage_table(source, file.name, staged)
        recognised.refused.write_parquet(staged / "refused.parquet")
        (staged / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        staged.replace(target)
        sync_folder(target.parent)
    except UNREADABLE as error:
        raise NotUsable(describe(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _describe(recognised: Recognised) -> dict[str, Any]:
    return {
        "format": recognised.format,
        "table": recognised.source.table,
        "columns": recognised.match.mapped,
        "columns_beside": recognised.match.embedded,
        "ignored_columns": recognised.match.ignored,
        "unreadable_columns": recognised.unreadable,
        "refused_lines": recognised.refused.height,
        "tables": {},
    }


def _stage_table(source: Source, file: str, folder: Path) -> dict[str, Any]:
    """Write the staged rows of one table; return how many, and nulled values by column."""
    cleaner = CLEANERS[source.table]
    counts = [pl.col(cleaner.reported).count()]
    if "popularity" in cleaner.reported:
        counts.append(policy.is_fraction(pl.col("popularity")).alias("fraction"))
    before = source.frame.select(counts).collect(engine="streaming").row(0, named=True)
    is_fraction = before.pop("fraction", False)
    scale = PopularityScale.FRACTION if is_fraction else PopularityScale.PERCENT
    numbered = source.frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    part = folder / f"{source.table}.parquet"
    cleaner.clean(numbered, file, scale).select(list(cleaner.columns)).sink_parquet(
        part, compression=SCRATCH_COMPRESSION, row_group_size=cleaner.row_group_size
    )
    staged = pl.scan_parquet(part, glob=False)
    totals = staged.select(pl.col(cleaner.reported).count(), rows=pl.len())
    after = totals.collect(engine="streaming").row(0, named=True)
    nulled = {name: before[name] - after[name] for name in before if before[name] > after[name]}
    return {"rows": after["rows"], "nulled": nulled}


def _load(session: IngestSession, number: int, cached: Path) -> dict[str, Any]:
    """Add the staged rows of a file to the session and return its facts."""
    facts = json.loads((cached / "facts.json").read_text(encoding="utf-8"))
    for table in facts["tables"]:
        session.add_part(table, number, cached / f"{table}.parquet")
    if facts["refused_lines"]:
        lines = pl.read_parquet(cached / "refused.parquet", glob=False)
        session.reject(lines.with_columns(file=number, kind=pl.lit(REFUSED_LINE), count=1))
    return facts


def _key(file: DumpFile) -> str:
    text = json.dumps([*file.identity, code_version(__name__)])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def staged_columns() -> Mapping[str, Columns]:
    """Table -> staged columns."""
    return {table: cleaner.columns for table, cleaner in CLEANERS.items()}
