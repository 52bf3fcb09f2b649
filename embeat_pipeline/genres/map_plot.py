"""The genre map with artists on it."""

import math
from typing import Any

from embeat_pipeline.common.svg import Drawing
from embeat_pipeline.genres.engine import open_engine, rows, run_sql
from embeat_serve.contract.lake import LakePaths

WIDTH, HEIGHT, MARGIN = 760, 620, 26
GENRES = 300
"""Genres drawn, those of most artists."""
ARTISTS = 500
"""Artists drawn of each kind, by hash."""
LABELS = 26
LEGEND = (
    ("even", "a genre, by its number of artists"),
    ("accent", "an artist that lists genres"),
    ("baseline", "an artist with predicted genres"),
)


def genre_picture(lake: LakePaths, memory_limit: str = "1GB") -> Drawing:
    """Genres in their places, and a sample of artists at the middle of theirs.

    Args:
        lake: with tables ``artist_genres`` and ``genre_map``.
        memory_limit: DuckDB's.
    """
    tables = {name: str(lake.table(name)) for name in ("artist_genres", "genre_map")}
    with open_engine(memory_limit) as engine:
        genres = rows(run_sql(engine, "picture", {**tables, "number": GENRES}, "genres"))
        artists = rows(run_sql(engine, "picture", {**tables, "number": ARTISTS}, "artists"))
    drawing = Drawing(WIDTH, HEIGHT + 34, "genre map with artists")
    largest = max((row["artists"] for row in genres), default=1)
    for row in genres:
        radius = 2 + 18 * math.sqrt(row["artists"] / largest)
        drawing.circle(*_spot(row), radius, "even", f"{row['genre']}: {row['artists']:,}", 0.35)
    for row in artists:
        style = "accent" if row["listed"] else "baseline"
        drawing.circle(*_spot(row), 1.7, style, opacity=0.75)
    drawing.names([(*_spot(row), row["genre"]) for row in genres], LABELS)
    drawing.legend(MARGIN, HEIGHT + 18, LEGEND)
    return drawing


def _spot(row: dict[str, Any]) -> tuple[float, float]:
    return MARGIN + (WIDTH - 2 * MARGIN) * row["x"], MARGIN + (HEIGHT - 2 * MARGIN) * row["y"]
