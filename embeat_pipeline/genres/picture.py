"""The genre map with artists on it."""

import math
from typing import Any

import duckdb

from embeat_pipeline.genres.engine import open_engine, run_sql
from embeat_pipeline.svg import Drawing
from embeat_serve.contract import LakePaths

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
        genres = _rows(engine, "genres", {**tables, "number": GENRES})
        artists = _rows(engine, "artists", {**tables, "number": ARTISTS})
    drawing = Drawing(WIDTH, HEIGHT + 34, "genre map with artists")
    largest = max((row["artists"] for row in genres), default=1)
    for row in genres:
        radius = 2 + 18 * math.sqrt(row["artists"] / largest)
        drawing.circle(*_spot(row), radius, "even", f"{row['genre']}: {row['artists']:,}", 0.35)
    for row in artists:
        style = "accent" if row["listed"] else "baseline"
        drawing.circle(*_spot(row), 1.7, style, opacity=0.75)
    _label(drawing, genres)
    x = float(MARGIN)
    for style, meaning in LEGEND:
        drawing.circle(x, HEIGHT + 18, 5, style, opacity=0.75)
        drawing.text(x + 11, HEIGHT + 22, meaning, "small")
        x += 40 + 6 * len(meaning)
    return drawing


def _rows(
    engine: duckdb.DuckDBPyConnection, section: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    found = run_sql(engine, "picture", parameters, section)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _spot(row: dict[str, Any]) -> tuple[float, float]:
    return MARGIN + (WIDTH - 2 * MARGIN) * row["x"], MARGIN + (HEIGHT - 2 * MARGIN) * row["y"]


def _label(drawing: Drawing, genres: list[dict[str, Any]]) -> None:
    """Name the largest genres, as far as names do not overlap."""
    taken: list[tuple[float, float, float]] = []
    for row in genres[: 3 * LABELS]:
        (x, y), half = _spot(row), 3.4 * len(row["genre"])
        x = min(max(x, half + 4), WIDTH - half - 4)
        free = all(abs(y - b) > 15 or abs(x - a) > half + other for a, b, other in taken)
        if free and len(taken) < LABELS:
            drawing.text(x, y + 4, row["genre"], "small middle halo")
            taken.append((x, y, half))
