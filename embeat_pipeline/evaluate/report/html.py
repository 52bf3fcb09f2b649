"""Render the evaluation report as one HTML page that loads nothing."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from embeat_pipeline.evaluate.report import charts
from embeat_pipeline.evaluate.report.charts import Chart
from embeat_pipeline.evaluate.report.style_section import COLUMNS, style_chart, style_tables
from embeat_pipeline.evaluate.report.summary import ALL, HEADLINE, NOVEL
from embeat_pipeline.evaluate.report.title_section import title_view
from embeat_pipeline.evaluate.systems.base import PRODUCT
from embeat_pipeline.interactions.ranking_metrics import (
    CATALOGUE_METRICS,
    LIST_METRICS,
    RANKING_METRICS,
)

GENRE_METRICS = {
    "covered": "with a prediction",
    "top_1": "best is listed",
    "top_3": "one of the best 3 is",
    "f1": "F1 of an artist's set",
}


def render_report(result: Mapping[str, Any]) -> str:
    """HTML of an evaluation.

    Args:
        result: see ``evaluation.evaluate``, as JSON values.
    """
    folder = files("embeat_pipeline.evaluate.report")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["pairs"] = _pairs
    environment.filters["figures"] = _figures
    template = environment.from_string(folder.joinpath("page.html").read_text("utf-8"))
    all_charts = report_charts(result)
    return template.render(
        result={"sound": None, "examples": [], **result},
        against=charts.by_count(result, "headline"),
        style=folder.joinpath("report.css").read_text("utf-8"),
        headline=HEADLINE,
        first_count=next(iter(charts.by_count(result))),
        charts={"sound": None, "style": None, "genre_reliability": None, **all_charts},
        tiles=[*_tiles(result)],
        tables=[*_tables(result)],
        style_columns=COLUMNS,
        style_tables=[*style_tables(result)],
        titles=title_view(result),
        genres=_genres(result.get("genres", {})),
    )


def report_charts(result: Mapping[str, Any]) -> dict[str, Chart]:
    """Every chart by name, in the order of the page."""
    first = next(iter(charts.by_count(result)))
    all_charts = {
        "systems": charts.by_system(result, HEADLINE, NOVEL),
        "systems_all": charts.by_system(result, HEADLINE, ALL),
        **{
            f"against_{count}": charts.by_ratio(result, count)
            for count in charts.by_count(result, "headline")
        },
        "strata": charts.by_stratum(result, HEADLINE, first),
        "agreement": charts.agreement(result["seeds"][first]["agreement"]),
        "genre_map": charts.genre_map(result["genre_map"]),
    }
    if style := style_chart(result):
        all_charts["style"] = style
    if result.get("sound", {}).get("table"):
        all_charts["sound"] = charts.by_relation(result["sound"], HEADLINE)
    if result.get("genres", {}).get("reliability"):
        all_charts["genre_reliability"] = charts.reliability(result["genres"]["reliability"])
    return all_charts


def _tiles(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Headline of the product for each number of seeds, and its ratio to the opponent."""
    for count, measured in charts.by_count(result).items():
        if cell := measured["table"][PRODUCT].get(NOVEL, {}).get(HEADLINE):
            yield {
                "count": count,
                "cell": cell,
                "opponent": measured["reference"],
                "ratio": measured["ratios"].get(PRODUCT, {}).get(NOVEL),
            }


def _tables(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One table for each number of seeds and each stratum that has queries."""
    for count, measured in charts.by_count(result).items():
        for stratum, title in charts.STRATUM_TITLES.items():
            if not measured["queries"][stratum]:
                continue
            yield {
                "count": count,
                "stratum": title,
                "queries": measured["queries"][stratum],
                "reference": measured["reference"],
                "is_open": stratum == NOVEL and count == "1",
                "metrics": (*RANKING_METRICS, *LIST_METRICS),
                # Coverage and Gini are of all lists together, so they are in one table only.
                "catalogue_metrics": CATALOGUE_METRICS if stratum == ALL else (),
                "rows": [*_rows(result, measured, stratum)],
            }


def _rows(
    result: Mapping[str, Any], measured: Mapping[str, Any], stratum: str
) -> Iterator[dict[str, Any]]:
    table = measured["table"]
    systems = [system for system in result["systems"] if stratum in table[system["name"]]]
    highest = {
        metric: max(table[system["name"]][stratum][metric]["mean"] for system in systems)
        for metric in RANKING_METRICS
    }
    group = ""
    for system in systems:
        name, cells = system["name"], table[system["name"]][stratum]
        yield {
            "name": name,
            "starts_group": system["group"] != group,
            "cells": cells,
            "best": {metric for metric in highest if cells[metric]["mean"] == highest[metric]},
            "catalogue": measured["catalogue"][name],
            "difference": measured["differences"].get(name, {}).get(stratum),
        }
        group = system["group"]


def _genres(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What the section on genres shows; empty where nothing was measured."""
    if not measured.get("hidden"):
        return {}
    tracks = measured["tracks"]
    all_tracks = max(tracks["all"], 1) if tracks else 1
    listed, predicted = (tracks["listed"], tracks["predicted"]) if tracks else (0, 0)
    return {
        "measured": measured,
        "metrics": GENRE_METRICS,
        "rows": [
            {"name": name, "figures": {"gain": None, **figures}, "is_model": figures is measured}
            for name, figures in {"predicted": measured, **measured["baselines"]}.items()
        ],
        "listed_share": listed / all_tracks,
        "predicted_share": (listed + predicted) / all_tracks,
    }


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _figures(values: Mapping[str, float]) -> str:
    """Figures from the highest to the lowest."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value:.3f}" for name, value in ordered)
