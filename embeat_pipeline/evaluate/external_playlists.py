"""Playlists from outside the lake, in any format that ingest reads."""

import tempfile
from pathlib import Path

import polars as pl

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.reading.readers.raw import NotUsable
from embeat_pipeline.ingest.reading.recognition import UNREADABLE, describe, open_file
from embeat_pipeline.interactions.playlists import Playlists, id_keys, lists_matrix
from embeat_serve.errors import UsageError


def read_withheld(path: Path, catalogue: Catalogue) -> Playlists:
    """Read a file of playlists; tracks that are not in the catalogue are left out.

    Raises:
        UsageError: the file is missing, damaged, or holds no playlists.
    """
    if not path.is_file():
        raise UsageError(f"no file {path}; --playlists takes one file of playlists")
    try:
        with tempfile.TemporaryDirectory(prefix="embeat-") as scratch:
            found = open_file(path, Path(scratch) / "raw")
            sources = (found.source, *found.embedded)
            frame = next((one.frame for one in sources if one.table == "playlists"), None)
            if frame is None:
                raise UsageError(f"{path} holds {found.source.table}, expected playlists")
            rows = _codes(frame, path, catalogue)
    except NotUsable as error:
        raise UsageError(f"{path}: {error}") from None
    except UNREADABLE as error:
        raise UsageError(f"{path}: {describe(error)}") from None
    return Playlists(
        id_keys(rows["playlist_id"]), lists_matrix(rows["track_codes"], len(catalogue))
    )


def _codes(frame: pl.LazyFrame, path: Path, catalogue: Catalogue) -> pl.DataFrame:
    """``playlist_id`` and ``track_codes`` of each playlist."""
    known = pl.DataFrame({"track_id": catalogue.track_ids}).with_row_index("track_code")
    own = pl.format("{}:{}", pl.lit(path.name), "row")
    rows = frame.select("playlist_id", "track_ids").with_row_index("row").collect()
    entries = (
        rows.select("row", track_id="track_ids")
        .explode("track_id")
        .with_columns(policy.identifier(pl.col("track_id"), "track"))
        .join(known, on="track_id")
        .group_by("row")
        .agg(track_codes="track_code")
    )
    named = rows.select("row", playlist_id=pl.coalesce("playlist_id", own))
    return named.join(entries, on="row", how="left", maintain_order="left")
