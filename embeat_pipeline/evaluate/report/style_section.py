"""Show the style fit of lists: tables and a chart for the page, a line for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from embeat_pipeline.evaluate.quality.style_fit import EVIDENCE
from embeat_pipeline.evaluate.report.charts import Chart, Dot, by_count, dot_plot
from embeat_pipeline.evaluate.report.summary import ALL, NOVEL

COLUMNS = {
    "fit": "style fit",
    "genres": "genres",
    "era": "era",
    "scene": "scene",
    "sound": "sound",
    "jarring": "songs that jar",
    "no_common_genre": "no genre in common",
    "below_mates": "below mates",
    "knows_genres": "genres known",
    "songs": "songs",
}
"""Metric -> title of its column."""


def counts_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured by number of seeds; empty where nothing was."""
    return by_count(result.get("style_fit", {}))


def style_tables(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One table for each number of seeds and each stratum that has queries."""
    for count, measured in counts_of(result).items():
        for stratum in (NOVEL, ALL, *EVIDENCE):
            if not measured["queries"].get(stratum):
                continue
            yield {
                "count": count,
                "stratum": stratum_title(stratum),
                "queries": measured["queries"][stratum],
                "is_open": stratum == NOVEL,
                "rows": [
                    {
                        "name": name,
                        "cells": cells.get(stratum, {}),
                        "difference": measured["differences"]
                        .get(name, {})
                        .get(stratum, {})
                        .get("jarring"),
                    }
                    for name, cells in measured["systems"].items()
                ],
            }


def style_chart(result: Mapping[str, Any]) -> Chart | None:
    """Songs of ten that jar, a panel for each stratum of evidence of the fewest seeds."""
    counts = counts_of(result)
    if not counts:
        return None
    count, measured = next(iter(counts.items()))
    groups = {system["name"]: system["group"] for system in result["systems"]}
    panels = {
        f"{stratum} playlists (n={measured['queries'][stratum]})": [
            _dot(cells.get(stratum, {}).get("jarring"), groups.get(name, "neutral"))
            for name, cells in measured["systems"].items()
        ]
        for stratum in (NOVEL, *EVIDENCE)
        if measured["queries"].get(stratum)
    }
    label = f"songs of ten that jar, {count} seed{'s' if count != '1' else ''}, by evidence"
    return dot_plot([*measured["systems"]], panels, label)


def style_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """A line for each number of seeds: fit, and songs of ten that jar; after an empty line."""
    counts = counts_of(result)
    if counts:
        yield ""
    for count, measured in counts.items():
        stratum = NOVEL if measured["queries"].get(NOVEL) else ALL
        figures = [
            f"{name} {cells['fit']['mean']:.3f}, {cells['jarring']['mean']:.2f} of 10 jar"
            for name, by_stratum in measured["systems"].items()
            if "fit" in (cells := by_stratum.get(stratum, {}))
        ]
        if figures:
            yield (
                f"style fit, {count} seed{'s' if count != '1' else ''}, {stratum} playlists: "
                + "; ".join(figures)
            )


def stratum_title(stratum: str) -> str:
    """Name of a stratum as the page shows it."""
    if stratum in EVIDENCE:
        return f"seed in {stratum} training playlists"
    return f"{stratum} playlists"


def _dot(cell: Mapping[str, float] | None, group: str) -> Dot | None:
    return Dot(group, cell["mean"], cell["low"], cell["high"]) if cell else None
