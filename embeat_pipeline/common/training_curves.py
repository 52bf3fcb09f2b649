"""Plot the loss and the validations of a training, for the Dagster UI."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embeat_pipeline.common.plots import COLOURS, new_figure

WIDTH, HEIGHT = 6.4, 4.4
"""Size of the figure in inches."""

MAX_POINTS = 300
"""Most points drawn of a curve; longer curves are thinned out evenly."""

VALIDATION_COLOURS = ("release", "baseline", "channel")
"""Colours of the validation curves, in their order."""


def plot_training(
    loss: Sequence[float],
    history: Sequence[Mapping[str, float]],
    *,
    validation_label: str = "retrieval on artists not trained on",
    step_label: str = "step",
) -> Figure:
    """Draw the loss by step above the validations by step.

    Args:
        loss: one value per step, from the first step on.
        history: one row per validation: ``step``, and any number of named values.
        validation_label: what the validations measure.
        step_label: what a step is.
    """
    figure = new_figure(WIDTH, HEIGHT)
    above, below = figure.subplots(2, 1, sharex=True)
    stride = max(-(-len(loss) // MAX_POINTS), 1)
    steps = range(1, len(loss) + 1, stride)
    _draw_curve(above, steps, list(loss)[::stride], COLOURS["accent"])
    above.set_title("loss", loc="left")
    names = [name for name in (history[0] if history else {}) if name != "step"]
    for name, colour in zip(names, VALIDATION_COLOURS, strict=False):
        rows = [row for row in history if name in row]
        values = [row[name] for row in rows]
        _draw_curve(below, [row["step"] for row in rows], values, COLOURS[colour], name)
    below.set_title(validation_label, loc="left")
    below.set_xlabel(step_label)
    if names:
        below.legend(frameon=False)
    return figure


def _draw_curve(
    axes: Axes, steps: Sequence[float], values: Sequence[float], colour: str, label: str = ""
) -> None:
    # A single value makes no line.
    marker = "o" if len(values) == 1 else ""
    axes.plot(steps, values, color=colour, marker=marker, label=label)
