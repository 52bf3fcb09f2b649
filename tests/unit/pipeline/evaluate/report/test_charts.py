from xml.etree import ElementTree

import pytest

from embeat_pipeline.evaluate.report.charts import (
    Dot,
    agreement,
    dot_plot,
    genre_map,
    reliability,
)


def charts():
    dot = Dot("release", 0.2, 0.1, 0.3)
    yield dot_plot(["a", "b"], {"one": [dot, None], "two (n=3)": [dot, dot]}, "dots")
    yield dot_plot(["a"], {"zero": [Dot("baseline", 0, 0, 0)]}, "nothing above 0")
    yield dot_plot([], {}, "nothing")
    yield agreement({"systems": ["a", "b"], "share": [[1.0, 0.2], [0.4, 1.0]]})
    yield agreement({"systems": [], "share": []})
    places = [
        {"genre": f"g{i}", "x": i / 9, "y": 0.5, "recommended": i / 45, "wanted": 0.1}
        for i in range(10)
    ]
    yield genre_map(places)
    yield genre_map([])
    yield reliability([{"confidence": 0.4, "right": 0.5, "count": 3}])
    yield reliability([])


@pytest.mark.parametrize("chart", list(charts()), ids=lambda chart: chart.label)
def test_charts_are_well_formed(chart):
    root = ElementTree.fromstring(chart.svg())  # noqa: S314 - made here
    assert root.tag.endswith("svg")
    assert chart.markdown().startswith(f"![{chart.label}](data:image/svg+xml;base64,")


def test_names_are_escaped_in_charts():
    dot = Dot("release", 0.2, 0.1, 0.3)
    text = dot_plot(["R&B <live>"], {"a & b": [dot]}, "dots").svg()
    texts = "".join(ElementTree.fromstring(text).itertext())  # noqa: S314 - made here
    assert "R&B <live>" in texts
    assert "a & b" in texts


def test_the_most_recommended_genres_are_named():
    places = [
        {"genre": name, "x": 0.1 * place, "y": 0.5, "recommended": 0.3 - 0.1 * place, "wanted": 0.1}
        for place, name in enumerate(("pop", "rock", "jazz"))
    ]
    text = genre_map(places, labels=2).svg()
    assert "pop" in text
    assert "rock" in text
    assert "jazz" not in text
