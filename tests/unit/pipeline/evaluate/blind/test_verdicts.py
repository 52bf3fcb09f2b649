import json

import pytest

from embeat_pipeline.evaluate.blind.pairs import PairSide
from embeat_pipeline.evaluate.blind.verdicts import (
    Outcome,
    PairOutcome,
    pool,
    read_ballot,
    read_ballots,
    unblind,
)
from embeat_serve.errors import UsageError

KEY = {
    "pairs": {
        "p1": {"ours": "A", "system": "rival", "stratum": None, "songs": 3},
        "p2": {"ours": "B", "system": "rival", "stratum": None, "songs": 3},
    }
}
CONTENT = {
    "test": "t1",
    "judge": " a  listener\n",
    "verdicts": [
        {"pair": "p1", "better": "A", "unfit": {"A": [3], "B": [1, 2, 2]}},
        {"pair": "p2", "better": "A"},
    ],
}


@pytest.fixture
def write(tmp_path):
    def write(content, name="verdicts.json"):
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def test_a_verdict_counts_for_the_list_that_was_on_its_side(write):
    ballot = read_ballot(write(CONTENT))
    assert ballot.judge == "a listener"
    assert ballot.verdicts["p1"].unfit == {PairSide.A: {3}, PairSide.B: {1, 2}}
    assert unblind(ballot, KEY) == {
        "p1": PairOutcome(Outcome.WIN, 1, 2),
        "p2": PairOutcome(Outcome.LOSS, 0, 0),
    }


def test_equal_is_a_tie(write):
    verdicts = [{"pair": "p2", "better": "equal", "unfit": {"B": [1]}}]
    ballot = read_ballot(write({**CONTENT, "verdicts": verdicts}))
    assert unblind(ballot, KEY) == {"p2": PairOutcome(Outcome.TIE, 1, 0)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"judge": ""}, "'judge'"),
        ({"judge": None}, "'judge'"),
        ({"judge": "x" * 101}, "found 101"),
        ({"test": 3}, "'test'"),
        ({"verdicts": None}, "holds no verdicts"),
        ({"verdicts": []}, "has no verdict"),
        ({"verdicts": [3]}, "verdict 1: expected an object"),
        ({"verdicts": [{"pair": "p1", "better": "ours"}]}, "found 'ours'"),
        ({"verdicts": [{"pair": "p1", "better": None}]}, "found None"),
        ({"verdicts": [{"pair": "p1", "better": "A"}] * 2}, "second verdict on pair p1"),
        ({"verdicts": [{"pair": "p1", "better": "A", "unfit": {"C": []}}]}, "as unfit"),
        ({"verdicts": [{"pair": "p1", "better": "A", "unfit": {"A": [0]}}]}, "from 1"),
        ({"verdicts": [{"pair": "p1", "better": "A", "unfit": {"A": [True]}}]}, "from 1"),
        ({"verdicts": [{"pair": "p1", "better": "A", "unfit": {"A": "1"}}]}, "from 1"),
    ],
)
def test_another_form_is_refused_with_what_was_found(write, change, message):
    with pytest.raises(UsageError) as error:
        read_ballot(write({**CONTENT, **change}))
    assert message in str(error.value)


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        read_ballot(tmp_path / "nowhere.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UsageError, match="cannot read"):
        read_ballot(tmp_path / "bad.json")


def test_pairs_and_songs_that_the_test_lacks_are_refused(write):
    unknown = {**CONTENT, "verdicts": [{"pair": "p9", "better": "A"}]}
    with pytest.raises(UsageError, match="has no pair 'p9'"):
        unblind(read_ballot(write(unknown)), KEY)
    fourth = {**CONTENT, "verdicts": [{"pair": "p1", "better": "A", "unfit": {"B": [4]}}]}
    with pytest.raises(UsageError, match=r"songs 1\.\.3, found 4"):
        unblind(read_ballot(write(fourth)), KEY)


def test_files_are_of_one_test_and_each_given_once(write):
    first, second = write(CONTENT), write({**CONTENT, "test": "t2"}, "second.json")
    with pytest.raises(UsageError, match=r"test t1 and second.json on t2"):
        read_ballots([first, second])
    with pytest.raises(UsageError, match="given twice"):
        read_ballots([first, first])
    assert len(read_ballots([first, write(CONTENT, "third.json")])) == 2


def test_the_majority_decides():
    win, loss, tie = (PairOutcome(outcome, 1, 3) for outcome in Outcome)
    assert pool([win, win, loss]).outcome is Outcome.WIN
    assert pool([tie, loss]).outcome is Outcome.LOSS
    assert pool([win, loss, tie]).outcome is Outcome.TIE
    assert pool([win, PairOutcome(Outcome.WIN, 2, 0)]) == PairOutcome(Outcome.WIN, 1.5, 1.5)
