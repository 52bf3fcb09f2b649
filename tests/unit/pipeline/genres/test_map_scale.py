"""S from the map."""

import numpy as np
import pytest

from embeat_pipeline.genres.map_scale import UPSTREAM, derived_scale


def test_grows_with_the_map() -> None:
    places = np.random.default_rng(0).random((2_000, 2))
    scale = derived_scale(places)
    assert derived_scale(places * 3 + 1) == pytest.approx(3 * scale)
    assert derived_scale(places[::-1]) == pytest.approx(scale)


def test_is_half_the_distance_of_evenly_spaced_clusters() -> None:
    random = np.random.default_rng(1)
    # Clusters far apart in pairs of pairs: joined twice, each is one.
    centres = np.arange(40) * 1.0
    offsets = np.array([0.0, 0.001, 0.004, 0.005])
    x = (centres[:, None] + offsets).ravel()
    places = np.stack([x, np.zeros_like(x)], axis=1)
    assert derived_scale(random.permutation(places)) == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_small_maps_take_upstreams(count: int) -> None:
    assert derived_scale(np.random.default_rng(2).random((count, 2))) == UPSTREAM
