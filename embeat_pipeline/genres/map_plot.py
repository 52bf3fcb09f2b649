"""Plot the genre map with a sample of artists on it, for the UI."""

from typing import Any

from matplotlib.figure import Figure

from embeat_pipeline.common.duckdb_session import fetch_rows
from embeat_pipeline.common.plots import COLOURS, new_figure
from embeat_pipeline.genres.session import open_session, run_sql
from embeat_serve.contract.lake import LakePaths

WIDTH, HEIGHT = 10.0, 8.6
"""Size of the figure in inches."""
GENRES = 300
"""Genres drawn: those that most artists have first."""
ARTISTS = 500
"""Artists drawn of each kind, chosen by hash."""
LABELS = 26
"""Genres whose names are written: the largest."""
LARGEST_CIRCLE = 1_200
"""Area of the circle of the most frequent genre, in square points."""

Point = dict[str, Any]
"""``x`` and ``y`` on the map, 0..1, and what is drawn there."""


def plot_genre_map(lake: LakePaths, memory_limit: str = "1GB") -> Figure:
    """Draw genres at their places and artists at the centroid of their genres.

    Args:
        lake: has the tables ``artist_genres`` and ``genre_map``.
        memory_limit: memory that DuckDB may use.
    """
    tables = {name: str(lake.table(name)) for name in ("artist_genres", "genre_map")}
    with open_session(memory_limit) as database:
        genres = fetch_rows(run_sql(database, "map_plot", {**tables, "number": GENRES}, "genres"))
        artists = fetch_rows(
            run_sql(database, "map_plot", {**tables, "number": ARTISTS}, "artists")
        )
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.03, 1.03)
    # The map counts downwards, as pictures do.
    axes.set_ylim(1.03, -0.03)
    largest = max((row["artists"] for row in genres), default=1)
    axes.scatter(
        *_coordinates(genres),
        s=[LARGEST_CIRCLE * row["artists"] / largest + 12 for row in genres],
        color=COLOURS["neutral"],
        alpha=0.3,
        linewidths=0,
        label="a genre, by its number of artists",
    )
    for is_listed, colour, label in (
        (True, COLOURS["accent"], "an artist that lists genres"),
        (False, COLOURS["baseline"], "an artist with predicted genres"),
    ):
        points = [row for row in artists if row["listed"] == is_listed]
        axes.scatter(
            *_coordinates(points), s=9, color=colour, alpha=0.75, linewidths=0, label=label
        )
    for row in genres[:LABELS]:
        axes.annotate(row["genre"], (row["x"], row["y"]), ha="center", va="center", fontsize=8)
    legend = figure.legend(loc="outside lower center", ncols=3, frameon=False)
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([30])  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    return figure


def _coordinates(points: list[Point]) -> tuple[list[float], list[float]]:
    return [point["x"] for point in points], [point["y"] for point in points]
