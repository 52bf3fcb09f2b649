import json

import polars as pl
import pytest

from embeat_pipeline.cli import main


@pytest.fixture
def withheld(published_lake, tmp_path):
    """Forty playlists nobody has seen: every other track of two of the lake's, by turns."""
    ids = pl.read_parquet(published_lake.table("tracks"))["track_id"]
    lists = pl.read_parquet(published_lake.table("playlists"))["track_codes"].head(80).to_list()
    mixed = [
        [ids[code] for code in dict.fromkeys(one[::2] + other[::2])]
        for one, other in zip(lists[::2], lists[1::2], strict=True)
    ]
    path = tmp_path / "withheld.parquet"
    pl.DataFrame({"track_ids": mixed}).write_parquet(path)
    return path


def made_files(lake):
    """Everything but what is within a release, which the engine touches as it reads."""
    folders = (lake.root, lake.tables, lake.models, lake.reports, lake.index)
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    return {path: path.stat().st_mtime_ns for path in paths if path.is_file()}


def test_withheld_playlists_are_asked_of_the_published_release(published_lake, withheld, capsys):
    before = made_files(published_lake)
    status = main(
        ["evaluate", "--lake", str(published_lake.root), "--playlists", str(withheld), "--json"]
    )
    assert status == 0
    found = json.loads(capsys.readouterr().out)
    assert found["measured"] == "published"
    assert found["release"] == published_lake.current.read_text().strip()
    assert {system["group"] for system in found["systems"]} == {"release", "channel"}
    assert found["seeds"]["1"]["queries"]["all"] > 20
    assert found["style_fit"]["seeds"]["1"]["systems"]["product"]["all"]["fit"]["mean"] > 0
    assert made_files(published_lake) == before


def test_the_table_is_printed(evaluated_copy, capsys):
    assert main(["evaluate", "--lake", str(evaluated_copy.root), "--quick"]) == 0
    printed = capsys.readouterr()
    assert "1 seed, novel playlists" in printed.out
    assert "product" in printed.out
    assert "style fit, 1 seed, novel playlists: product" in printed.out
    assert "evaluation.html" in printed.err


def test_a_comparison_is_printed(evaluated_copy, capsys):
    sides = ["channels=playlist", "channels=acoustic"]
    lake = str(evaluated_copy.root)
    assert main(["evaluate", "--lake", lake, "--quick", "--compare", *sides]) == 0
    assert "channels=acoustic minus channels=playlist" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--playlists", "nowhere.parquet"], 2, "no file"),
        (["--seed", "-1"], 2, "--seed"),
        (["--compare", "x", "y"], 2, "no setting"),
    ],
)
def test_mistakes_give_one_line(evaluated_lake, capsys, flags, status, message):
    assert main(["evaluate", "--lake", str(evaluated_lake.root), *flags]) == status
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("embeat:")]
    assert len(lines) == 1
    assert message in lines[0]


@pytest.mark.parametrize("flags", [[], ["--quick"], ["--compare", "a", "b"]])
def test_a_lake_that_is_not_there_is_not_created(tmp_path, capsys, flags):
    lake = tmp_path / "typo"
    assert main(["evaluate", "--lake", str(lake), *flags]) == 4
    assert f"no data lake at {lake}; run `python -m embeat_pipeline run" in capsys.readouterr().err
    assert not lake.exists()


def test_an_empty_lake_has_its_own_status(tmp_path, capsys):
    assert main(["evaluate", "--lake", str(tmp_path)]) == 4
    assert "python -m embeat_pipeline run" in capsys.readouterr().err
