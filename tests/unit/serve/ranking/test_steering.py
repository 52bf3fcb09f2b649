from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate, Evidence
from embeat_serve.ranking.steering import (
    DISLIKED_ARTIST_FACTOR,
    demote_artists,
    percentiles,
    steer_options,
    steer_scores,
)
from embeat_serve.recommender import Recommender
from tests.support.payloads import track_payload


def candidate(id: int, score: float, popularity: int | None, artist: int) -> Candidate:
    evidence = [Evidence("playlist", 0, None, score / 2), Evidence("acoustic", 0, 0.9, score / 2)]
    payload = track_payload(popularity=popularity, artist_codes=[artist])
    return Candidate(id, evidence, None, payload, score)


some = st.lists(
    st.builds(
        candidate,
        st.integers(0, 500),
        st.floats(0, 1),
        st.none() | st.integers(0, 100),
        st.integers(1, 4),
    ),
    max_size=20,
    unique_by=lambda item: item.id,
)
dial = st.sampled_from([0.0, -1.0, 1.0]) | st.floats(-1, 1)


@given(some, dial, dial)
def test_contributions_sum_to_the_score_however_dials_are_turned(
    candidates: list[Candidate], adventure: float, hits: float
):
    before = [candidate.score for candidate in candidates]
    steer_scores(candidates, {1}, RecallOptions(adventure=adventure, hits=hits))
    for candidate, score in zip(candidates, before, strict=True):
        contributions = [item.contribution for item in candidate.evidence]
        assert sum(contributions) == pytest.approx(candidate.score, abs=1e-9)
        assert 0 <= candidate.score <= score


@given(some)
def test_at_zero_nothing_is_changed(candidates: list[Candidate]):
    before = [(candidate.score, list(candidate.evidence)) for candidate in candidates]
    steer_scores(candidates, {1}, RecallOptions())
    assert [(item.score, item.evidence) for item in candidates] == before
    for options in PRESETS.values():
        assert steer_options(options) is options


@given(dial, dial, st.sampled_from(sorted(PRESETS)))
def test_bent_rules_are_still_valid(adventure: float, hits: float, preset: str):
    options = replace(PRESETS[preset], adventure=adventure, hits=hits)
    bent = steer_options(options)
    assert (bent.adventure, bent.hits) == (adventure, hits)
    if adventure > 0:
        assert bent.same_artist_max_share <= options.same_artist_max_share
    if adventure < 0:
        assert bent.same_artist_min_share >= options.same_artist_min_share
    assert bent.popular_min_share <= options.popular_min_share


def test_percentiles_count_ties_half():
    assert percentiles(np.array([5, 1, 1, 9])) == pytest.approx([0.625, 0.25, 0.25, 0.875])


def test_dials_at_zero_leave_the_list_as_it_is(recommender: Recommender):
    plain = recommender.recommend("晴天", k=30)
    options = replace(recommender.settings.recall, adventure=0.0, hits=0.0)
    assert recommender.recommend("晴天", k=30, options=options) == plain


def popularity(recommender: Recommender, **dials: float) -> float:
    answer = recommender.recommend("晴天", options=replace(RecallOptions(), **dials))
    assert len(answer.results) == 20
    return float(np.mean([song.popularity or 0 for song in answer.results]))


def test_hits_are_popular_and_gems_are_not(recommender: Recommender):
    found = [popularity(recommender, hits=hits) for hits in (-1.0, -0.4, 0.0, 0.4, 1.0)]
    assert found == sorted(found)
    assert found[0] + 10 < found[2] < found[-1] - 10


def test_adventurous_lists_leave_the_artist_behind(recommender: Recommender):
    own, known = {}, {}
    for adventure in (-1.0, 0.0, 1.0):
        options = RecallOptions(adventure=adventure)
        answer = recommender.recommend("晴天", options=options)
        assert len(answer.results) == 20
        own[adventure] = sum("Jay Chou" in song.artist_names for song in answer.results)
        known[adventure] = popularity(recommender, adventure=adventure)
    assert own[-1.0] > own[0.0] > own[1.0] == 0
    assert known[1.0] < known[-1.0]


def test_artists_of_disliked_songs_are_not_favoured_unless_a_seed_is_theirs():
    songs = [candidate(artist, 0.5, None, artist) for artist in (1, 2, 3)]
    demote_artists(songs, {1, 2}, {1})
    assert [song.score for song in songs] == [0.5, 0.5 * DISLIKED_ARTIST_FACTOR, 0.5]
    assert sum(item.contribution for item in songs[1].evidence) == songs[1].score
