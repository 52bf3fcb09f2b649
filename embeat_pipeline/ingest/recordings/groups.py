"""Assign codes to groups of tracks: albums and recordings."""

from enum import Enum, auto

import numpy as np
import polars as pl

from embeat_pipeline.ingest.session import IngestSession


class CodeOwner(Enum):
    """Whose code ``previous_code`` is, and so which code a group keeps."""

    GROUP = auto()
    """The code of the whole group."""
    FIRST_TRACK = auto()
    """The code of the track's previous group. A group keeps that of its first track, if that track
    was the first of its previous group, too."""


def group_codes(session: IngestSession, name: str, owner: CodeOwner) -> pl.DataFrame:
    """Codes of groups: the previous ones where kept, then new ones in order of first tracks.

    Args:
        session: has the groups resolved.
        name: a view with ``track_code``, ascending; ``first``, the code of the first track of its
            group, null where it belongs to none; and ``previous_code``, or null.
        owner: whose code ``previous_code`` is.

    Returns:
        ``track_code``, ``code`` (null without a group) and ``previous_code``.
    """
    rows = pl.read_parquet(session.folder / f"{name}.parquet", glob=False)
    tracks = rows["track_code"].to_numpy()
    is_grouped = rows["first"].is_not_null().to_numpy()
    first = np.where(is_grouped, rows["first"].fill_null(0).to_numpy(), tracks)
    first_row = np.searchsorted(tracks, first)
    previous = rows["previous_code"].cast(pl.Int64).fill_null(-1).to_numpy()
    if owner is CodeOwner.FIRST_TRACK:
        _, first_place = np.unique(previous, return_index=True)
        was_first = np.zeros(len(previous), bool)
        was_first[first_place] = True
        previous = np.where(was_first, previous, -1)[first_row]
    needs_code = is_grouped & (first == tracks) & (previous < 0)
    new = session.previous_counts[name] + np.cumsum(needs_code) - 1
    codes = np.where(previous >= 0, previous, new[first_row])
    return rows.select("track_code", "previous_code").with_columns(
        code=pl.when(pl.Series(is_grouped)).then(pl.Series("code", codes.astype(np.uint32)))
    )
