from collections import Counter
from fractions import Fraction
from math import comb

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from embeat_pipeline.evaluate.blind.statistics import cohen_kappa, exact_share

cases = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
choices = st.lists(st.tuples(st.sampled_from("wlt"), st.sampled_from("wlt")), min_size=1)


def tail(hits, count, share):
    """Chance of ``hits`` or more, by summing."""
    return sum(
        comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(hits, count + 1)
    )


@given(cases)
def test_the_sign_test_sums_both_tails(case):
    hits, count = case
    extreme = max(hits, count - hits)
    both = min(Fraction(1), 2 * tail(extreme, count, Fraction(1, 2)))
    assert exact_share(hits, count).p_value == pytest.approx(float(both), rel=1e-9)


@given(cases)
def test_the_ends_of_the_interval_leave_a_fortieth_in_each_tail(case):
    hits, count = case
    found = exact_share(hits, count)
    assert found.share == hits / count
    assert found.low <= hits / count <= found.high
    if hits:
        assert tail(hits, count, found.low) == pytest.approx(0.025, rel=1e-4)
    else:
        assert found.low == 0
    if hits < count:
        assert tail(count - hits, count, 1 - found.high) == pytest.approx(0.025, rel=1e-4)
    else:
        assert found.high == 1


@given(cases)
def test_interval_and_test_say_the_same(case):
    found = exact_share(*case)
    assume(abs(found.p_value - 0.05) > 1e-9)
    assert (found.low <= 0.5 <= found.high) == (found.p_value > 0.05)


@given(cases)
def test_exchanged_sides_mirror_the_share(case):
    hits, count = case
    one, two = exact_share(hits, count), exact_share(count - hits, count)
    assert one.p_value == pytest.approx(two.p_value)
    assert one.low == pytest.approx(1 - two.high, abs=1e-9)


def test_nothing_decided_says_nothing():
    found = exact_share(0, 0)
    assert (found.share, found.low, found.high, found.p_value) == (None, 0, 1, 1)


@given(choices)
def test_kappa_compares_agreement_with_chance(pairs):
    first, second = [one for one, _ in pairs], [two for _, two in pairs]
    count = len(pairs)
    ones, twos = Counter(first), Counter(second)
    chance = sum(Fraction(ones[label] * twos[label], count**2) for label in "wlt")
    agreed = Fraction(sum(one == two for one, two in pairs), count)
    found = cohen_kappa(first, second)
    if chance == 1:
        assert found is None
    else:
        assert found is not None
        assert found == pytest.approx(float((agreed - chance) / (1 - chance)))
        assert found == pytest.approx(cohen_kappa(second, first))
        assert found <= 1
        assert (found == pytest.approx(1)) == (first == second)


def test_kappa_of_a_textbook():
    # Two readers, 50 grant proposals: both yes 20, both no 15, first alone 5, second alone 10.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa([], []) is None
