"""How a training went, as a small picture for the Dagster UI, which shows images in Markdown."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from embeat_pipeline.common.svg import Drawing

WIDTH, PANEL, MARGIN = 640, 200, 44
MOST_POINTS = 300
"""Of a curve; of more, every so many is drawn."""

Points = Sequence[tuple[float, float]]


def training_curves(
    loss: Sequence[float],
    history: Sequence[Mapping[str, float]],
    retrieval: str = "retrieval on artists not trained on",
    step: str = "step",
) -> Drawing:
    """The loss by step above the validations by step.

    Args:
        loss: of every step, from the first on.
        history: validations: ``step`` and any number of values.
        retrieval: what the validations are.
        step: what a step is.
    """
    drawing = Drawing(WIDTH, 2 * PANEL, "training curves")
    steps = max(len(loss), 1)
    every = -(-len(loss) // MOST_POINTS)
    points = [(place + 1.0, loss[place]) for place in range(0, len(loss), max(every, 1))]
    until = f"{step} {steps:,}"
    _panel(drawing, 0, "loss", {"accent": points}, steps, until)
    names = [name for name in (history[0] if history else {}) if name != "step"]
    styles = dict(zip(("release", "baseline", "channel"), names, strict=False))
    curves = {
        style: [(found["step"], found[name]) for found in history if name in found]
        for style, name in styles.items()
    }
    _panel(drawing, PANEL, retrieval, curves, steps, until)
    drawing.legend(MARGIN + 10, 2 * PANEL - 8, list(styles.items()))
    return drawing


def _panel(
    drawing: Drawing, top: float, title: str, curves: Mapping[str, Points], steps: int, until: str
) -> None:
    values = [value for points in curves.values() for _, value in points] or [0.0]
    low, high = min(values), max(values)
    right, bottom = WIDTH - 12, top + PANEL - 40

    def place(step: float, value: float) -> tuple[float, float]:
        across = MARGIN + (right - MARGIN) * step / steps
        return across, bottom - (bottom - top - 24) * (value - low) / ((high - low) or 1.0)

    drawing.text(MARGIN, top + 14, title, "title")
    for value in (low, high):
        _, y = place(0, value)
        drawing.line(MARGIN, y, right, y)
        drawing.text(MARGIN - 4, y + 4, f"{value:.3g}", "small end")
    drawing.text(right, bottom + 14, until, "small end faint")
    for style, points in curves.items():
        places = [place(step, value) for step, value in points]
        for (x1, y1), (x2, y2) in pairwise(places):
            drawing.line(x1, y1, x2, y2, f"{style} band")
        if len(places) == 1:
            drawing.circle(*places[0], 2.5, style)
