import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.candidates import (
    Answer,
    Found,
    certainty,
    fuse,
    kind,
    ranked_by_channel,
    weigh_payload,
)
from embeat_serve.contract import CHANNELS, TrackField
from embeat_serve.fusion import (
    DEFAULT_MODEL,
    FEATURES,
    KINDS,
    MANIFEST_PARAMETER,
    FusionModel,
    certainty_of,
)
from embeat_serve.settings import RecallOptions

OPTIONS = RecallOptions()

answers = st.lists(
    st.builds(
        Answer,
        st.sampled_from(CHANNELS),
        st.integers(0, 3),
        st.lists(st.integers(0, 30), unique=True, min_size=1, max_size=12).flatmap(
            lambda ids: st.tuples(
                *(st.builds(Found, st.just(id), st.none(), st.floats(0.01, 1)) for id in ids)
            )
        ),
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


def scored(found: list[Answer], known: list[int | None], options: RecallOptions = OPTIONS):
    candidates = fuse(found, options, DEFAULT_MODEL, 4)
    for candidate in candidates:
        candidate.payload = {
            TrackField.POPULARITY: known[candidate.id],
            TrackField.YEAR: 1990 + candidate.id,
            TrackField.GENRE_CODES: [candidate.id % 3, 3],
        }
    weigh_payload(candidates, SONGS, found, options, DEFAULT_MODEL)
    return candidates


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
    weak, strong = Found(1, None, 0.2), Found(2, None, 0.6)
    found = [Answer("playlist", 0, (strong, weak), confidence=1.0)]
    assert [c.id for c in fuse(found, OPTIONS)] == [2, 1]


def test_songs_that_no_playlist_knows_lean_on_their_artist():
    own = Answer("same_artist", 0, tuple(Found(id, 0.9) for id in range(5)))
    together = Answer(
        "playlist", 0, tuple(Found(id, None, 0.5) for id in range(5, 10)), confidence=0.0
    )
    cold = fuse([own, together], OPTIONS)
    known = fuse([own, together._replace(confidence=0.8)], OPTIONS)
    assert cold[0].id < 5 <= known[0].id


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
    found = [Answer("playlist", i, (), confidence=c) for i, c in enumerate(confidences)]
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
    model = FusionModel(np.array(values).reshape(len(KINDS), len(CHANNELS), len(FEATURES)))
    again = FusionModel.of(model.to_dict())
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
        FusionModel.of(content)
    assert FusionModel.in_manifest({MANIFEST_PARAMETER: content}) is None


def test_a_manifest_without_a_model_has_none():
    assert FusionModel.in_manifest({}) is None


def test_what_the_model_sees_is_in_order_and_bounded():
    found = [
        Answer("playlist", 0, (Found(5, None, 0.9), Found(3, None, 0.4))),
        Answer("playlist", 1, (Found(3, None, 0.8),)),
        Answer("acoustic", 0, (Found(9, 0.3),), held_back_by="genre"),
    ]
    ranked = ranked_by_channel(found, OPTIONS)
    assert list(ranked) == ["playlist"]
    assert ranked["playlist"].ids.tolist() == [3, 5]
    np.testing.assert_allclose(ranked["playlist"].features[:, 2], [0.6, 0.45])
    assert (ranked["playlist"].features <= 1).all()
