import json
from itertools import cycle

import pytest

from embeat_pipeline.cli import main
from embeat_pipeline.evaluate.blind.files import blind_folder


@pytest.fixture
def evaluate(blind_lake, capsys):
    def evaluate(*flags):
        status = main(["evaluate", "--lake", str(blind_lake.root), *map(str, flags)])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return printed.out

    return evaluate


def saved_verdicts(pairs, path, judge, choices):
    verdicts = [
        {"pair": pair["pair"], "better": choice, "unfit": {"A": [1], "B": []}}
        for pair, choice in zip(pairs["pairs"], cycle(choices), strict=False)
    ]
    path.write_text(json.dumps({"test": pairs["test"], "judge": judge, "verdicts": verdicts}))
    return path


def test_from_lists_to_a_summary(blind_lake, evaluate, rival_lists, tmp_path):
    made = json.loads(evaluate("--blind", rival_lists, "--json"))
    assert made["pairs"] == 8
    pairs = json.loads((blind_folder(blind_lake) / "pairs.json").read_text())
    key = json.loads((blind_folder(blind_lake) / "key.json").read_text())
    ours = [key["pairs"][pair["pair"]]["ours"] for pair in pairs["pairs"]]
    people = saved_verdicts(pairs, tmp_path / "people.json", "listener", ours)
    model = saved_verdicts(pairs, tmp_path / "model.json", "language model", ["A"])
    summary = json.loads(evaluate("--verdicts", people, model, "--json"))
    listener, language_model = (each["systems"]["rival"] for each in summary["judges"])
    assert listener["all"]["wins"] == 8
    assert listener["early"]["wins"] == listener["late"]["wins"] == 4
    assert language_model["all"]["wins"] == 4
    assert summary["agreement"][0]["agree"] == 4
    text = evaluate("--verdicts", people, model)
    assert "listener, all: 8 wins, 0 losses, 0 ties of 8 pairs; 100.0% of decided pairs" in text


def test_the_files_for_judges_tell_nothing(blind_lake, evaluate, rival_lists):
    assert "not for judges" in evaluate("--blind", rival_lists, "--seed", 5)
    release = blind_lake.current.read_text().strip()
    for name in ("pairs.html", "pairs.json"):
        text = (blind_folder(blind_lake) / name).read_text().lower()
        assert "foreign" in text
        assert not [word for word in ("rival", "embeat", release, "early") if word in text]
    text = (blind_folder(blind_lake) / "pairs.html").read_text()
    assert "Foreign &lt;b&gt;" in text
    assert "Foreign <b>" not in text


def test_lists_are_written_and_compared(evaluate, catalogue, tmp_path):
    seeds, out = tmp_path / "seeds.txt", tmp_path / "lists.jsonl"
    seeds.write_text("\n".join([*catalogue["track_id"].to_list()[:5], "x" * 22]))
    flags = ("--write-lists", seeds, "--out", out, "--system", "upstream")
    text = evaluate(*flags)
    assert f"5 lists in {out}" in text
    assert "left out: 1 seed that is no song of the release" in text
    assert len(json.loads(out.read_text().splitlines()[0])["tracks"]) == 10
    evaluate(*flags, "--length", 3)
    assert len(json.loads(out.read_text().splitlines()[0])["tracks"]) == 3
    assert "blind test" in evaluate("--blind", out)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--blind", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["--verdicts", "nowhere.json"], "cannot read nowhere.json"),
        (["--write-lists", "seeds.txt"], "--out"),
        (["--write-lists", "seeds.txt", "--out", "x", "--length", "0"], "k must be"),
        (["--blind", "x", "--verdicts", "y"], "not allowed with"),
        (["--blind", "x", "--out", "y"], "--write-lists"),
        (["--length", "3"], "--write-lists"),
    ],
)
def test_mistakes_give_one_line(tmp_path, capsys, flags, message):
    assert main(["evaluate", "--lake", str(tmp_path), *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("embeat:")
    assert message in line


def test_a_lake_without_a_release_has_its_own_status(tmp_path, rival_lists, capsys):
    assert main(["evaluate", "--lake", str(tmp_path), "--blind", str(rival_lists)]) == 4
    assert "python -m embeat_pipeline run" in capsys.readouterr().err
