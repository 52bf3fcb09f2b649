"""Codes of groups of tracks: albums and recordings."""

import numpy as np
import polars as pl

from embeat_pipeline.ingest.session import IngestSession


def group_codes(place: IngestSession, name: str, keep_first: bool = False) -> pl.DataFrame:
    """Codes of groups of tracks: earlier ones where kept, others added in order of first tracks.

    Args:
        place: where the groups were resolved.
        name: a view with ``track_code``, ascending, the code of the first track of its group as
            ``first``, null where it belongs to none, and ``earlier_code``, or null: the code its
            group had.
        keep_first: ``earlier_code`` is the track's own instead, and a group keeps that of its
            first track if that was the first before, too.

    Returns:
        ``track_code``, ``code`` (null without a group) and ``earlier_code``.
    """
    rows = pl.read_parquet(place.folder / f"{name}.parquet", glob=False)
    tracks = rows["track_code"].to_numpy()
    grouped = rows["first"].is_not_null().to_numpy()
    first = np.where(grouped, rows["first"].fill_null(0).to_numpy(), tracks)
    leader = np.searchsorted(tracks, first)
    had = rows["earlier_code"].cast(pl.Int64).fill_null(-1).to_numpy()
    if keep_first:
        _, place_of_first = np.unique(had, return_index=True)
        was_first = np.zeros(len(had), bool)
        was_first[place_of_first] = True
        had = np.where(was_first, had, -1)[leader]
    leads = grouped & (first == tracks) & (had < 0)
    added = place.before[name] + np.cumsum(leads) - 1
    codes = np.where(had >= 0, had, added[leader])
    found = pl.Series("code", codes.astype(np.uint32))
    return rows.select("track_code", "earlier_code").with_columns(
        code=pl.when(pl.Series(grouped)).then(found)
    )
