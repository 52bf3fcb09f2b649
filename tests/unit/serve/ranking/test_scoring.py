import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import embeat_serve.ranking.model
from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.ranking.features import metadata_features
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.preselection import preselect
from embeat_serve.ranking.scoring import (
    ScoringContext,
    regime_of,
    score_channels,
    score_metadata,
)
from embeat_serve.retrieval.channel import ChannelResult
from tests.support.payloads import track_payload
from tests.support.plain_scoring import (
    plain_confidence,
    plain_preselection,
    plain_regime,
    plain_scores,
    result_of,
)

pytestmark = pytest.mark.slow

OPTIONS = RecallOptions()
DEFAULT_WEIGHTS = json.loads(
    Path(embeat_serve.ranking.model.__file__).with_name("default_weights.json").read_text()
)

lists_of_results = st.lists(
    st.builds(
        result_of,
        st.sampled_from(CHANNELS),
        st.integers(0, 3),
        st.dictionaries(st.integers(0, 30), st.none() | st.floats(0.01, 1), max_size=12),
        st.sampled_from([None, None, "genre"]),
        st.sampled_from([0.0, 0.4]),
    ),
    max_size=10,
    unique_by=lambda item: (item.channel, item.seed, item.blocked_by),
)
popularities = st.lists(st.integers(0, 100) | st.none(), min_size=31, max_size=31)

SONGS = [
    track_payload(year=1995, popularity=40, genre_codes=[1]),
    track_payload(year=2001, genre_codes=[1, 2]),
    track_payload(),
    track_payload(popularity=3),
]


def payload_of(id: int, popularity: list[int | None]) -> TrackPayload:
    return track_payload(popularity=popularity[id], year=1990 + id, genre_codes=[id % 3, 3])


def context(options: RecallOptions = OPTIONS, seeds: int = 4) -> ScoringContext:
    return ScoringContext(options, DEFAULT_MODEL, seeds)


def scored(
    results: list[ChannelResult],
    popularity: list[int | None],
    options: RecallOptions = OPTIONS,
) -> list[Candidate]:
    scorer = context(options).scorer(results)
    table = score_channels(results, scorer)
    payloads = [payload_of(id, popularity) for id in table.ids.tolist()]
    table = score_metadata(table, metadata_features(SONGS, payloads), scorer)
    candidates = table.candidates({id: {} for id in range(31)})
    table.attach_evidence(candidates)
    return candidates


@given(
    lists_of_results,
    popularities,
    st.sampled_from([OPTIONS, PRESETS["upstream"], replace(OPTIONS, diversify=False)]),
    st.integers(1, 8),
)
def test_arrays_come_to_what_one_track_at_a_time_comes_to(results, popularity, options, k):
    plain = plain_scores(results, options, DEFAULT_WEIGHTS, 4)
    table = score_channels(results, context(options).scorer(results))
    assert sorted(table.ids.tolist()) == sorted(one.id for one in plain)
    scores = {one.id: one.score for one in plain}
    assert table.scores == pytest.approx(np.array([scores[id] for id in table.ids.tolist()]))
    # Sums in another order may differ in the last digit, and so may the order of equals.
    ordered = [scores[id] for id in table.ids.tolist()]
    assert ordered == pytest.approx(sorted(ordered, reverse=True))
    by_id = {one.id: one for one in plain}
    in_order = [by_id[id] for id in table.ids.tolist()]
    rows = preselect(table, options, k)
    assert table.ids[rows].tolist() == plain_preselection(in_order, options, k)
    payloads = [payload_of(id, popularity) for id in range(31)]
    metadata = dict(enumerate(metadata_features(SONGS, payloads).tolist()))
    with_metadata = plain_scores(results, options, DEFAULT_WEIGHTS, 4, metadata)
    expected_by_id = {one.id: one for one in with_metadata}
    for candidate in scored(results, popularity, options):
        expected = expected_by_id[candidate.id]
        assert candidate.score == pytest.approx(expected.score)
        assert candidate.blocked_by == expected.blocked_by
        pieces = {(item.channel, item.seed): item.contribution for item in candidate.evidence}
        assert len(pieces) == len(candidate.evidence)
        assert pieces == pytest.approx({(c, seed): part for c, seed, part in expected.pieces})


@given(lists_of_results, popularities)
def test_contributions_sum_to_a_score_of_at_most_one(results, popularity):
    for candidate in scored(results, popularity):
        assert 0 <= candidate.score <= 1 + 1e-9
        assert sum(candidate.channels().values()) == pytest.approx(candidate.score)


@given(lists_of_results, popularities, st.sampled_from(CHANNELS))
def test_without_a_channel_what_it_found_loses_just_its_part(results, popularity, channel):
    """Weights stay those of all channels; only the evidence of one is taken away."""
    if channel == "playlist":
        # Where playlists tell of the seeds, other weights count without them.
        results = [
            one._replace(confidence=0.0) if one.channel == "playlist" else one for one in results
        ]
    left = [one for one in results if one.channel != channel]
    before = {c.id: c for c in scored(results, popularity) if not c.blocked_by}
    after = {c.id: c for c in scored(left, popularity) if not c.blocked_by}
    for id, candidate in before.items():
        lost = candidate.channels().get(channel, 0.0)
        remaining = after[id].score if id in after else 0.0
        assert remaining == pytest.approx(candidate.score - lost)


def test_more_evidence_of_a_channel_never_counts_less():
    results = [result_of("playlist", 0, {2: 0.6, 1: 0.2})]
    table = score_channels(results, context(seeds=1).scorer(results))
    assert table.ids.tolist() == [2, 1]


def test_songs_that_no_playlist_knows_lean_on_their_artist():
    own = result_of("same_artist", 0, dict.fromkeys(range(5)), cosine=0.9)
    together = result_of("playlist", 0, dict.fromkeys(range(5, 10), 0.5), confidence=0.0)
    cold, warm = (
        score_channels(results, context(seeds=1).scorer(results)).ids
        for results in ([own, together], [own, together._replace(confidence=0.8)])
    )
    assert cold[0] < 5 <= warm[0]


@given(lists_of_results, st.integers(1, 5))
def test_the_regime_follows_from_the_playlist_channel(results, seeds):
    assert regime_of(results, seeds) == plain_regime(results, seeds)
    assert regime_of(results, seeds, is_artist=True) == "several"
    assert 0 <= plain_confidence(results) < 1
