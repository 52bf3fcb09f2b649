from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.schema import CHANNELS, TrackField
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.ranking.model import (
    DEFAULT_MODEL,
    FEATURES,
    KINDS,
    MANIFEST_PARAMETER,
    RankingModel,
    certainty_of,
)
from embeat_serve.ranking.preselection import shortlist
from embeat_serve.ranking.scoring import (
    certainty,
    fuse,
    kind,
    payload_features,
    ranked_by_channel,
    weigh_payload,
)
from embeat_serve.retrieval.channel import ChannelResult
from tests.support.plain_scoring import answer_of, plain_fuse, plain_shortlist

OPTIONS = RecallOptions()

answers = st.lists(
    st.builds(
        answer_of,
        st.sampled_from(CHANNELS),
        st.integers(0, 3),
        st.dictionaries(st.integers(0, 30), st.none() | st.floats(0.01, 1), max_size=12),
        st.sampled_from([None, None, "genre"]),
        st.sampled_from([0.0, 0.4]),
    ),
    max_size=10,
    unique_by=lambda item: (item.channel, item.seed, item.held_back_by),
)
popularities = st.lists(st.integers(0, 100) | st.none(), min_size=31, max_size=31)


SONGS = [
    {TrackField.YEAR: 1995, TrackField.POPULARITY: 40, TrackField.GENRE_CODES: [1]},
    {TrackField.YEAR: 2001, TrackField.GENRE_CODES: [1, 2]},
    {},
    {TrackField.POPULARITY: 3},
]


def payload_of(id: int, known: list[int | None]) -> dict[str, Any]:
    return {
        TrackField.POPULARITY: known[id],
        TrackField.YEAR: 1990 + id,
        TrackField.GENRE_CODES: [id % 3, 3],
    }


def scored(
    found: list[ChannelResult], known: list[int | None], options: RecallOptions = OPTIONS
) -> list[Candidate]:
    fused = fuse(found, options, DEFAULT_MODEL, 4)
    told = payload_features(SONGS, [payload_of(id, known) for id in fused.ids.tolist()])
    fused = weigh_payload(fused, told, found, options, DEFAULT_MODEL, 4)
    candidates = fused.candidates({id: {} for id in range(31)})
    fused.tell(candidates)
    return candidates


@given(
    answers,
    popularities,
    st.sampled_from([OPTIONS, PRESETS["upstream"], replace(OPTIONS, diversify=False)]),
    st.integers(1, 8),
)
def test_arrays_come_to_what_one_track_at_a_time_comes_to(found, known, options, k):
    plain = plain_fuse(found, options, DEFAULT_MODEL, 4)
    fused = fuse(found, options, DEFAULT_MODEL, 4)
    assert sorted(fused.ids.tolist()) == sorted(one.id for one in plain)
    scores = {one.id: one.score for one in plain}
    assert fused.scores == pytest.approx(np.array([scores[id] for id in fused.ids.tolist()]))
    # Sums in another order may differ in the last digit, and so may the order of equals.
    ordered = [scores[id] for id in fused.ids.tolist()]
    assert ordered == pytest.approx(sorted(ordered, reverse=True))
    by_id = {one.id: one for one in plain}
    in_order = [by_id[id] for id in fused.ids.tolist()]
    rows = shortlist(fused, options, k)
    assert fused.ids[rows].tolist() == plain_shortlist(in_order, options, k)
    features = payload_features(SONGS, [payload_of(id, known) for id in range(31)]).tolist()
    told = dict(enumerate(features))
    weighed = {one.id: one for one in plain_fuse(found, options, DEFAULT_MODEL, 4, told)}
    for candidate in scored(found, known, options):
        expected = weighed[candidate.id]
        assert candidate.score == pytest.approx(expected.score)
        assert candidate.held_back_by == expected.held_back_by
        pieces = {(item.channel, item.seed): item.contribution for item in candidate.evidence}
        assert len(pieces) == len(candidate.evidence)
        assert pieces == pytest.approx({(c, seed): part for c, seed, part in expected.pieces})


def test_scaled_scores_come_with_scaled_contributions():
    found = [answer_of("playlist", 0, {3: 0.9, 5: 0.4}), answer_of("acoustic", 0, {5: None})]
    fused = fuse(found, OPTIONS)
    candidates = fused.candidates({3: {}, 5: {}})
    for candidate in candidates:
        candidate.scale(0.25)
    fused.tell(candidates)
    for candidate, whole in zip(candidates, fused.scores, strict=True):
        assert candidate.score == pytest.approx(whole / 4)
        assert sum(item.contribution for item in candidate.evidence) == pytest.approx(whole / 4)


@given(answers, popularities)
def test_contributions_sum_to_a_score_of_at_most_one(found, known):
    for candidate in scored(found, known):
        assert 0 <= candidate.score <= 1 + 1e-9
        assert sum(candidate.channels().values()) == pytest.approx(candidate.score)


@given(answers, popularities, st.sampled_from(CHANNELS))
def test_without_a_channel_what_it_found_loses_just_its_part(found, known, channel):
    """Weights stay those of all channels; only the evidence of one is taken away."""
    left = [answer for answer in found if answer.channel != channel]
    if channel == "playlist" and (kind(found, 4, False), certainty(found, False)) != ("cold", 0):
        return  # what else counts then is another question
    before = {c.id: c for c in scored(found, known) if not c.held_back_by}
    after = {c.id: c for c in scored(left, known) if not c.held_back_by}
    for id, candidate in before.items():
        lost = candidate.channels().get(channel, 0.0)
        remaining = after[id].score if id in after else 0.0
        assert remaining == pytest.approx(candidate.score - lost)


def test_more_evidence_of_a_channel_never_counts_less():
    found = [answer_of("playlist", 0, {2: 0.6, 1: 0.2})]
    assert fuse(found, OPTIONS).ids.tolist() == [2, 1]


def test_songs_that_no_playlist_knows_lean_on_their_artist():
    own = answer_of("same_artist", 0, dict.fromkeys(range(5)), cosine=0.9)
    together = answer_of("playlist", 0, dict.fromkeys(range(5, 10), 0.5), confidence=0.0)
    cold = fuse([own, together], OPTIONS)
    known = fuse([own, together._replace(confidence=0.8)], OPTIONS)
    assert cold.ids[0] < 5 <= known.ids[0]


@pytest.mark.parametrize("known", ["one", "several"])
def test_what_plays_together_leads_by_default(known):
    weights = DEFAULT_MODEL.of_kind(known, CHANNELS)
    playlist = weights.pop("playlist").sum()
    assert playlist > max(of_channel.sum() for of_channel in weights.values())


@pytest.mark.parametrize(
    ("seeds", "confidences", "is_artist", "expected"),
    [
        (1, [0.3], False, "one"),
        (2, [0.0, 0.1], False, "several"),
        (3, [0.0], False, "cold"),
        (1, [], False, "cold"),
        (1, [], True, "several"),
    ],
)
def test_kinds_of_seeds(seeds, confidences, is_artist, expected):
    found = [answer_of("playlist", i, {}, confidence=c) for i, c in enumerate(confidences)]
    assert kind(found, seeds, is_artist) == expected


def test_the_surer_the_playlist_channel_the_less_others_count():
    weights = [
        DEFAULT_MODEL.of_kind("one", CHANNELS, certainty_of([confidence]))
        for confidence in (0.05, 0.3, 0.9)
    ]
    others = [sum(of[c].sum() for c in CHANNELS if c != "playlist") for of in weights]
    assert others[0] > others[1] > others[2] > 0
    for of in weights:
        assert sum(row.sum() for row in of.values()) == pytest.approx(1)


def test_certainty_grows_with_songs_that_playlists_know():
    grown = [certainty_of([0.1] * number) for number in range(2, 101)]
    assert (np.diff(grown) >= 0).all()
    assert grown[0] > certainty_of([0.1]) == certainty_of([0.0, 0.1, 0.0])
    assert max(grown) < 1
    assert certainty_of([0.0]) == certainty_of([]) == certainty_of([0.5, 0.5], is_artist=True) == 0


@given(st.lists(st.floats(0, 3), min_size=120, max_size=120))
def test_a_model_reads_what_it_writes(values):
    model = RankingModel(np.array(values).reshape(len(KINDS), len(CHANNELS), len(FEATURES)))
    again = RankingModel.of(model.to_dict())
    np.testing.assert_allclose(again.weights, model.weights, atol=5.1e-5)


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
        RankingModel.of(content)
    assert RankingModel.in_manifest({MANIFEST_PARAMETER: content}) is None


def test_a_manifest_without_a_model_has_none():
    assert RankingModel.in_manifest({}) is None


def test_what_the_model_sees_is_in_order_and_bounded():
    found = [
        answer_of("playlist", 0, {5: 0.9, 3: 0.4}),
        answer_of("playlist", 1, {3: 0.8}),
        answer_of("acoustic", 0, {9: None}, "genre", cosine=0.3),
    ]
    ranked = ranked_by_channel(found, OPTIONS)
    assert list(ranked) == ["playlist"]
    assert ranked["playlist"].ids.tolist() == [3, 5]
    np.testing.assert_allclose(ranked["playlist"].features[:, 2], [0.6, 0.45])
    assert (ranked["playlist"].features <= 1).all()
