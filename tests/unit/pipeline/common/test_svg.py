from xml.etree import ElementTree as xml

from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.common.svg import Drawing, ticks


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
