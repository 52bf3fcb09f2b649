"""Figures become the same SVG every time."""

import base64
from xml.etree import ElementTree

from matplotlib.figure import Figure

from embeat_pipeline.common.plots import new_figure, to_markdown_image, to_svg


def drawn() -> Figure:
    figure = new_figure(4, 3)
    axes = figure.subplots()
    axes.plot([1, 2, 3], [3, 1, 2])
    axes.set_title("夜に & <loss>")
    return figure


def test_the_same_figure_is_the_same_svg() -> None:
    assert to_svg(drawn()) == to_svg(drawn())


def test_svg_is_one_well_formed_element() -> None:
    root = ElementTree.fromstring(to_svg(drawn()))  # noqa: S314 - made here
    assert root.tag.endswith("svg")
    assert "夜に & <loss>" in "".join(root.itertext())


def test_markdown_holds_the_svg() -> None:
    text = to_markdown_image(drawn(), "a curve")
    assert text.startswith("![a curve](data:image/svg+xml;base64,")
    encoded = text.split("base64,")[1].rstrip(")")
    assert base64.b64decode(encoded).decode() == to_svg(drawn())
