"""Draw figures with matplotlib and turn them into SVG, the same bytes for the same figure."""

import base64
import warnings
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "embeat",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
"""Settings of matplotlib under which every figure is written."""

COLOURS = {
    "release": "#0072b2",
    "channel": "#009e73",
    "baseline": "#b45f06",
    "upstream": "#a3387f",
    "accent": "#0072b2",
    "neutral": "#6b7280",
}
"""What a line or a bar stands for -> its colour. Readable on light and on dark paper."""


def new_figure(width: float, height: float) -> Figure:
    """A figure of ``width`` x ``height`` inches that no window and no global state knows of."""
    with mpl.rc_context(STYLE):
        return Figure(figsize=(width, height), layout="constrained")


def to_svg(figure: Figure) -> str:
    """The figure as one ``<svg>`` element, without date and with stable ids."""
    buffer = StringIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # Text stays text, so the reader's fonts draw what matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def to_markdown_image(figure: Figure, label: str) -> str:
    """The figure as an image in Markdown, as Dagster's UI shows it."""
    encoded = base64.b64encode(to_svg(figure).encode("utf-8")).decode("ascii")
    return f"![{label}](data:image/svg+xml;base64,{encoded})"
