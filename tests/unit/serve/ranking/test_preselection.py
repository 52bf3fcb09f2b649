import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.preselection import preselect
from embeat_serve.ranking.scoring import ScoringContext, score_channels
from embeat_serve.retrieval.channel import ChannelResult
from tests.support.plain_scoring import result_of

OPTIONS = RecallOptions()


def scored(results: list[ChannelResult]) -> CandidateTable:
    return score_channels(results, ScoringContext(OPTIONS, DEFAULT_MODEL).scorer(results))


@given(
    st.lists(
        st.builds(
            result_of,
            st.sampled_from(CHANNELS),
            st.integers(0, 3),
            st.lists(st.integers(0, 30), unique=True, max_size=12).map(dict.fromkeys),
        ),
        max_size=12,
        unique_by=lambda item: (item.channel, item.seed),
    ),
    st.integers(1, 8),
)
def test_a_preselection_repeats_nothing_and_is_long_enough(results: list[ChannelResult], k: int):
    table = scored(results)
    rows = preselect(table, OPTIONS, k)
    assert len(set(rows.tolist())) == len(rows) <= len(table.ids)
    assert len(rows) >= min(len(table.ids), 5 * k)


def test_a_preselection_keeps_the_first_of_every_channel():
    own = result_of("same_artist", 0, dict.fromkeys(range(1_000, 1_400)))
    popular = result_of("genre_popular", 0, dict.fromkeys(range(40)))
    near = result_of("acoustic", 0, dict.fromkeys(range(100, 300)))
    table = scored([own, popular, near])
    chosen = set(table.ids[preselect(table, OPTIONS, 20)].tolist())
    assert set(range(10)) <= chosen
    assert len([id for id in chosen if id >= 1_000]) < 40
    assert len(chosen) < 160


@pytest.mark.parametrize(("k", "number"), [(3, 16), (200, 300)])
def test_without_list_rules_the_best_are_enough(k: int, number: int):
    table = scored([result_of("acoustic", 0, dict.fromkeys(range(300)))])
    rows = preselect(table, RecallOptions(diversify=False), k)
    assert rows.tolist() == list(range(number))
