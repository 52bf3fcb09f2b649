"""Songs that live in another genre's playlists than their artist does.

An artist's list says nothing of the one ballad among its metal songs; the playlists that song is
on do. Where they name, with some clarity, a genre that is none of the artist's and not next to
one on the map, the track gets a row. Nobody lists genres of tracks, so there is no truth to
compare with; confidence is the product of how often a vote as clear as this one names a genre the
artist lists (measured on tracks of artists that list any, the track's own artist not voting), and
of the genre's share of the votes for it and for the artist's own best.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from embeat_pipeline.common.fingerprint import stage_key
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import TRACK_GENRES
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.genres.classifier import curve
from embeat_pipeline.genres.config import TrackGenreOptions
from embeat_pipeline.genres.engine import open_engine, run_sql
from embeat_pipeline.genres.map_scale import map_scale
from embeat_serve.contract.lake import LakePaths

INPUTS = ("artist_genres", "genre_map", "playlists", "tracks")
ROWS_AT_ONCE = 200_000


def find_track_genres(
    lake: LakePaths, options: TrackGenreOptions = TrackGenreOptions()
) -> dict[str, Any]:
    """Write table ``track_genres``: only tracks that differ from their artist have a row.

    Returns:
        ``rows``; ``heard``, tracks on enough playlists to tell; ``agreement``, the share of
        votes that name a genre the artist lists, None where no artist lists any.
    """
    output = lake.table("track_genres")
    inputs = {name: lake.table(name) for name in INPUTS}
    key = stage_key(inputs.values(), asdict(options))
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    tables = {name: str(path) for name, path in inputs.items()}
    parameters = {**tables, **asdict(options), "scale": map_scale(inputs["genre_map"])}
    with open_engine(options.memory_limit) as engine, progress("track genres", 3, "steps") as done:
        run_sql(engine, "track_genres", parameters, "votes")
        done(note="votes")
        (heard,) = engine.execute("SELECT count(*) FROM track_vote").fetchall()[0]
        known = run_sql(engine, "track_genres", parameters, "agreement").fetchnumpy()
        agrees = np.asarray(known["agrees"], np.bool_)
        clarity = curve(np.asarray(known["share"], np.float64), agrees)
        done(note="agreement")
        run_sql(engine, "track_genres", parameters, "elsewhere")
        found = engine.sql("SELECT * FROM elsewhere ORDER BY track_code")
        batches = found.to_arrow_reader(ROWS_AT_ONCE)
        rows = write_table(output, TRACK_GENRES, _judged(batches, clarity, options.min_confidence))
        done(note="written")
    metadata = {
        "rows": rows,
        "heard": heard,
        "agreement": float(agrees.mean()) if len(agrees) else None,
        "parameters": asdict(options),
    }
    mark_current([output], key, metadata)
    return metadata


def _judged(
    batches: pa.RecordBatchReader, clarity: tuple[np.ndarray, np.ndarray], least: float
) -> Iterator[pa.Table]:
    for batch in batches:
        table = pa.Table.from_batches([batch])
        share = np.asarray(table["share"], np.float64)
        own = np.asarray(table["own_share"], np.float64)
        confidence = np.interp(share, *clarity) * share / (share + own)
        judged = table.append_column("confidence", pa.array(confidence.astype(np.float32)))
        yield judged.filter(pa.array(confidence >= least))
