"""How well recordings are told apart without ISRCs, measured on the tracks that have one.

An ISRC is the truth only up to a point: labels register one recording again, for another country,
owner or edition. Such pairs count as wrong in ``precision``; ``precision_judged`` leaves out those
by the same artists, of the same length, that the audio analysis cannot tell apart either or of
which one says that it is a remaster, which is to be the same recording.
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
from embeat_pipeline.ingest.session import statements

LISTED = 50
"""Wrong pairs of each kind that are listed by default."""

MOST_LISTED = 100
"""Tracks of a recording, or of an ISRC, of which pairs are still looked at one by one."""

FEWEST_PAIRS = 100
"""With fewer pairs of one ISRC there is nothing to tell."""

LEAST_PRECISION = 0.99
LEAST_RECALL = 0.98

_COLUMNS = (
    "track_code", "track_id", "track_name", "artist_codes", "artist_names", "isrc", "duration_ms",
    "tempo", "energy", "valence", "acousticness", "speechiness",
)  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """Recordings told by title, artists, length and sound against those told by ISRC.

    Attributes:
        tracks: tracks with an ISRC.
        told_pairs: pairs of them told to be one recording.
        isrc_pairs: pairs that share an ISRC.
        right_pairs: pairs that are both.
        reregistered_pairs: pairs told to be one recording that have two ISRCs, but the same
            artists and length, and the same sound or a remaster.
        joined: some pairs told to be one recording though their ISRCs differ, those that are not
            ``reregistered`` first; and of both tracks, as ``…_a`` and ``…_b``, ``track_id``,
            ``title``, ``artists``, ``duration_ms``, ``isrc``.
        parted: some pairs that share an ISRC but are told apart; columns as in ``joined``.
    """

    tracks: int
    told_pairs: int
    isrc_pairs: int
    right_pairs: int
    reregistered_pairs: int
    joined: pl.DataFrame
    parted: pl.DataFrame

    @property
    def precision(self) -> float:
        """Share of the pairs told to be one recording that share an ISRC; 1 if there are none."""
        return self.right_pairs / self.told_pairs if self.told_pairs else 1.0

    @property
    def precision_judged(self) -> float:
        """The same without the pairs that an ISRC cannot judge."""
        told = self.told_pairs - self.reregistered_pairs
        return self.right_pairs / told if told else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs that share an ISRC that are told to be one; 1 if there are none."""
        return self.right_pairs / self.isrc_pairs if self.isrc_pairs else 1.0

    @property
    def is_good(self) -> bool:
        """Whether the aims are met, or there are too few pairs to say."""
        enough = self.isrc_pairs >= FEWEST_PAIRS
        met = self.precision_judged >= LEAST_PRECISION and self.recall >= LEAST_RECALL
        return met or not enough


def measure_recordings(tracks: Path, listed: int = LISTED) -> Agreement:
    """Tell recordings of the tracks with an ISRC by everything else, and compare.

    Args:
        tracks: the clean table of tracks.
        listed: wrong pairs of each kind to list at most.
    """
    columns = pl.scan_parquet(tracks, glob=False).filter(pl.col("isrc").is_not_null())
    named = columns.select(*_COLUMNS, "album_name")
    keyed = with_recording_key(named, "track_name", "album_name", "recording_key").select(
        *_COLUMNS, "recording_key"
    )
    with tempfile.TemporaryDirectory(prefix="embeat-") as folder:
        rows = Path(folder) / "tracks.parquet"
        keyed.sink_parquet(rows, compression="lz4")
        with open_database(Path(folder) / "spill") as database:
            variables = policy.SQL_VARIABLES | {"listed": listed, "most_listed": MOST_LISTED}
            for name, value in variables.items():
                database.execute(f"SET VARIABLE {name} = $value", {"value": value})
            database.read_parquet(escape(str(rows))).create_view("tracks")
            return _compare(database)


def _compare(database: duckdb.DuckDBPyConnection) -> Agreement:
    steps = dict(statements("recording_quality"))
    database.execute(dict(statements("same_recording"))["run"])
    database.execute(steps["run"])
    counts = database.sql(steps["counts"]).pl().cast(pl.Int64).row(0, named=True)
    listed = {}
    for pairs in ("joined", "parted"):
        database.execute("SET VARIABLE pairs = $pairs", {"pairs": pairs})
        listed[pairs] = database.sql(steps["pairs"]).pl()
    return Agreement(**counts, **listed)


def as_markdown(pairs: pl.DataFrame) -> str:
    """A table of ``joined`` or ``parted``, a line per pair."""
    named = [f"{name}_{side}" for name in ("title", "artists") for side in "ab"]
    shown = pairs.select(
        *(pl.col(name).fill_null("").str.replace_all(r"[\\|`\[\]<>*_]", r"\$0") for name in named),
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
