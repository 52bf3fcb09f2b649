import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate, CandidateTable
from embeat_serve.ranking.preselection import shortlist
from embeat_serve.ranking.scoring import fuse as fused
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.upstream_options import UpstreamOptions
from tests.support.plain_scoring import answer_of

OPTIONS = PRESETS["upstream"].with_values({"playlist_neighbours": True})
assert OPTIONS.upstream
UNIT = sum(OPTIONS.upstream.weights(channel)[0] for channel in CHANNELS)


def answer(
    channel: str, *ids: int, seed: int = 0, held_back_by: str | None = None
) -> ChannelResult:
    return answer_of(channel, seed, dict.fromkeys(ids), held_back_by, cosine=0.5)


def fuse(found: list[ChannelResult], options: RecallOptions) -> list[Candidate]:
    return told(fused(found, options))


def told(found: CandidateTable) -> list[Candidate]:
    candidates = found.candidates({id: {} for id in found.ids.tolist()})
    found.tell(candidates)
    return candidates


found_tracks = st.lists(st.integers(0, 30), unique=True, max_size=12).map(dict.fromkeys)
answers = st.lists(
    st.builds(
        answer_of,
        st.sampled_from(CHANNELS),
        st.integers(0, 3),
        found_tracks,
        st.sampled_from([None, None, None, "genre"]),
    ),
    max_size=12,
    unique_by=lambda item: (item.channel, item.seed, item.held_back_by),
)


def test_places_are_weighed_on_a_straight_line():
    found = {c.id: c.score for c in fuse([answer("acoustic", 7, 8, 9)], OPTIONS)}
    assert found == pytest.approx({7: 1.7 / UNIT, 8: 1.35 / UNIT, 9: 1.0 / UNIT})


def test_channels_add_up():
    fused = fuse([answer("acoustic", 7, 8), answer("playlist", 8, 7)], OPTIONS)
    assert {c.id: c.score for c in fused} == pytest.approx({7: 2.9 / UNIT, 8: 3.0 / UNIT})
    assert [c.id for c in fused] == [8, 7]
    assert list(fused[0].channels()) == ["playlist", "acoustic"]


def test_the_best_of_all_channels_scores_one():
    fused = fuse([answer(channel, 5) for channel in CHANNELS], OPTIONS)
    assert fused[0].score == pytest.approx(1)


def test_what_several_seeds_agree_on_leads():
    fused = fuse([answer("playlist", 1, 2, 3), answer("playlist", 4, 5, 3, seed=1)], OPTIONS)
    assert fused[0].id == 3
    assert {item.seed for item in fused[0].evidence} == {0, 1}


def test_one_list_for_many_seeds_does_not_outweigh_the_rest():
    # Seeds of one genre all name the same popular songs, which is no agreement of theirs.
    popular = [answer("genre_popular", 1, seed=seed) for seed in range(10)]
    fused = fuse([*popular, answer("playlist", 2)], OPTIONS)
    assert [c.id for c in fused] == [2, 1]


@given(answers)
def test_contributions_sum_to_the_score(found: list[ChannelResult]):
    for candidate in fuse(found, OPTIONS):
        assert 0 <= candidate.score <= 1 + 1e-9
        assert sum(candidate.channels().values()) == pytest.approx(candidate.score)
        assert sum(item.contribution for item in candidate.evidence) == pytest.approx(
            candidate.score
        )


@given(answers)
def test_held_back_tracks_come_last_and_add_nothing_to_others(found: list[ChannelResult]):
    fused = fuse(found, OPTIONS)
    free = [candidate for candidate in fused if not candidate.held_back_by]
    without = fuse([item for item in found if not item.held_back_by], OPTIONS)
    assert [(c.id, c.score) for c in free] == [(c.id, c.score) for c in without]
    for candidate in fused:
        if candidate.held_back_by:
            assert {item.channel for item in candidate.evidence} <= set(CHANNELS)


@given(answers)
def test_candidates_are_unique_and_sorted(found: list[ChannelResult]):
    fused = fuse(found, OPTIONS)
    assert len({candidate.id for candidate in fused}) == len(fused)
    order = [(-candidate.score, candidate.id) for candidate in fused]
    assert order == sorted(order)


def test_weights_of_zero_are_no_error():
    options = RecallOptions(
        channels=("playlist",),
        upstream=UpstreamOptions(
            learned=False, playlist_weight_first=0.0, playlist_weight_last=0.0
        ),
    )
    assert [c.id for c in fuse([answer("playlist", 3, 1)], options)] == [1, 3]


@given(answers, st.integers(1, 8))
def test_a_shortlist_repeats_nothing(found: list[ChannelResult], k: int):
    every = fused(found, OPTIONS)
    short = shortlist(every, OPTIONS, k)
    assert len(set(short.tolist())) == len(short) <= len(every.ids)
    assert len(short) >= min(len(every.ids), 5 * k)


def test_a_shortlist_keeps_the_first_of_every_channel():
    own = answer("same_artist", *range(1_000, 1_400))
    popular = answer("genre_popular", *range(40))
    near = answer("acoustic", *range(100, 300))
    every = fused([own, popular, near], OPTIONS)
    chosen = set(every.ids[shortlist(every, OPTIONS, 20)].tolist())
    assert set(range(10)) <= chosen
    assert len([id for id in chosen if id >= 1_000]) < 40
    assert len(chosen) < 160
