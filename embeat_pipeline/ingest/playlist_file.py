"""Read one file of playlists, for those outside of ingest who are given such a file."""

import tempfile
from pathlib import Path

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.reading.readers.raw import NotUsable
from embeat_pipeline.ingest.reading.recognition import UNREADABLE, describe, open_file
from embeat_serve.errors import UsageError


def read_playlist_file(path: Path) -> pl.DataFrame:
    """Read the playlists of a file in any format of a dump.

    Returns:
        ``playlist_id`` (null where the file has none) and ``track_ids`` (bare ids, null where an
        entry is blank; null where the playlist has no list), in the order of the file.

    Raises:
        UsageError: the file is damaged, of no known format, or holds no playlists.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="embeat-") as scratch:
            recognised = open_file(path, Path(scratch) / "raw")
            sources = (recognised.source, *recognised.embedded)
            frames = [source.frame for source in sources if source.table == "playlists"]
            if not frames:
                raise UsageError(f"{path} holds {recognised.source.table}, expected playlists")
            rows = frames[0].select("playlist_id", "track_ids").collect()
    except NotUsable as error:
        raise UsageError(f"{path}: {error}") from None
    except UNREADABLE as error:
        raise UsageError(f"{path}: {describe(error)}") from None
    return rows.with_columns(
        pl.col("track_ids").list.eval(policy.identifier(pl.element(), "track"))
    )
