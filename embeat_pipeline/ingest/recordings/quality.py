"""Measure how well tracks are grouped into recordings without ISRCs, on tracks that have one.

ISRCs are not the whole truth: labels register one recording again for another country, owner or
edition. Such pairs count as wrong in ``precision``. ``precision_judged`` leaves out pairs by the
same artists and of the same length that also sound the same, or of which one is a remaster.
"""

import tempfile
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import duckdb
import polars as pl

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.cleaning.recording_key import with_recording_key
from embeat_pipeline.ingest.sql_files import section

PAIRS_SHOWN = 50
"""Wrong pairs of each kind that are shown by default."""

MAX_PAIRS_OF = 100
"""Pairs are shown of recordings and ISRCs with at most this many tracks."""

MIN_PAIRS = 100
"""With fewer pairs of one ISRC there is too little to measure."""

MIN_PRECISION = 0.99
MIN_RECALL = 0.98

_COLUMNS = (
    "track_code", "track_id", "track_name", "artist_codes", "artist_names", "isrc", "duration_ms",
    "tempo", "energy", "valence", "acousticness", "speechiness",
)  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """Recordings by title, artists, length and sound, compared with recordings by ISRC.

    Attributes:
        tracks: tracks with an ISRC.
        grouped_pairs: pairs of them grouped as one recording.
        isrc_pairs: pairs that share an ISRC.
        right_pairs: pairs that are both.
        reregistered_pairs: pairs grouped as one recording that have two ISRCs, but the same
            artists and length, and the same sound or a remaster.
        joined: some pairs grouped as one recording although their ISRCs differ, those that are
            ``reregistered`` last. Columns ``track_id``, ``title``, ``artists``, ``duration_ms``
            and ``isrc`` of both tracks, with the endings ``_a`` and ``_b``.
        parted: some pairs that share an ISRC but are not grouped; columns as in ``joined``.
    """

    tracks: int
    grouped_pairs: int
    isrc_pairs: int
    right_pairs: int
    reregistered_pairs: int
    joined: pl.DataFrame
    parted: pl.DataFrame

    @property
    def precision(self) -> float:
        """Share of the grouped pairs that share an ISRC; 1 if there are none."""
        return self.right_pairs / self.grouped_pairs if self.grouped_pairs else 1.0

    @property
    def precision_judged(self) -> float:
        """Precision without the pairs that an ISRC cannot judge."""
        judged = self.grouped_pairs - self.reregistered_pairs
        return self.right_pairs / judged if judged else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs with one ISRC that are grouped; 1 if there are none."""
        return self.right_pairs / self.isrc_pairs if self.isrc_pairs else 1.0

    @property
    def is_good(self) -> bool:
        """Whether precision and recall are high enough, or too few pairs exist to say."""
        enough = self.isrc_pairs >= MIN_PAIRS
        met = self.precision_judged >= MIN_PRECISION and self.recall >= MIN_RECALL
        return met or not enough


def measure_recordings(tracks: Path, pairs_shown: int = PAIRS_SHOWN) -> Agreement:
    """Group the tracks with an ISRC into recordings without using it, and compare.

    Args:
        tracks: the clean table of tracks.
        pairs_shown: wrong pairs of each kind to return at most.
    """
    columns = pl.scan_parquet(tracks, glob=False).filter(pl.col("isrc").is_not_null())
    titles = columns.select(*_COLUMNS, "album_name")
    keyed = with_recording_key(titles, "track_name", "album_name", "recording_key").select(
        *_COLUMNS, "recording_key"
    )
    with tempfile.TemporaryDirectory(prefix="embeat-") as folder:
        rows = Path(folder) / "tracks.parquet"
        keyed.sink_parquet(rows, compression="lz4")
        with open_database(Path(folder) / "spill") as database:
            variables = policy.SQL_VARIABLES | {
                "pairs_shown": pairs_shown,
                "max_pairs_of": MAX_PAIRS_OF,
            }
            for name, value in variables.items():
                database.execute(f"SET VARIABLE {name} = $value", {"value": value})
            database.read_parquet(escape(str(rows))).create_view("tracks")
            return _compare(database)


def _compare(database: duckdb.DuckDBPyConnection) -> Agreement:
    database.execute(section("same_recording", "execute"))
    database.execute(section("quality", "execute"))
    counts = database.sql(section("quality", "counts")).pl().cast(pl.Int64).row(0, named=True)
    pairs = {}
    for kind in ("joined", "parted"):
        database.execute("SET VARIABLE pairs = $pairs", {"pairs": kind})
        pairs[kind] = database.sql(section("quality", "pairs")).pl()
    return Agreement(**counts, **pairs)


def as_markdown(pairs: pl.DataFrame) -> str:
    """Markdown table of ``joined`` or ``parted``, a line per pair."""
    texts = [f"{name}_{side}" for name in ("title", "artists") for side in "ab"]
    shown = pairs.select(
        *(pl.col(name).fill_null("").str.replace_all(r"[\\|`\[\]<>*_]", r"\$0") for name in texts),
        (pl.col("duration_ms_b") - pl.col("duration_ms_a")).alias("longer by ms"),
        pl.col("isrc_a"),
        pl.col("isrc_b"),
        pl.col("reregistered").cast(pl.String).alias("registered again"),
        pl.col("track_id_a"),
        pl.col("track_id_b"),
    )
    head = f"| {' | '.join(shown.columns)} |\n|{'---|' * shown.width}"
    line = pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator=" | ")
    lines = shown.select("| " + line + " |").to_series()
    return "\n".join([head, *lines])
