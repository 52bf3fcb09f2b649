import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.schema import STRENGTH_LEVELS
from embeat_serve.retrieval.neighbour_aggregation import (
    HALF_WAY,
    aggregate_neighbours,
    interpolate_strengths,
)

levels = st.tuples(st.integers(0, STRENGTH_LEVELS), st.integers(0, STRENGTH_LEVELS))
Row = dict[int, tuple[int, int]]
lists = st.dictionaries(st.integers(0, 30), levels, max_size=12)


def neighbours(row: Row) -> NeighbourList:
    both = np.array(list(row.values()), np.float32).reshape(-1, 2) / np.float32(STRENGTH_LEVELS)
    return NeighbourList(np.array(list(row), np.uint32), both[:, 0], both[:, 1], 1.0)


@given(
    rows=st.lists(st.one_of(st.none(), lists), min_size=1, max_size=5),
    excluded=st.lists(st.integers(0, 30), max_size=3),
    limit=st.integers(1, 20),
)
def test_strengths_add_up_over_the_lists(
    rows: list[Row | None], excluded: list[int], limit: int
) -> None:
    found = aggregate_neighbours(
        [None if row is None else neighbours(row) for row in rows], excluded, limit
    )
    more = sum(row is not None for row in rows) - 1
    share = more / (more + HALF_WAY)
    said = [
        {code: (1 - share) * one + share * two for code, (one, two) in (row or {}).items()}
        for row in rows
    ]
    totals: dict[int, float] = {}
    for strengths in said:
        for code, strength in strengths.items():
            totals[code] = totals.get(code, 0) + strength
    allowed = {code: total for code, total in totals.items() if total > 0 and code not in excluded}
    chosen = {code for one in found for code in one.codes.tolist()}
    assert len(chosen) == min(limit, len(allowed))
    assert chosen <= set(allowed)
    least = min((allowed[code] for code in chosen), default=0)
    assert all(allowed[code] <= least + 1e-3 for code in set(allowed) - chosen)
    for strengths, (codes, kept, *_) in zip(said, found, strict=True):
        expected = {code for code, strength in strengths.items() if strength > 0} & chosen
        assert set(codes.tolist()) == expected
        assert kept * STRENGTH_LEVELS == pytest.approx([strengths[c] for c in codes.tolist()])
        assert (np.diff(kept) <= 0).all()


@given(row=lists, other=lists, limit=st.integers(1, 20))
def test_facts_stay_with_their_tracks(row: Row, other: Row, limit: int) -> None:
    rows = [neighbours(row), neighbours(other)]
    given = [
        one._replace(
            shared=(7 * one.codes).astype(np.uint16),
            als=(one.codes / 30).astype(np.float32),
            log_counts=one.codes.astype(np.float32) + 1,
        )
        for one in rows
    ]
    for one in aggregate_neighbours(given, [3], limit):
        assert one.shared is not None
        assert one.als is not None
        assert one.log_counts is not None
        assert (one.shared == 7 * one.codes).all()
        assert one.als == pytest.approx(one.codes / 30)
        assert (one.log_counts == one.codes + 1).all()
    for one in aggregate_neighbours(rows, [3], limit):
        assert (one.shared, one.als, one.log_counts) == (None, None, None)


def test_one_seed_is_judged_by_one_kind_and_many_by_the_other() -> None:
    found = neighbours({1: (255, 0), 2: (0, 255)})
    assert interpolate_strengths(found, 1).tolist() == [1, 0]
    assert interpolate_strengths(found, 1 + HALF_WAY).tolist() == [0.5, 0.5]
    assert interpolate_strengths(found, 1 + 99 * HALF_WAY) == pytest.approx([0.01, 0.99])
