"""Draw the charts of the evaluation report, from the content of its JSON alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from embeat_pipeline.common.plots import COLOURS, new_figure, to_markdown_image, to_svg
from embeat_pipeline.evaluate.quality.acoustic_retrieval import RELATIONS
from embeat_pipeline.evaluate.report.summary import ALL, NOVEL

WIDTH = 10.2
"""Width of a chart in inches: the width of the page."""
ROW_HEIGHT = 0.26
"""Height of a row of ``dot_plot`` in inches."""
GENRE_LABELS = 24
"""Genres whose names are written on the map: the most recommended."""
LARGEST_CIRCLE = 900
"""Area of the largest circle, in square points."""

STRATUM_TITLES = {
    "novel": "novel",
    "all": "all playlists",
    "overlapping": "overlapping",
    "head": "head seeds",
    "mid": "mid seeds",
    "tail": "tail seeds",
    "in": "known seeds",
    "out": "unknown seeds",
}


@dataclass(frozen=True)
class Chart:
    """A figure, and what it shows, for those who cannot see it."""

    figure: Figure
    label: str

    def svg(self) -> str:
        """The chart as one ``<svg>`` element."""
        return to_svg(self.figure)

    def markdown(self) -> str:
        """The chart as an image in Markdown."""
        return to_markdown_image(self.figure, self.label)


@dataclass(frozen=True)
class Dot:
    """A mean with its interval."""

    group: str
    """A key of ``COLOURS``."""
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class LiftClass:
    """Genres that are recommended about so often, in relation to how often they are wanted."""

    above: float
    """Smallest ratio, exclusive."""
    colour: str
    label: str


LIFT_CLASSES = (
    LiftClass(-1.0, "#b2182b", "less than half as often as wanted"),
    LiftClass(0.5, "#ef8a62", "less often"),
    LiftClass(1 / 1.2, COLOURS["neutral"], "as often, within a fifth"),
    LiftClass(1.2, "#67a9cf", "more often"),
    LiftClass(2.0, "#2166ac", "more than twice as often"),
)


def by_count(result: Mapping[str, Any], part: str = "seeds") -> dict[str, Any]:
    """A part of the report by number of seeds, the fewest first (JSON objects have no order)."""
    return dict(sorted(result.get(part, {}).items(), key=lambda item: int(item[0])))


def dot_plot(
    rows: Sequence[str],
    panels: Mapping[str, Sequence[Dot | None]],
    label: str,
    lines: Mapping[str, float | None] = MappingProxyType({}),
) -> Chart:
    """Draw means with intervals in panels side by side; each panel has a scale of its own from 0.

    Args:
        rows: names down the left.
        panels: title -> a dot for each row, None where there is none.
        label: what the chart shows.
        lines: title -> value that a dashed line down the panel marks.
    """
    figure = new_figure(WIDTH, 1.1 + ROW_HEIGHT * len(rows))
    if not panels:
        return Chart(figure, label)
    for axes, (title, dots) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        axes.set_title(title.replace(" (", "\n("), loc="left", fontsize=10)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        highest = max((dot.high for dot in dots if dot), default=0)
        axes.set_xlim(0, 1.25 * highest if highest > 0 else 1)
        if (marked := lines.get(title)) is not None:
            axes.axvline(marked, color=COLOURS["neutral"], linestyle="--", linewidth=1, zorder=0)
        for place, dot in enumerate(dots):
            if dot is None:
                continue
            colour = COLOURS[dot.group]
            axes.hlines(place, max(dot.low, 0), dot.high, color=colour, alpha=0.45, linewidth=5)
            axes.plot(max(dot.mean, 0), place, "o", color=colour, markersize=5)
            axes.annotate(
                f"{dot.mean:.3f}",
                (dot.high, place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    return Chart(figure, label)


def by_system(result: Mapping[str, Any], metric: str, stratum: str) -> Chart:
    """Every system, a panel for each number of seeds; a line marks the opponent, who is named."""
    systems = result["systems"]
    panels, lines = {}, {}
    for count, measured in by_count(result).items():
        number, reference = measured["queries"].get(stratum, 0), measured["reference"]
        title = f"{count} seed{'s' if count != '1' else ''} (n={number}, line: {reference})"
        panels[title] = [_dot(measured["table"], system, stratum, metric) for system in systems]
        lines[title] = _mean(measured["table"], reference, stratum, metric)
    names = [system["name"] for system in systems]
    label = f"{metric} of every system, {STRATUM_TITLES[stratum]}"
    return dot_plot(names, panels, label, lines)


def by_ratio(result: Mapping[str, Any], count: str) -> Chart:
    """The release and its channels as multiples of the opponent, for one number of seeds."""
    against = result["headline"][count]
    opponent = against["opponent"]
    groups = {system["name"]: system["group"] for system in result["systems"]}
    names = [name for name, cells in against["systems"].items() if cells["ratio"]]
    ratios = [against["systems"][name]["ratio"] for name in names]
    dots = [
        Dot(groups[name], cell["mean"], cell["low"], cell["high"])
        for name, cell in zip(names, ratios, strict=True)
    ]
    title = f"multiples of {opponent}, {count} seed{'s' if count != '1' else ''}, novel playlists"
    return dot_plot(names, {title: dots}, title, {title: 1.0})


def by_stratum(result: Mapping[str, Any], metric: str, count: str) -> Chart:
    """Every system, a panel for each stratum; the number of seeds is ``count``.

    A line marks the opponent, who is named below the chart.
    """
    systems, measured = result["systems"], result["seeds"][count]
    panels, lines = {}, {}
    for stratum, name in STRATUM_TITLES.items():
        if stratum in (ALL, NOVEL) or not measured["queries"].get(stratum):
            continue
        title = f"{name} (n={measured['queries'][stratum]})"
        panels[title] = [_dot(measured["table"], system, stratum, metric) for system in systems]
        lines[title] = _mean(measured["table"], measured["reference"], stratum, metric)
    names = [system["name"] for system in systems]
    label = f"{metric} by stratum, {count} seeds; line: {measured['reference']}"
    return dot_plot(names, panels, label, lines)


def _mean(table: Mapping[str, Any], name: str, stratum: str, metric: str) -> float | None:
    return table[name].get(stratum, {}).get(metric, {}).get("mean")


def _dot(
    table: Mapping[str, Any], system: Mapping[str, str], stratum: str, metric: str
) -> Dot | None:
    cell = table[system["name"]].get(stratum, {}).get(metric)
    if cell is None:
        return None
    return Dot(system["group"], cell["mean"], cell["low"], cell["high"])


def by_relation(sound: Mapping[str, Any], metric: str) -> Chart:
    """Acoustic spaces, a panel for each relation."""
    spaces = sound["spaces"]
    relations = sound["table"][spaces[0]]
    panels = {}
    for relation in RELATIONS:
        if relation not in relations:
            continue
        title = f"same {relation} (n={relations[relation][metric]['count']} artists)"
        cells = [sound["table"][space][relation][metric] for space in spaces]
        panels[title] = [
            Dot(group, cell["mean"], cell["low"], cell["high"])
            for group, cell in zip(("baseline", "upstream", "release"), cells, strict=True)
        ]
    return dot_plot(spaces, panels, f"{metric} of acoustic retrieval")


def agreement(measured: Mapping[str, Any]) -> Chart:
    """Which channels list the same songs: a matrix of shares, the darker the more."""
    names, share = measured["systems"], measured["share"]
    figure = new_figure(1.6 + 1.2 * len(names), 0.8 + 0.5 * len(names))
    axes = figure.subplots()
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    middles = [place + 0.5 for place in range(len(names))]
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)
    if names:
        axes.pcolormesh(share, cmap="Blues", vmin=0, vmax=1.6, edgecolors="white")
    axes.invert_yaxis()
    for row, values in zip(middles, share, strict=True):
        for column, value in zip(middles, values, strict=True):
            axes.text(column, row, f"{100 * value:.0f} %", ha="center", va="center")
    return Chart(figure, "channel agreement")


def genre_map(genres: Sequence[Mapping[str, Any]], labels: int = GENRE_LABELS) -> Chart:
    """Genres at their places on the map.

    The size of a circle is how often the genre is recommended; its colour compares that with how
    often the genre is wanted.

    Args:
        genres: see ``genre_shares``, the most recommended first.
        labels: how many names are written.
    """
    figure = new_figure(WIDTH, 7)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.margins(0.06)
    largest = max((genre["recommended"] for genre in genres), default=1) or 1
    for lift in LIFT_CLASSES:
        of_class = [genre for genre in genres if _lift_class(genre) is lift]
        axes.scatter(
            [genre["x"] for genre in of_class],
            [genre["y"] for genre in of_class],
            s=[12 + LARGEST_CIRCLE * genre["recommended"] / largest for genre in of_class],
            color=lift.colour,
            alpha=0.62,
            linewidths=0,
            label=lift.label,
        )
    # The map counts downwards, as pictures do.
    axes.invert_yaxis()
    for genre in genres[:labels]:
        axes.annotate(
            genre["genre"], (genre["x"], genre["y"]), ha="center", va="center", fontsize=8
        )
    legend = figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([40])  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    return Chart(figure, "genre map of what is recommended")


def _lift_class(genre: Mapping[str, Any]) -> LiftClass:
    # The constant keeps the ratio of two rare genres near 1.
    ratio = (genre["recommended"] + 1e-5) / (genre["wanted"] + 1e-5)
    return next(lift for lift in reversed(LIFT_CLASSES) if ratio > lift.above)


def reliability(bins: Sequence[Mapping[str, float]]) -> Chart:
    """Stated confidence of predicted genres against the share that is right.

    Args:
        bins: ``confidence``, ``right`` and ``count`` of each bin.
    """
    figure = new_figure(4.4, 4.4)
    axes = figure.subplots()
    axes.set_aspect("equal")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.plot([0, 1], [0, 1], color=COLOURS["neutral"], linewidth=1)
    total = sum(of_bin["count"] for of_bin in bins) or 1
    axes.scatter(
        [of_bin["confidence"] for of_bin in bins],
        [of_bin["right"] for of_bin in bins],
        s=[20 + LARGEST_CIRCLE * of_bin["count"] / total for of_bin in bins],
        color=COLOURS["accent"],
        alpha=0.7,
        linewidths=0,
    )
    axes.set_xlabel("confidence stated")
    axes.set_ylabel("share of artists it was right for")
    return Chart(figure, "reliability of predicted genres")
