import json

import pytest

from embeat_pipeline.evaluate.blind.records import (
    DEFAULT_SYSTEM,
    ListedSong,
    ListRecord,
    SeedRecord,
    read_lists,
    read_seeds,
)
from embeat_serve.errors import UsageError

ID = "0F02KChKwbcQ3tk4q1YxLH"
RECORD = {"seed": "晴天 - Jay Chou", "tracks": [ID]}


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "lists.jsonl"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("as_lines", [True, False])
def test_lines_and_an_array_say_the_same(write, as_lines):
    values = [RECORD, {**RECORD, "seed": ID, "system": "rival", "stratum": "mandopop"}]
    text = "\n\n".join(map(json.dumps, values)) if as_lines else json.dumps(values, indent=2)
    first, second = read_lists(write(text))
    assert (first.seed, first.system, first.stratum) == ("晴天 - Jay Chou", DEFAULT_SYSTEM, None)
    assert (second.seed, second.system, second.stratum) == (ID, "rival", "mandopop")
    assert first.songs == second.songs == (ListedSong(ID),)


def test_songs_have_ids_links_or_names(write):
    named = {"track_name": "Hello", "artist_names": "Adele"}
    tracks = [ID, f"spotify:track:{ID}", named, {**named, "track_id": "4711"}, {"track_id": ID}]
    (record,) = read_lists(write(json.dumps({**RECORD, "tracks": tracks})))
    assert record.songs == (
        ListedSong(ID),
        ListedSong(ID),
        ListedSong(None, "Hello", ("Adele",)),
        ListedSong("4711", "Hello", ("Adele",)),
        ListedSong(ID),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("{", "line 1"),
        ("[1]", "record 1: expected"),
        (json.dumps({"tracks": [ID]}), "'seed'"),
        (json.dumps({**RECORD, "seed": 7}), "'seed', found 7"),
        (json.dumps({**RECORD, "tracks": []}), "expected 1..1000 tracks"),
        (json.dumps({**RECORD, "tracks": ID}), "expected 1..1000 tracks"),
        (json.dumps({**RECORD, "tracks": [{"track_name": "Hello"}]}), "expected a track id or"),
        (json.dumps({**RECORD, "tracks": [None]}), "found None"),
        (json.dumps({**RECORD, "tracks": [["x"] * 99]}), "…"),
        (json.dumps({**RECORD, "system": ""}), "'system'"),
        (f"{json.dumps(RECORD)}\n[]", "line 2: expected"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(write, text, message):
    with pytest.raises(UsageError) as error:
        read_lists(write(text))
    assert message in str(error.value)


def test_a_missing_file_says_what_was_expected(tmp_path):
    with pytest.raises(UsageError, match="expected a UTF-8 file"):
        read_lists(tmp_path / "nowhere.jsonl")


def test_seeds_are_lines_or_records(write):
    assert read_seeds(write(f"{ID}\n\n Hello - Adele \n")) == [
        SeedRecord("lists.jsonl, line 1", ID),
        SeedRecord("lists.jsonl, line 3", "Hello - Adele"),
    ]
    found = read_seeds(write(json.dumps({**RECORD, "stratum": "soul"})))
    assert found == [SeedRecord("lists.jsonl, line 1", "晴天 - Jay Chou", "soul")]


def test_an_error_gets_the_place_of_its_record():
    error = ListRecord("x.jsonl, line 9", "seed").cause(UsageError("no song"))
    assert str(error) == "x.jsonl, line 9: no song"
