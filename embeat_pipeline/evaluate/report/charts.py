"""The report's charts, drawn from the evaluation's JSON alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from embeat_pipeline.common.svg import Drawing, ticks
from embeat_pipeline.evaluate.quality.acoustic_retrieval import RELATIONS

WIDTH = 980
LABELS = 210
ROW = 22
TOP = 46

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


class Dot(NamedTuple):
    """A mean with its interval."""

    style: str
    mean: float
    low: float
    high: float


def by_count(result: Mapping[str, Any]) -> dict[str, Any]:
    """What was found for each number of seeds, the fewest first (JSON objects have no order)."""
    return dict(sorted(result["seeds"].items(), key=lambda item: int(item[0])))


def dot_plot(
    rows: Sequence[str], panels: Mapping[str, Sequence[Dot | None]], label: str
) -> Drawing:
    """Panels side by side over common rows; every panel has its own scale from 0.

    Args:
        rows: names down the left.
        panels: title -> a dot for each row, None where there is none.
        label: what the chart shows, for those who cannot see it.
    """
    height = TOP + ROW * len(rows) + 26
    drawing = Drawing(WIDTH, height, label)
    width = (WIDTH - LABELS) / max(len(panels), 1)
    for place, name in enumerate(rows):
        drawing.text(LABELS - 12, TOP + ROW * place + 15, name, "end")
    for number, (title, dots) in enumerate(panels.items()):
        _panel(drawing, LABELS + width * number, width, title, dots, height)
    return drawing


def _panel(
    drawing: Drawing,
    left: float,
    width: float,
    title: str,
    dots: Sequence[Dot | None],
    height: float,
) -> None:
    scale = ticks(max((dot.high for dot in dots if dot), default=1), 3)
    inner = width - 50

    def x(value: float) -> float:
        return left + inner * min(max(value, 0) / scale[-1], 1)

    name, _, number = title.partition(" (")
    drawing.text(left, 14, name, "title")
    if number:
        drawing.text(left, 29, number.rstrip(")"), "small faint")
    for tick in scale:
        drawing.line(x(tick), TOP - 6, x(tick), height - 22)
        drawing.text(x(tick), height - 8, f"{tick:g}", "small faint middle")
    for place, dot in enumerate(dots):
        if dot is None:
            continue
        y = TOP + ROW * place + 11
        drawing.line(x(dot.low), y, x(dot.high), y, f"band {dot.style}")
        tip = f"{dot.mean:.4f} [{dot.low:.4f}, {dot.high:.4f}]"
        drawing.circle(x(dot.mean), y, 4.5, dot.style, tip)
        drawing.text(x(dot.high) + 7, y + 4, f"{dot.mean:.3f}", "small faint halo")


def by_system(result: Mapping[str, Any], metric: str, stratum: str) -> Drawing:
    """Every system, a panel for each number of seeds."""
    systems = result["systems"]
    panels = {}
    for count, found in by_count(result).items():
        number = found["queries"].get(stratum, 0)
        title = f"{count} seed{'s' if count != '1' else ''} (n={number})"
        panels[title] = [_dot(found["table"], system, stratum, metric) for system in systems]
    names = [system["name"] for system in systems]
    return dot_plot(names, panels, f"{metric} of every system, {STRATUM_TITLES[stratum]}")


def by_stratum(result: Mapping[str, Any], metric: str, count: str) -> Drawing:
    """Every system, a panel for each stratum; the number of seeds is ``count``."""
    systems, found = result["systems"], result["seeds"][count]
    panels = {
        f"{STRATUM_TITLES[stratum]} (n={found['queries'][stratum]})": [
            _dot(found["table"], system, stratum, metric) for system in systems
        ]
        for stratum in STRATUM_TITLES
        if stratum not in ("all", "novel") and found["queries"].get(stratum)
    }
    names = [system["name"] for system in systems]
    return dot_plot(names, panels, f"{metric} by stratum, {count} seeds")


def _dot(
    table: Mapping[str, Any], system: Mapping[str, str], stratum: str, metric: str
) -> Dot | None:
    cell = table[system["name"]].get(stratum, {}).get(metric)
    if cell is None:
        return None
    return Dot(system["group"], cell["mean"], cell["low"], cell["high"])


def by_relation(sound: Mapping[str, Any], metric: str) -> Drawing:
    """Acoustic spaces, a panel for each relation."""
    spaces = sound["spaces"]
    relations = sound["table"][spaces[0]]
    panels = {
        f"same {relation} (n={relations[relation][metric]['count']} artists)": [
            Dot(
                style,
                *(sound["table"][space][relation][metric][key] for key in ("mean", "low", "high")),
            )
            for style, space in zip(("baseline", "upstream", "release"), spaces, strict=True)
        ]
        for relation in RELATIONS
        if relation in relations
    }
    return dot_plot(spaces, panels, f"{metric} of acoustic retrieval")


def agreement(found: Mapping[str, Any]) -> Drawing:
    """Which channels list the same songs: a table of shares, the darker the more."""
    names, share = found["systems"], found["share"]
    size, left, top = 92, 150, 30
    drawing = Drawing(left + size * len(names) + 10, top + 40 * len(names) + 6, "channel agreement")
    for column, name in enumerate(names):
        drawing.text(left + size * column + size / 2, 18, name, "small middle")
    for row, name in enumerate(names):
        y = top + 40 * row
        drawing.text(left - 10, y + 24, name, "end")
        for column, value in enumerate(share[row]):
            x = left + size * column
            drawing.rect(x + 1, y + 1, size - 2, 38, "accent", 0.05 + 0.6 * value)
            drawing.text(x + size / 2, y + 24, f"{100 * value:.0f} %", "middle")
    return drawing


LIFTS = (
    ("less-2", "less than half as often as wanted"),
    ("less-1", "less often"),
    ("even", "as often, within a fifth"),
    ("more-1", "more often"),
    ("more-2", "more than twice as often"),
)


def genre_map(genres: Sequence[Mapping[str, Any]], labels: int = 24) -> Drawing:
    """Genres in their places, sized by how often they are recommended, coloured by how that
    compares with how often they are wanted."""
    height, margin = 620, 26
    drawing = Drawing(WIDTH, height + 34, "genre map of what is recommended")
    xs, ys = [g["x"] for g in genres] or [0, 1], [g["y"] for g in genres] or [0, 1]

    def spot(genre: Mapping[str, Any]) -> tuple[float, float]:
        wide, high = max(max(xs) - min(xs), 1e-9), max(max(ys) - min(ys), 1e-9)
        return (
            margin + (WIDTH - 2 * margin) * (genre["x"] - min(xs)) / wide,
            margin + (height - 2 * margin) * (genre["y"] - min(ys)) / high,
        )

    largest = max((genre["recommended"] for genre in genres), default=1) or 1
    for genre in genres:
        more = (genre["recommended"] + 1e-5) / (genre["wanted"] + 1e-5)
        radius = 2 + 20 * math.sqrt(genre["recommended"] / largest)
        tip = (
            f"{genre['genre']}: {100 * genre['recommended']:.2f} % of recommended songs, "
            f"{100 * genre['wanted']:.2f} % of wanted ones"
        )
        drawing.circle(*spot(genre), radius, _lift(more), tip, 0.62)
    drawing.names([(*spot(genre), genre["genre"]) for genre in genres], labels)
    drawing.legend(margin, height + 18, LIFTS)
    return drawing


def _lift(more: float) -> str:
    place = sum(more > bound for bound in (0.5, 1 / 1.2, 1.2, 2.0))
    return LIFTS[place][0]


def reliability(bins: Sequence[Mapping[str, float]]) -> Drawing:
    """Stated confidence of predicted genres against how often they are right."""
    size, margin = 300, 44
    drawing = Drawing(size + 2 * margin, size + 2 * margin, "reliability of predicted genres")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        place = margin + size * tick
        drawing.line(place, margin, place, margin + size)
        drawing.line(margin, place, margin + size, place)
        drawing.text(place, margin + size + 16, f"{tick:g}", "small faint middle")
        drawing.text(margin - 8, margin + size * (1 - tick) + 4, f"{tick:g}", "small faint end")
    drawing.line(margin, margin + size, margin + size, margin, "axis")
    total = sum(found["count"] for found in bins) or 1
    for found in bins:
        x = margin + size * found["confidence"]
        y = margin + size * (1 - found["right"])
        radius = 4 + 14 * math.sqrt(found["count"] / total)
        stated, right = found["confidence"], found["right"]
        tip = f"{found['count']} artists: stated {stated:.2f}, right {right:.2f}"
        drawing.circle(x, y, radius, "accent", tip, 0.7)
    drawing.text(margin + size / 2, size + 2 * margin - 10, "confidence stated", "small middle")
    drawing.text(margin, margin - 12, "share of artists it was right for", "small")
    return drawing
