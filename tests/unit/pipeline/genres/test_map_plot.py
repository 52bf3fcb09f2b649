"""The plot of the genre map."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embeat_pipeline.common.plots import to_svg
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.map_plot import LABELS, plot_genre_map
from embeat_serve.contract.lake import LakePaths


def test_genres_and_both_kinds_of_artists_lie_within_the_plot(tables_lake: LakePaths) -> None:
    figure = plot_genre_map(tables_lake)
    (axes,) = figure.axes
    assert [len(np.asarray(group.get_offsets())) > 0 for group in axes.collections] == [True] * 3
    for group in axes.collections:
        places = np.asarray(group.get_offsets())
        assert ((places > -1e-6) & (places < 1 + 1e-6)).all()
    assert 0 < len(axes.texts) <= LABELS


def test_the_same_tables_make_the_same_plot(tables_lake: LakePaths) -> None:
    assert to_svg(plot_genre_map(tables_lake)) == to_svg(plot_genre_map(tables_lake))


@pytest.mark.parametrize("listed", [[[], []], [[0], [1]]])
def test_a_map_without_places_makes_an_empty_plot(
    make_lake: Callable[..., LakePaths], tmp_path: Path, listed: list[list[int]]
) -> None:
    lake = make_lake(tmp_path, [(1.0, None, None), (1.0, None, None)], listed)
    assign_genres(lake)
    assert "<svg" in to_svg(plot_genre_map(lake))
