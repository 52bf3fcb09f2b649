"""A little SVG: shapes with classes, coloured by a style sheet that follows light and dark."""

import base64
from collections.abc import Sequence
from html import escape

STYLE = """
svg { --ink: #1b1d21; --faint: #6b7280; --grid: #e3e5e8; --paper: #ffffff;
  --release: #0072b2; --channel: #009e73; --baseline: #b45f06; --upstream: #a3387f;
  --accent: #0072b2;
  --more-2: #b3400b; --more-1: #e08a4a; --even: #9aa0a8; --less-1: #5aa2d0; --less-2: #05568c; }
@media (prefers-color-scheme: dark) { svg { --ink: #e8eaed; --faint: #9aa2ad; --grid: #31363d;
  --paper: #14171b; --release: #56b4e9; --channel: #2fc79c; --baseline: #f0a04b;
  --upstream: #e58bc4; --accent: #56b4e9; --more-2: #ff8b4d; --more-1: #d98a55;
  --even: #6d747d; --less-1: #6db3de; --less-2: #3fa0ea; } }
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.small { font-size: 10.5px; } .faint { fill: var(--faint); } .title { font-weight: 600; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: var(--grid); stroke-width: 1; } .axis { stroke: var(--faint); stroke-width: 1; }
.band { stroke-width: 2; } .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
""" + "\n".join(
    f".{name} {{ fill: var(--{name}); stroke: var(--{name}); }}"
    for name in (
        "release",
        "channel",
        "baseline",
        "upstream",
        "accent",
        "more-2",
        "more-1",
        "even",
        "less-1",
        "less-2",
    )
)


class Drawing:
    """Shapes on a canvas of ``width`` x ``height`` pixels."""

    def __init__(self, width: float, height: float, label: str):
        self.width, self.height, self.label = width, height, label
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "grid") -> None:
        """Straight line."""
        self._add(
            f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        )

    def circle(
        self, x: float, y: float, radius: float, style: str, tip: str = "", opacity: float = 1
    ) -> None:
        """Filled circle; ``tip`` shows where the pointer rests on it."""
        title = f"<title>{escape(tip)}</title>" if tip else ""
        faded = f' fill-opacity="{opacity:.2f}" stroke-opacity="0"' if opacity < 1 else ""
        self._add(
            f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"{faded}>'
            f"{title}</circle>"
        )

    def rect(
        self, x: float, y: float, width: float, height: float, style: str, opacity: float = 1
    ) -> None:
        """Filled rectangle without a border."""
        self._add(
            f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
            f' height="{height:.1f}" fill-opacity="{opacity:.2f}" stroke-opacity="0"/>'
        )

    def text(self, x: float, y: float, text: str, style: str = "") -> None:
        """Text whose baseline begins, or by ``style`` ends or is centred, at a point."""
        self._add(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>')

    def names(self, spots: Sequence[tuple[float, float, str]], most: int) -> None:
        """Names centred on their points, the first first, as far as they do not overlap.

        Args:
            spots: x, y and name.
            most: names written at most, of the first ``3 * most``.
        """
        taken: list[tuple[float, float, float]] = []
        for x, y, name in spots[: 3 * most]:
            half = 3.4 * len(name)
            x = min(max(x, half + 4), self.width - half - 4)
            free = all(abs(y - b) > 15 or abs(x - a) > half + other for a, b, other in taken)
            if free and len(taken) < most:
                self.text(x, y + 4, name, "small middle halo")
                taken.append((x, y, half))

    def legend(self, left: float, y: float, entries: Sequence[tuple[str, str]]) -> None:
        """What styles mean, in a row from ``left`` on; entries are style and meaning."""
        for style, meaning in entries:
            self.circle(left, y, 6, style, opacity=0.8)
            self.text(left + 11, y + 4, meaning, "small")
            left += 34 + 6.2 * len(meaning)

    def svg(self) -> str:
        """The drawing, whole in itself: it can stand in a page or be an image file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(self.label)}"'
            f' viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}">'
            f"<style>{STYLE}</style>{''.join(self._parts)}</svg>"
        )

    def markdown(self) -> str:
        """The drawing as an image in Markdown that loads nothing."""
        content = base64.b64encode(self.svg().encode()).decode()
        return f"![{self.label}](data:image/svg+xml;base64,{content})"

    def _add(self, part: str) -> None:
        self._parts.append(part)


def ticks(highest: float, number: int = 4) -> Sequence[float]:
    """Round values from 0 to at least ``highest``, about ``number`` steps."""
    if highest <= 0:
        return (0.0, 1.0)
    rough = highest / number
    power = 10.0 ** (len(f"{int(1 / rough)}") * -1 if rough < 1 else len(f"{int(rough)}") - 1)
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * place for place in range(int(-(-highest // step)) + 1)]
