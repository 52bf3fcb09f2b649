"""The regression, its calibration, and how rows are ranked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from embeat_pipeline.genres.calibration import calibration
from embeat_pipeline.genres.classifier import (
    CHECK_FOLD,
    GenreModel,
    calibration_curve,
    fit,
    non_increasing,
    predict_from_shares,
    ranks,
    regression_inputs,
)
from embeat_pipeline.genres.vote_features import FOLDS, SOURCES, VoteFeatures

GENRES = 12
PLAYLIST, RELATED = SOURCES.index("playlist"), SOURCES.index("related")


def made_up(artists: int, seed: int = 0) -> VoteFeatures:
    """Artists with one genre each; playlists vote for it loudly, sound hardly."""
    random = np.random.default_rng(seed)
    true = random.integers(0, GENRES, artists)
    artist = np.repeat(np.arange(artists, dtype=np.uint32), GENRES)
    genre = np.tile(np.arange(GENRES, dtype=np.uint32), artists)
    listed = genre == true[artist]
    votes = np.zeros((len(artist), len(SOURCES)))
    totals = np.zeros_like(votes)
    for source, lift in (("playlist", 4.0), ("sound", 0.3)):
        at = SOURCES.index(source)
        votes[:, at] = random.poisson(1 + lift * listed)
        totals[:, at] = np.bincount(artist, votes[:, at])[artist]
    fold = random.integers(0, FOLDS, artists)[artist]
    prior = np.full(len(artist), 1 / GENRES)
    return VoteFeatures(artist, genre, fold, prior, votes, totals, listed)


@pytest.fixture(scope="module")
def model() -> GenreModel:
    return fit(made_up(3_000))


def test_confidence_is_what_it_claims_on_artists_unseen(model: GenreModel) -> None:
    fresh = made_up(3_000, seed=1)
    confidence, rank, _ = model.predict(fresh)
    best = rank == 0
    error, _ = calibration(confidence[best], fresh.listed[best].astype(float))
    assert error < 0.05
    assert fresh.listed[best].mean() > 0.6


def test_the_strongest_source_is_named(model: GenreModel) -> None:
    fresh = made_up(500, seed=2)
    confidence, rank, strongest = model.predict(fresh)
    sure = (rank == 0) & (confidence > 0.7)
    assert (strongest[sure] == PLAYLIST).mean() > 0.95


def test_confidence_never_rises_with_rank(model: GenreModel) -> None:
    fresh = made_up(300, seed=3)
    confidence, rank, _ = model.predict(fresh)
    order = np.lexsort((rank, fresh.artist))
    by_artist = confidence[order].reshape(-1, GENRES)
    assert (np.diff(by_artist, axis=1) <= 1e-12).all()


def test_silent_sources_add_nothing() -> None:
    evidence = made_up(5)
    found = regression_inputs(evidence)
    per_source = found[:, 2:].reshape(len(found), 2, len(SOURCES), -1)
    assert (per_source[:, :, RELATED] == 0).all()
    assert (per_source[:, 1] == 0).all(), "nobody has related artists"
    assert (per_source[:, 0, PLAYLIST] != 0).any()


def test_folds_do_not_mix() -> None:
    evidence = made_up(2_000)
    whole = fit(evidence)
    without = fit(evidence.select(evidence.fold != CHECK_FOLD))
    assert np.allclose(whole.weights, without.weights)
    assert whole.intercept == pytest.approx(without.intercept)


@settings(max_examples=30)
@given(
    st_numpy.arrays(np.uint32, st.shared(st.integers(0, 40), key="n"), elements=st.integers(0, 5)),
    st_numpy.arrays(np.float64, st.shared(st.integers(0, 40), key="n"), elements=st.floats(0, 1)),
)
def test_ranks_are_those_of_sorting_each_artist(artist: np.ndarray, value: np.ndarray) -> None:
    genre = np.arange(len(artist), dtype=np.uint32)
    rank = ranks(artist, genre, value)
    for one in set(artist.tolist()):
        rows = [row for row in range(len(artist)) if artist[row] == one]
        expected = sorted(rows, key=lambda row: (-value[row], genre[row]))
        assert sorted(rows, key=lambda row: rank[row]) == expected
        assert sorted(rank[rows]) == list(range(len(rows)))
    order = np.lexsort((rank, artist))
    cut = non_increasing(artist, rank, value)
    assert (cut <= value + 1e-12).all()
    same = artist[order][1:] == artist[order][:-1]
    assert (np.diff(cut[order])[same] <= 1e-12).all()


def test_curve_rises_and_few_rows_leave_it_straight() -> None:
    random = np.random.default_rng(0)
    raw = random.random(20_000)
    stated, actual = calibration_curve(raw, random.random(20_000) < raw**2)
    assert (np.diff(stated) > 0).all()
    assert (np.diff(actual) >= 0).all()
    assert np.interp(0.5, stated, actual) == pytest.approx(0.25, abs=0.05)
    assert np.interp(0.3, *calibration_curve(raw[:10], raw[:10] > 0.5)) == pytest.approx(0.3)


def test_shares_stand_in_where_few_are_labelled() -> None:
    evidence = made_up(50)
    confidence, rank, strongest = predict_from_shares(evidence)
    assert (confidence < 1).all()
    assert set(rank.tolist()) == set(range(GENRES))
    assert set(strongest[confidence > 0].tolist()) <= {PLAYLIST, SOURCES.index("sound")}
