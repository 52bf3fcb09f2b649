"""Count, for phrases in the names of playlists, the playlists that hold each track."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.playlists.titles.config import TitleConfig
from embeat_pipeline.playlists.titles.terms import title_texts
from embeat_serve.titles.phrase_tracks import LONGEST_PHRASE, PhraseTracks, phrase_key

_PHRASES = """
    CREATE TEMP TABLE phrases AS
    SELECT DISTINCT row, array_to_string(words[start : start + length - 1], ' ') AS phrase
    FROM (
            SELECT row, list_filter(string_split(text, ' '), lambda word: word <> '') AS words
            FROM titles
        ),
        unnest(range(1, $longest + 1)) AS lengths(length),
        unnest(range(1, len(words) - length + 2)) AS starts(start)
"""
_FREQUENT = """
    SELECT phrase, count(*) AS playlists FROM phrases GROUP BY phrase
    HAVING count(*) >= $least ORDER BY playlists DESC, encode(phrase) LIMIT $most
"""
_TRACKS = """
    SELECT phrase_index, track_code, playlists FROM (
        SELECT phrase_index, track_code, count(*) AS playlists, row_number() OVER (
            PARTITION BY phrase_index ORDER BY count(*) DESC, track_code) AS place
        FROM phrases JOIN frequent USING (phrase) JOIN entries USING (row)
        GROUP BY phrase_index, track_code HAVING count(*) >= $least
    ) WHERE place <= $most ORDER BY phrase_index, track_code
"""


def count_tracks(
    titles: pl.Series,
    playlists: sparse.csr_array,
    track_codes: NDArray[np.uint32],
    config: TitleConfig,
    spill: Path,
) -> PhraseTracks:
    """Count tracks by phrase, in DuckDB, which spills to disk beyond 2 GB.

    Args:
        titles: (p,) names of playlists; null or without a letter has no phrases.
        playlists: (p, v) not 0 where a playlist holds a track.
        track_codes: (v,) code of each column.
        config: which phrases and tracks are kept.
        spill: folder for what does not fit into memory.
    """
    texts = title_texts(titles)
    rows = np.repeat(np.arange(len(titles), dtype=np.uint32), np.diff(playlists.indptr))
    entries = pl.DataFrame({"row": rows, "track_code": track_codes[playlists.indices]})
    with open_database(spill) as database:
        database.register("titles", texts.to_arrow())
        database.register("entries", entries.to_arrow())
        database.execute(_PHRASES, {"longest": LONGEST_PHRASE})
        bounds = {"least": config.min_phrase_titles, "most": config.max_phrases}
        frequent = database.sql(_FREQUENT, params=bounds).pl()
        keys = [phrase_key(phrase) for phrase in frequent["phrase"].to_list()]
        frequent = (
            frequent.with_columns(key=pl.Series(keys, dtype=pl.UInt64))
            .sort("key")
            .with_row_index("phrase_index")
        )
        database.register("frequent", frequent.to_arrow())
        bounds = {"least": config.min_phrase_count, "most": config.max_phrase_tracks}
        counts = database.sql(_TRACKS, params=bounds).pl()
    sizes = np.bincount(counts["phrase_index"].to_numpy(), minlength=len(frequent))
    return PhraseTracks(
        frequent["key"].to_numpy(),
        frequent["playlists"].cast(pl.UInt32).to_numpy(),
        np.cumsum([0, *sizes]),
        counts["track_code"].cast(pl.UInt32).to_numpy(),
        counts["playlists"].clip(0, np.iinfo(np.uint16).max).cast(pl.UInt16).to_numpy(),
        np.array([len(texts)]),
    )
