"""Read a file of playlists from outside the lake, in any format that ingest reads."""

from pathlib import Path

import polars as pl

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.ingest.playlist_file import read_playlist_file
from embeat_pipeline.interactions.playlists import Playlists, id_keys, lists_matrix
from embeat_serve.errors import UsageError


def read_external_playlists(path: Path, catalogue: Catalogue) -> Playlists:
    """Read a file of playlists; tracks that are not in the catalogue are left out.

    Raises:
        UsageError: the file is missing, damaged, or holds no playlists.
    """
    if not path.is_file():
        raise UsageError(f"no file {path}; --playlists takes one file of playlists")
    rows = _track_codes(read_playlist_file(path), path, catalogue)
    return Playlists(
        id_keys(rows["playlist_id"]), lists_matrix(rows["track_codes"], len(catalogue))
    )


def _track_codes(playlists: pl.DataFrame, path: Path, catalogue: Catalogue) -> pl.DataFrame:
    """``playlist_id`` and ``track_codes`` of each playlist; a made-up id where it has none."""
    tracks = pl.DataFrame({"track_id": catalogue.track_ids}).with_row_index("track_code")
    own_id = pl.format("{}:{}", pl.lit(path.name), "row")
    rows = playlists.with_row_index("row")
    entries = (
        rows.select("row", track_id="track_ids")
        .explode("track_id")
        .join(tracks, on="track_id")
        .group_by("row")
        .agg(track_codes="track_code")
    )
    named = rows.select("row", playlist_id=pl.coalesce("playlist_id", own_id))
    return named.join(entries, on="row", how="left", maintain_order="left")
