"""Upstream's merge: scores by place in each channel's list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate, CandidateTable
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.scoring import ScoringContext, score_channels
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.upstream_options import UpstreamOptions
from tests.support.plain_scoring import result_of

OPTIONS = PRESETS["upstream"].with_values({"playlist_neighbours": True})
assert OPTIONS.upstream
UNIT = sum(OPTIONS.upstream.weights(channel)[0] for channel in CHANNELS)


def result(channel: str, *ids: int, seed: int = 0) -> ChannelResult:
    return result_of(channel, seed, dict.fromkeys(ids), cosine=0.5)


def scored(results: list[ChannelResult], options: RecallOptions = OPTIONS) -> CandidateTable:
    return score_channels(results, ScoringContext(options, DEFAULT_MODEL).scorer(results))


def candidates(results: list[ChannelResult], options: RecallOptions = OPTIONS) -> list[Candidate]:
    table = scored(results, options)
    made = table.candidates({id: {} for id in table.ids.tolist()})
    table.attach_evidence(made)
    return made


lists_of_results = st.lists(
    st.builds(
        result_of,
        st.sampled_from(CHANNELS),
        st.integers(0, 3),
        st.lists(st.integers(0, 30), unique=True, max_size=12).map(dict.fromkeys),
        st.sampled_from([None, None, None, "genre"]),
    ),
    max_size=12,
    unique_by=lambda item: (item.channel, item.seed, item.blocked_by),
)


def test_places_are_weighed_on_a_straight_line():
    scores = {c.id: c.score for c in candidates([result("acoustic", 7, 8, 9)])}
    assert scores == pytest.approx({7: 1.7 / UNIT, 8: 1.35 / UNIT, 9: 1.0 / UNIT})


def test_channels_add_up():
    found = candidates([result("acoustic", 7, 8), result("playlist", 8, 7)])
    assert {c.id: c.score for c in found} == pytest.approx({7: 2.9 / UNIT, 8: 3.0 / UNIT})
    assert [c.id for c in found] == [8, 7]
    assert list(found[0].channels()) == ["playlist", "acoustic"]


def test_the_best_of_all_channels_scores_one():
    found = candidates([result(channel, 5) for channel in CHANNELS])
    assert found[0].score == pytest.approx(1)


def test_what_several_seeds_agree_on_leads():
    found = candidates([result("playlist", 1, 2, 3), result("playlist", 4, 5, 3, seed=1)])
    assert found[0].id == 3
    assert {item.seed for item in found[0].evidence} == {0, 1}


def test_one_list_for_many_seeds_does_not_outweigh_the_rest():
    # Seeds of one genre all name the same popular songs, which is no agreement of theirs.
    popular = [result("genre_popular", 1, seed=seed) for seed in range(10)]
    assert [c.id for c in candidates([*popular, result("playlist", 2)])] == [2, 1]


@given(lists_of_results)
def test_contributions_sum_to_the_score(results: list[ChannelResult]):
    for candidate in candidates(results):
        assert 0 <= candidate.score <= 1 + 1e-9
        assert sum(candidate.channels().values()) == pytest.approx(candidate.score)
        assert sum(item.contribution for item in candidate.evidence) == pytest.approx(
            candidate.score
        )


@given(lists_of_results)
def test_blocked_tracks_come_last_and_add_nothing_to_others(results: list[ChannelResult]):
    found = candidates(results)
    free = [candidate for candidate in found if not candidate.blocked_by]
    without = candidates([item for item in results if not item.blocked_by])
    assert [(c.id, c.score) for c in free] == [(c.id, c.score) for c in without]


@given(lists_of_results)
def test_candidates_are_unique_and_sorted(results: list[ChannelResult]):
    found = candidates(results)
    assert len({candidate.id for candidate in found}) == len(found)
    order = [(-candidate.score, candidate.id) for candidate in found]
    assert order == sorted(order)


def test_weights_of_zero_are_no_error():
    options = RecallOptions(
        channels=("playlist",),
        upstream=UpstreamOptions(
            learned=False, playlist_weight_first=0.0, playlist_weight_last=0.0
        ),
    )
    assert [c.id for c in candidates([result("playlist", 3, 1)], options)] == [1, 3]
