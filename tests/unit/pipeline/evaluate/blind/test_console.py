from embeat_pipeline.evaluate.blind.console import blind_test_lines, summary_lines
from embeat_pipeline.evaluate.blind.pairs import PairSide
from embeat_pipeline.evaluate.blind.summary import summarise
from embeat_pipeline.evaluate.blind.verdicts import Ballot, Verdict

KEY = {
    "test": "t1",
    "release": "0123456789ab",
    "pairs": {
        f"p{number}": {"ours": "A", "system": "rival", "stratum": "soul", "songs": 5}
        for number in range(8)
    },
}


def ballot(choices, judge, file):
    unfit = {PairSide.A: frozenset([1]), PairSide.B: frozenset([1, 2])}
    return Ballot(
        "t1", judge, file, {f"p{n}": Verdict(each, unfit) for n, each in enumerate(choices)}
    )


def test_every_figure_says_who_judged():
    summary = summarise(
        [
            ballot([PairSide.A] * 6 + [PairSide.B, None], "listener", "one.json"),
            ballot([PairSide.A] * 8, "language model", "two.json"),
        ],
        KEY,
    )
    lines = [line for line in summary_lines(summary) if line]
    assert lines[0] == "blind test t1, 8 pairs, ours: release 0123456789ab"
    assert all("listener" in line or "language model" in line for line in lines[1:])
    assert "judged by listener (one.json): ours against rival" in lines
    assert (
        "  listener, all: 6 wins, 1 loss, 1 tie of 8 pairs; "
        "85.7% of decided pairs won [42.1%, 99.6%], sign test p = 0.125"
    ) in lines
    assert (
        "  language model, soul: songs that do not fit, in a list of ours 1.00 [1.00, 1.00], "
        "of theirs 2.00 [2.00, 2.00], difference -1.00 [-1.00, -1.00]"
    ) in lines
    assert "agree on 6 of 8 pairs: 75.0% [34.9%, 96.8%], Cohen's kappa 0.00" in lines[-1]


def test_several_files_of_one_judge_and_no_decided_pair():
    files = [ballot([None], "listener", name) for name in ("one.json", "two.json")]
    text = "\n".join(summary_lines(summarise(files, KEY)))
    assert "judged by listener, the majority of 2 files: ours against rival" in text
    assert "0 wins, 0 losses, 1 tie of 1 pair; no pair is decided" in text
    assert "kappa undefined" in text


def test_what_to_do_with_a_test_is_said():
    result = {
        "test": "t1",
        "release": "r1",
        "pairs": 3,
        "skipped": ["2 whose seed is no song of the catalogue (x, y)"],
        "files": {"page": "pairs.html", "pairs": "pairs.json", "key": "key.json"},
    }
    text = "\n".join(blind_test_lines(result))
    assert "3 pairs of release r1" in text
    assert "left out: 2 whose seed" in text
    assert "key.json (not for judges)" in text
    assert "python -m embeat_pipeline evaluate --verdicts" in text
