import numpy as np
import pytest

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.ranking.model import (
    DEFAULT_MODEL,
    RankingModel,
    SeedRegime,
    playlist_confidence,
    seed_regime,
)


@pytest.mark.parametrize("regime", [SeedRegime.SINGLE, SeedRegime.MULTI])
def test_what_plays_together_leads_by_default(regime: SeedRegime):
    weights = DEFAULT_MODEL.weights_for(regime, CHANNELS)
    playlist = weights.pop("playlist").sum()
    assert playlist > max(of_channel.sum() for of_channel in weights.values())


@pytest.mark.parametrize(
    ("seeds", "confidences", "is_artist", "expected"),
    [
        (1, [0.3], False, SeedRegime.SINGLE),
        (2, [0.0, 0.1], False, SeedRegime.MULTI),
        (3, [0.0], False, SeedRegime.COLD_START),
        (1, [], False, SeedRegime.COLD_START),
        (1, [], True, SeedRegime.MULTI),
    ],
)
def test_the_regime_follows_from_what_playlists_hold(
    seeds: int, confidences: list[float], is_artist: bool, expected: SeedRegime
):
    assert seed_regime(seeds, confidences, is_artist) is expected


def test_the_surer_the_playlist_channel_the_less_others_count():
    weights = [
        DEFAULT_MODEL.weights_for(SeedRegime.SINGLE, CHANNELS, playlist_confidence([confidence]))
        for confidence in (0.05, 0.3, 0.9)
    ]
    others = [sum(of[c].sum() for c in CHANNELS if c != "playlist") for of in weights]
    assert others[0] > others[1] > others[2] > 0
    for of in weights:
        assert sum(row.sum() for row in of.values()) == pytest.approx(1)


def test_confidence_grows_with_songs_that_playlists_hold():
    grown = [playlist_confidence([0.1] * number) for number in range(2, 101)]
    assert (np.diff(grown) >= 0).all()
    assert grown[0] > playlist_confidence([0.1]) == playlist_confidence([0.0, 0.1, 0.0])
    assert max(grown) < 1
    assert playlist_confidence([0.0]) == playlist_confidence([]) == 0
    assert playlist_confidence([0.5, 0.5], is_artist=True) == 0


def test_channels_without_a_weight_count_alike():
    weights = RankingModel.from_dict({}).weights_for(SeedRegime.SINGLE, ("acoustic", "playlist"))
    assert {tuple(row) for row in weights.values()} == {(1 / 16,) * 8}


@pytest.mark.parametrize(
    "content",
    [
        {"one": {"playlist": [1, 1, 1, 1, -1]}},
        {"one": {"playlist": [1] * 9}},
        {"one": {"radio": [1] * 5}},
        {"many": {}},
        {"one": {"playlist": ["a"] * 5}},
        [],
    ],
)
def test_what_is_no_model_is_refused(content):
    with pytest.raises((ValueError, AttributeError)):
        RankingModel.from_dict(content)
