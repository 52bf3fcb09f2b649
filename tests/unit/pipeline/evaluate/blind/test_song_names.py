import polars as pl
import pytest

from embeat_pipeline.evaluate.blind.records import ListedSong
from embeat_pipeline.evaluate.blind.song_names import ShownSong, shown_songs
from embeat_serve.contract.lake import LakePaths

TRACKS = [
    {"track_id": "a" * 22, "track_name": "Déjà Vu", "artist_names": ["Beyoncé", "JAY-Z"]},
    {"track_id": "b" * 22, "track_name": "Deja vu", "artist_names": ["Beyoncé"]},
    {"track_id": "c" * 22, "track_name": "Hello", "artist_names": ["Adele"]},
]


@pytest.fixture
def lake(tmp_path):
    lake = LakePaths(tmp_path)
    lake.tables.mkdir()
    rows = [{**row, "popularity": 50 - place} for place, row in enumerate(TRACKS)]
    pl.DataFrame(rows).write_parquet(lake.table("tracks"))
    return lake


def test_names_are_the_catalogues_by_id_and_by_names(lake):
    by_id = ListedSong("c" * 22, "HELLO (wrong)", ("X",))
    by_name = ListedSong("4711", "deja VU", ("Beyonce",))
    shown = shown_songs(lake, [by_id, by_name])
    assert shown[by_id] == ShownSong("Hello", ("Adele",))
    assert shown[by_name] == ShownSong("Déjà Vu", ("Beyoncé", "JAY-Z")), "the more popular one"


def test_another_artists_song_keeps_its_own_names(lake):
    song = ListedSong(None, "Hello", ("Lionel  Richie",))
    assert shown_songs(lake, [song]) == {song: ShownSong("Hello", ("Lionel Richie",))}


def test_a_song_without_any_name_is_left_out(lake):
    assert shown_songs(lake, [ListedSong("d" * 22)]) == {}


def test_composed_and_decomposed_letters_look_the_same():
    one, two = ShownSong.of("Cafe\u0301\n", ["Zoe\u0308"]), ShownSong.of("Café", ["Zoë"])
    assert one == two
    assert one.to_dict() == {"track_name": "Café", "artist_names": ["Zoë"]}
