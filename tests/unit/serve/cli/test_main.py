import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from embeat_serve.cli.main import main
from embeat_serve.contract.lake import LakePaths

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
SONG = {"danceability": 0.5, "energy": 0.6, "valence": 0.4}


@pytest.fixture(autouse=True)
def lake(catalogue: LakePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command asks the hand-made release."""
    monkeypatch.setenv("EMBEAT_LAKE", str(catalogue.root))


def command(*arguments: str, **named) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "embeat_serve", *arguments], capture_output=True, **named
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["晴天 - Jay Chou"],
        ["-t", SUNNY],
        ["-t", SUNNY, "-t", f"spotify:track:{SUNNY}"],
        ["-i", "TWK970300503"],
        ["-a", "Jay Chou"],
        ["晴天", "--channels", "acoustic,playlist", "--explain"],
        ["晴天", "--no-diversify", "-k", "3"],
        ["晴天", "--year", "1990-2005", "--popularity", "20-", "--tempo", "-150", "--no-explicit"],
        ["晴天", "--genre", "soul", "--without-genre", "techno", "--without-artist", "Mayday"],
        [
            "晴天",
            "--instrumental",
            "--same-language",
            "--language",
            "zh",
            "--energy",
            "0.2-0.9",
            "--links",
        ],
        ["晴天", "--adventure", "0.5", "--hits", "-1", "--order", "harmonic"],
        ["Adele", "--not-like", SUNNY],
    ],
)
def test_a_list_is_printed(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Songs like ")
    assert shown.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "-i", "TWK970300503"],
        ["--nonsense"],
        ["晴天", "-k", "0"],
        ["晴天", "-k", "many"],
        ["晴天", "--channels", "radio"],
        ["晴天", "--year", "nineties"],
        ["晴天", "--year", "1999-1990"],
        ["晴天", "--genre", "mandopob"],
        ["晴天", "--hits", "2"],
        ["晴天", "--order", "random"],
        ["晴天", "--not-like", "nonsense"],
        ["晴天", "--channels", ""],
        [" "],
        ["-t", "nonsense"],
        ["-i", "nonsense"],
        ["--similarity", SUNNY],
        ["--features", "no/such/file.json"],
        ["晴天", "--m3u", "no/such/folder/list.m3u"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("embeat: ")
    assert shown.err.count("\n") == 1


def test_a_setting_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("EMBEAT_MIN_POPULARITY", "ten")
    assert main(["晴天"]) == 2
    assert "EMBEAT_MIN_POPULARITY" in capsys.readouterr().err


def test_a_question_in_words(capsys: pytest.CaptureFixture[str]):
    assert main(["4 songs for a rainy evening"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Songs for “rainy evening”"
    assert len(lines) == 7
    assert "title 0." in lines[3]


def test_a_rare_language_is_said(capsys: pytest.CaptureFixture[str]):
    assert main(["晴天", "--language", "sw"]) == 0
    assert "no song of this release is known to be in sw" in capsys.readouterr().err


def test_a_title_alone_and_beside_a_song(capsys: pytest.CaptureFixture[str]):
    assert main(["--title", "rainy evening", "-k", "2"]) == 0
    assert capsys.readouterr().out.startswith("Songs for “rainy evening”\n")
    assert main(["Hello - Adele", "--title", "rainy evening", "-k", "2"]) == 0
    assert capsys.readouterr().out.startswith("Songs like Hello - Adele for “rainy evening”\n")


def test_a_title_that_says_nothing_is_named(capsys: pytest.CaptureFixture[str]):
    assert main(["Hello - Adele", "--title", "qqqq", "-k", "2"]) == 0
    assert "no playlist has a name like 'qqqq'" in capsys.readouterr().err


def test_a_title_is_of_a_list(capsys: pytest.CaptureFixture[str]):
    assert main(["--similarity", "Hello", "Us", "--title", "rainy"]) == 2
    assert "--title goes with a list" in capsys.readouterr().err


def test_a_name_that_playlists_have_too_is_said_to_be_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("embeat_serve.answer.WELL_KNOWN", 0.0)
    assert main(["Hello - Adele", "-k", "2"]) == 0
    assert "as the name of a list, ask with --title" in capsys.readouterr().err


def test_nothing_found(capsys: pytest.CaptureFixture[str]):
    assert main(["Hello - Kraftwerk"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(
        "embeat: no song or artist matches 'Hello - Kraftwerk'; did you mean: Hello - Adele"
    )
    assert shown.err.count("\n") == 1
    assert main(["-t", "x" * 22]) == 3


def test_a_guess_is_said_to_be_one(capsys: pytest.CaptureFixture[str]):
    assert main(["Hallo - Adele", "--json", "-k", "3"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ("embeat: taken for Hello - Adele; did you mean: Hello - Remix - Adele?\n")
    content = json.loads(shown.out)
    assert content["guessed"]
    assert content["alternatives"] == ["Hello - Remix - Adele"]


def test_a_playlist_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "mine.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,Adele - Hello\nx.mp3\n#EXTINF:1,Nobody - Gone\ny.mp3\n")
    assert main(["--playlist", str(path), "-k", "3"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Songs like Hello - Adele\n")
    assert shown.err.startswith("embeat: not in the catalogue: Nobody - Gone")
    assert main(["--playlist", str(tmp_path / "gone.m3u")]) == 2


def test_nothing_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["晴天", "--lake", str(tmp_path)]) == 4
    shown = capsys.readouterr()
    assert shown.err.startswith("embeat: nothing is published")
    assert shown.err.count("\n") == 1


def test_a_server_that_is_down(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("EMBEAT_QDRANT_URL", "http://127.0.0.1:9")
    assert main(["晴天"]) == 4
    shown = capsys.readouterr()
    assert shown.err.startswith("embeat: ")
    assert shown.err.count("\n") == 1


def test_json_is_exactly_one_object(capsys: pytest.CaptureFixture[str]):
    assert main(["晴天", "--json", "-k", "5"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [song["rank"] for song in content["results"]] == [1, 2, 3, 4, 5]


def test_a_preset_is_asked_for_by_name(capsys: pytest.CaptureFixture[str]):
    lists = {}
    for preset in ("default", "upstream"):
        assert main(["晴天", "--json", "--preset", preset]) == 0
        lists[preset] = json.loads(capsys.readouterr().out)["results"]
    assert lists["default"] != lists["upstream"]
    assert main(["晴天", "--preset", "best"]) == 2
    assert "--preset" in capsys.readouterr().err


def test_features_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "song.json"
    path.write_text("\ufeff" + json.dumps(SONG), encoding="utf-8")
    assert main(["--features", str(path), "-k", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["results"]) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"{}", b'{"energy": 7}', b'{"energy": NaN}', b"\xff\xfe", b"[" * 200_000],
)
def test_features_that_are_none(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "song.json"
    path.write_bytes(content)
    assert main(["--features", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_similarity(capsys: pytest.CaptureFixture[str]):
    assert main(["--similarity", SUNNY, "hello - adele"]) == 0
    plain = float(capsys.readouterr().out)
    assert main(["--similarity", SUNNY, "hello - adele", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["similarity"] == pytest.approx(plain, abs=1e-3)
    assert (content["a"], content["b"]) == (SUNNY, "hello - adele")


def test_playlist_and_csv_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    playlist, sheet = tmp_path / "list.m3u", tmp_path / "list.csv"
    links = tmp_path / "list.jspf"
    files = ["--m3u", str(playlist), "--csv", str(sheet), "--jspf", str(links)]
    assert main(["晴天", *files, "--json"]) == 0
    ids = [song["track_id"] for song in json.loads(capsys.readouterr().out)["results"]]
    lines = playlist.read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[-1] for line in lines if line.startswith("spotify:")] == ids
    with sheet.open(encoding="utf-8", newline="") as file:
        assert [row["track_id"] for row in csv.DictReader(file)] == ids
    tracks = json.loads(links.read_text(encoding="utf-8"))["playlist"]["track"]
    assert [track["location"][0].rpartition("/")[2] for track in tracks] == ids


def test_missing_seeds_are_mentioned(capsys: pytest.CaptureFixture[str]):
    assert main(["-t", SUNNY, "-t", "x" * 22]) == 0
    assert capsys.readouterr().err == f"embeat: not in the catalogue: {'x' * 22}\n"


def test_the_same_command_gives_the_same_bytes():
    one, other = (command("晴天 - Jay Chou", "--explain") for _ in range(2))
    assert one.returncode == other.returncode == 0
    assert one.stdout == other.stdout
    assert one.stderr == other.stderr == b""


def test_exit_status_of_the_process():
    assert command("qqqq zzzz").returncode == 3
    wrong = command("--nonsense")
    assert wrong.returncode == 2
    assert b"Traceback" not in wrong.stderr


def test_the_process_ends_without_closing_the_release():
    # What Python does as it ends, it does after closing.
    code = "import atexit, runpy; atexit.register(print, 'ended'); "
    code += "runpy.run_module('embeat_serve', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code, "晴天"], stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert b"Jay Chou" in done.stdout
    assert b"ended" not in done.stdout


def test_a_reader_that_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "embeat_serve", "晴天"], stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 0


def test_a_disk_that_is_full():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "embeat_serve", "晴天"], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 2
    assert done.stderr.decode() == "embeat: cannot write the answer: No space left on device\n"


def test_a_terminal_without_these_letters():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = command("晴天", "-k", "3", env=environment)
    assert done.returncode == 0
    assert done.stderr == b""


def test_help_names_every_way_to_ask(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for flag in ("-t", "-i", "-a", "--features", "--similarity", "-k", "--json", "--explain"):
        assert flag in shown
