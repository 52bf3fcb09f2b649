from xml.etree import ElementTree as xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.common.svg import Drawing, ticks
from embeat_pipeline.evaluate.report.charts import Dot, agreement, dot_plot, genre_map, reliability


@given(st.floats(1e-4, 1e5))
def test_ticks_are_round_and_reach_the_highest(highest):
    marks = ticks(highest)
    assert marks[0] == 0
    assert marks[-1] >= highest * (1 - 1e-9)
    assert 2 <= len(marks) <= 12


def test_no_scale_where_everything_is_zero():
    assert ticks(0) == (0.0, 1.0)


def test_text_is_escaped():
    drawing = Drawing(10, 10, 'a "b" <c>')
    drawing.text(1, 2, "R&B <live>")
    drawing.circle(1, 1, 1, "even", "a & b")
    texts = [part.text for part in xml.fromstring(drawing.svg()).iter() if part.text]  # noqa: S314
    assert "R&B <live>" in texts
    assert "a & b" in texts


def charts():
    dot = Dot("release", 0.2, 0.1, 0.3)
    yield dot_plot(["a", "b"], {"one": [dot, None], "two": [dot, dot]}, "dots")
    yield dot_plot([], {}, "nothing")
    yield agreement({"systems": ["a", "b"], "share": [[1.0, 0.2], [0.4, 1.0]]})
    places = [
        {"genre": f"g{i}", "x": i / 9, "y": 0.5, "recommended": i / 45, "wanted": 0.1}
        for i in range(10)
    ]
    yield genre_map(places)
    yield genre_map([])
    yield reliability([{"confidence": 0.4, "right": 0.5, "count": 3}])
    yield reliability([])


@pytest.mark.parametrize("drawing", list(charts()), ids=lambda drawing: drawing.label)
def test_charts_are_well_formed_and_stay_within_their_canvas(drawing):
    root = xml.fromstring(drawing.svg())  # noqa: S314
    for shape in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(shape.get("cx", 0)) <= drawing.width
        assert 0 <= float(shape.get("cy", 0)) <= drawing.height
    assert drawing.markdown().startswith(f"![{drawing.label}](data:image/svg+xml;base64,")
