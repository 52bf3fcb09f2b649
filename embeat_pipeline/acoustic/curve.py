"""The loss curve as a small picture for the Dagster UI, which shows images in Markdown."""

import base64
from collections.abc import Sequence

WIDTH, HEIGHT = 640, 200
MARGIN = 36


def loss_curve(loss: Sequence[float]) -> str:
    """Markdown image of the loss by step, drawn as SVG in a data URI."""
    low, high = min(loss), max(loss)
    across = (WIDTH - 2 * MARGIN) / max(len(loss) - 1, 1)
    down = (HEIGHT - 2 * MARGIN) / ((high - low) or 1.0)
    points = " ".join(
        f"{MARGIN + step * across:.1f},{MARGIN + (high - value) * down:.1f}"
        for step, value in enumerate(loss)
    )
    bottom = HEIGHT - MARGIN
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="#666">'
        f'<path d="M{MARGIN} {MARGIN}V{bottom}H{WIDTH - MARGIN}" fill="none" stroke="#bbb"/>'
        f'<text x="{MARGIN - 4}" y="{MARGIN + 4}" text-anchor="end">{high:.2f}</text>'
        f'<text x="{MARGIN - 4}" y="{bottom + 4}" text-anchor="end">{low:.2f}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{bottom + 16}" text-anchor="end">'
        f"step {len(loss)}</text>"
        f'<polyline points="{points}" fill="none" stroke="#4f43dd" stroke-width="2"/></svg>'
    )
    return f"![loss by step](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
