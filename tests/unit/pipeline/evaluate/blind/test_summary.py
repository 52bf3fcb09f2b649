import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.evaluate.blind.console import summary_lines
from embeat_pipeline.evaluate.blind.pairs import PairSide
from embeat_pipeline.evaluate.blind.summary import summarise, tally
from embeat_pipeline.evaluate.blind.verdicts import Ballot, Outcome, PairOutcome, Verdict

KEY = {
    "test": "t1",
    "release": "0123456789ab",
    "pairs": {
        f"p{number}": {
            "ours": "AB"[number % 2],
            "system": "rival" if number < 8 else "radio",
            "stratum": ("soul", "techno", None)[number % 3],
            "songs": 5,
        }
        for number in range(10)
    },
}
verdict = st.builds(
    Verdict,
    st.sampled_from([PairSide.A, PairSide.B, None]),
    st.fixed_dictionaries({side: st.frozensets(st.integers(1, 5)) for side in PairSide}),
)
verdicts = st.dictionaries(st.sampled_from(sorted(KEY["pairs"])), verdict, min_size=1)


def ballot(given, judge="listener", file="verdicts.json"):
    return Ballot("t1", judge, file, given)


def constant(better, pairs=tuple(KEY["pairs"])):
    return {pair: Verdict(better, {side: frozenset() for side in PairSide}) for pair in pairs}


def swapped(given):
    """The same verdicts and key where every pair is shown with its sides exchanged."""
    key = copy.deepcopy(KEY)
    for entry in key["pairs"].values():
        entry["ours"] = PairSide(entry["ours"]).opposite.value
    turned = {
        pair: Verdict(
            each.better and each.better.opposite,
            {side.opposite: numbers for side, numbers in each.unfit.items()},
        )
        for pair, each in given.items()
    }
    return turned, key


@given(verdicts)
def test_exchanged_sides_sum_up_to_the_same(given):
    turned, key = swapped(given)
    assert summarise([ballot(given)], KEY) == summarise([ballot(turned)], key)


@given(verdicts)
def test_figures_add_up(given):
    (kind,) = summarise([ballot(given)], KEY)["judges"]
    figures = [strata["all"] for strata in kind["systems"].values()]
    assert sum(each["pairs"] for each in figures) == len(given)
    for strata in kind["systems"].values():
        for each in strata.values():
            assert each["wins"] + each["losses"] + each["ties"] == each["pairs"]
            assert each["decided"]["count"] == each["pairs"] - each["ties"]
            unfit = each["unfit"]
            assert unfit["difference"]["mean"] == pytest.approx(
                unfit["ours"]["mean"] - unfit["other"]["mean"]
            )
        parts = [each["pairs"] for name, each in strata.items() if name != "all"]
        assert sum(parts) <= strata["all"]["pairs"]


def test_always_the_same_side_is_no_preference():
    (kind,) = summarise([ballot(constant(PairSide.A))], KEY)["judges"]
    assert list(kind["systems"]) == ["radio", "rival"]
    assert list(kind["systems"]["rival"]) == ["all", "soul", "techno"]
    figures = kind["systems"]["rival"]["all"]
    assert (figures["wins"], figures["losses"], figures["ties"]) == (4, 4, 0)
    assert figures["decided"]["share"] == 0.5
    assert figures["decided"]["p_value"] == 1


def test_judges_of_one_kind_are_pooled_and_kinds_are_kept_apart():
    found = summarise(
        [
            ballot(constant(PairSide.A), file="one.json"),
            ballot(constant(PairSide.A), file="two.json"),
            ballot(constant(PairSide.B), file="three.json"),
            ballot(constant(None), "language model", "four.json"),
        ],
        KEY,
    )
    listener, model = found["judges"]
    assert listener["files"] == ["one.json", "two.json", "three.json"]
    assert listener["systems"]["rival"]["all"]["pairs"] == 8, "a pair counts once"
    assert listener["systems"]["rival"]["all"]["wins"] == 4
    assert model["systems"]["rival"]["all"]["ties"] == 8
    assert model["systems"]["rival"]["all"]["decided"]["share"] is None
    agreement = {
        (each["first"]["file"], each["second"]["file"]): each for each in found["agreement"]
    }
    assert len(agreement) == 6
    same = agreement["one.json", "two.json"]
    assert (same["pairs"], same["agree"], same["kappa"]) == (10, 10, 1)
    assert agreement["one.json", "three.json"]["kappa"] == -1
    assert agreement["one.json", "four.json"]["agree"] == 0


def test_judges_without_a_common_pair_have_no_agreement():
    found = summarise(
        [
            ballot(constant(PairSide.A, ["p1"])),
            ballot(constant(PairSide.A, ["p2"]), file="two.json"),
        ],
        KEY,
    )
    (each,) = found["agreement"]
    assert (each["pairs"], each["share"], each["kappa"]) == (0, None, None)
    assert "no pair in common" in "\n".join(summary_lines(found))


def test_a_stratum_called_all_is_kept_apart():
    key = copy.deepcopy(KEY)
    key["pairs"]["p0"]["stratum"] = "all"
    (kind,) = summarise([ballot(constant(PairSide.A))], key)["judges"]
    assert kind["systems"]["rival"]["all"]["pairs"] == 8
    assert kind["systems"]["rival"]["stratum all"]["pairs"] == 1


def test_songs_that_do_not_fit_have_intervals_around_their_means():
    outcomes = [PairOutcome(Outcome.WIN, number % 3, number % 2 + 1) for number in range(60)]
    unfit = tally(outcomes)["unfit"]
    assert unfit["ours"]["mean"] == 1
    assert unfit["other"]["mean"] == 1.5
    for each in unfit.values():
        assert each["low"] < each["mean"] < each["high"]
        assert each["count"] == 60
    assert unfit["difference"]["high"] < 0
