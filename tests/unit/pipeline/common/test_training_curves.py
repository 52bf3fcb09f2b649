"""Training curves show every value, and long ones are thinned out."""

import numpy as np

from embeat_pipeline.common.plots import to_markdown_image
from embeat_pipeline.common.training_curves import MAX_POINTS, plot_training


def test_the_loss_is_drawn_above_the_validations() -> None:
    history = [{"step": 10, "artist_mrr": 0.1, "album_mrr": 0.3}, {"step": 20, "artist_mrr": 0.2}]
    above, below = plot_training([2.0, 1.0, 0.5], history).axes
    (loss,) = above.lines
    assert np.asarray(loss.get_xydata()).tolist() == [[1, 2.0], [2, 1.0], [3, 0.5]]
    curves = {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in below.lines}
    assert curves == {"artist_mrr": [[10, 0.1], [20, 0.2]], "album_mrr": [[10, 0.3]]}


def test_long_trainings_are_thinned_out() -> None:
    above, _ = plot_training([1.0, 2.0] * 5_000, []).axes
    assert 0 < len(np.asarray(above.lines[0].get_xdata())) <= MAX_POINTS


def test_hardly_anything_is_still_a_picture() -> None:
    for loss in ([], [1.0]):
        image = to_markdown_image(plot_training(loss, [{"step": 1}]), "training curves")
        assert image.startswith("![training curves](data:image/svg+xml;base64,")
