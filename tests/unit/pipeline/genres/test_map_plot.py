"""The picture of the genre map."""

import re
from collections.abc import Callable
from pathlib import Path

from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.map_plot import HEIGHT, WIDTH, genre_picture
from embeat_serve.contract.lake import LakePaths


def test_genres_and_artists_lie_within_the_picture(tables_lake: LakePaths) -> None:
    drawing = genre_picture(tables_lake)
    circles = re.findall(r'<circle class="([a-z]+)" cx="([-\d.]+)" cy="([-\d.]+)"', drawing.svg())
    assert len(circles) > 50
    for _, x, y in circles:
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT + 34
    kinds = {kind for kind, _, _ in circles}
    assert kinds == {"even", "accent", "baseline"}
    assert genre_picture(tables_lake).svg() == drawing.svg()


def test_an_empty_map_is_an_empty_picture(
    make_lake: Callable[..., LakePaths], tmp_path: Path
) -> None:
    lake = make_lake(tmp_path, [], [[], []])
    assign_genres(lake)
    assert "<svg" in genre_picture(lake).svg()
