import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.schema import TrackField
from embeat_serve.ranking.features import POPULARITY_SCALE, YEAR_SCALE, metadata_similarity

payloads = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            TrackField.GENRE_CODES: st.lists(st.integers(0, 6), unique=True, max_size=4),
            TrackField.YEAR: st.integers(1950, 2030),
            TrackField.POPULARITY: st.integers(0, 100),
        },
    ),
    max_size=6,
)


def genres(track: dict[str, Any]) -> dict[int, float]:
    weights = {code: 1 / place for place, code in enumerate(track.get("genre_codes", ()), start=1)}
    norm = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {code: weight / norm for code, weight in weights.items()}


def mean(seeds: list[dict[str, Any]], field: str) -> float | None:
    known = [seed[field] for seed in seeds if field in seed]
    return sum(known) / len(known) if known else None


def plainly(seeds: list[dict[str, Any]], track: dict[str, Any]) -> list[float]:
    profile: dict[int, float] = {}
    for seed in seeds:
        for code, weight in genres(seed).items():
            profile[code] = profile.get(code, 0) + weight
    norm = math.sqrt(sum(weight**2 for weight in profile.values())) or 1
    same = sum(weight * profile.get(code, 0) / norm for code, weight in genres(track).items())
    year, fame = mean(seeds, TrackField.YEAR), mean(seeds, TrackField.POPULARITY)
    years = fames = 0.0
    if year is not None and TrackField.YEAR in track:
        years = math.exp(-abs(track[TrackField.YEAR] - year) / YEAR_SCALE)
    if fame is not None and TrackField.POPULARITY in track:
        fames = math.exp(-(((track[TrackField.POPULARITY] - fame) / POPULARITY_SCALE) ** 2) / 2)
    return [same, years, fames]


@given(payloads, payloads)
def test_similarity_is_what_it_says(seeds, tracks):
    expected = np.array([plainly(seeds, track) for track in tracks]).reshape(-1, 3)
    found = metadata_similarity(seeds, tracks)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert ((found >= 0) & (found <= 1)).all()


@given(payloads)
def test_a_track_is_like_itself_where_it_is_known(tracks):
    for track in tracks:
        alike = metadata_similarity([track], [track])[0]
        assert alike[0] == pytest.approx(1 if track.get(TrackField.GENRE_CODES) else 0)
        assert alike[1] == (TrackField.YEAR in track)
        assert alike[2] == (TrackField.POPULARITY in track)
