"""Training curves as a picture."""

from xml.etree import ElementTree

from embeat_pipeline.acoustic.curve import MOST_POINTS, training_curves


def lines(svg: str, style: str) -> list[dict[str, str]]:
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}line")  # noqa: S314
    return [line.attrib for line in found if line.attrib["class"] == style]


def test_a_falling_loss_and_a_rising_validation() -> None:
    history = [{"step": 10, "artist_mrr": 0.1, "album_mrr": 0.3}, {"step": 20, "artist_mrr": 0.2}]
    svg = training_curves([2.0, 1.0, 0.5], history).svg()
    falling = lines(svg, "accent band")
    assert len(falling) == 2
    assert all(float(line["y2"]) > float(line["y1"]) for line in falling)
    (rising,) = lines(svg, "release band")
    assert float(rising["y2"]) < float(rising["y1"])
    assert float(rising["x2"]) > float(rising["x1"])
    assert "artist_mrr" in svg
    assert "album_mrr" in svg


def test_long_trainings_are_thinned_out() -> None:
    assert (
        0 < len(lines(training_curves([1.0, 2.0] * 5_000, []).svg(), "accent band")) < MOST_POINTS
    )


def test_hardly_anything_is_still_a_picture() -> None:
    for loss in ([], [1.0]):
        picture = training_curves(loss, [{"step": 1}]).markdown()
        assert picture.startswith("![training curves](data:image/svg+xml;base64,")
