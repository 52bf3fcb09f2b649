"""Settings out of range are refused by name."""

import pytest

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="max_tracks"):
        NeighbourConfig(max_tracks=0)
    with pytest.raises(ValueError, match="floor"):
        NeighbourConfig(floor=1.0)
    with pytest.raises(ValueError, match="weights"):
        SourceWeights(album_weight=-1)
    with pytest.raises(ValueError, match="ridge"):
        NeighbourConfig(ridge=0)
    with pytest.raises(ValueError, match="acoustic_temperature"):
        NeighbourConfig(acoustic_temperature=0)
    with pytest.raises(ValueError, match="acoustic_artists"):
        NeighbourConfig(acoustic_artists=-1)
    with pytest.raises(ValueError, match="als_factors"):
        NeighbourConfig(als_factors=0)
    with pytest.raises(ValueError, match="als_alpha"):
        NeighbourConfig(als_alpha=0)
