import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.cli.table import cells, cut, doubt, pad, table
from tests.support.small_lists import SONGS, answer, song


def test_columns_line_up_whatever_the_script():
    lines = table(answer(*SONGS)).splitlines()[2:]
    starts = {cells(line[: line.index("playlist")]) for line in lines[1:]}
    assert starts == {cells(lines[0][: lines[0].index("channels")])}


def test_the_table_says_all_there_is_to_say():
    shown = table(answer(*SONGS, relaxed=("genre",)))
    assert shown.startswith("Songs like 晴天 - Jay Chou\n")
    assert "Jay Chou, Someone" in shown
    assert "playlist 0.50 acoustic 0.25" in shown
    assert "0.750" in shown
    assert shown.endswith("Rules relaxed: genre\n")


@pytest.mark.parametrize("width", [70, 90, 120, 200])
@pytest.mark.parametrize("scale", [1, 8])
def test_the_table_fits_the_terminal(width: int, scale: int):
    long = (song(1, "擱淺" * scale, ("Jay Chou " * scale, "Someone")), *SONGS)
    lines = table(answer(*long), width).splitlines()[2:]
    assert max(map(cells, lines)) <= width
    assert len({cells(line) for line in lines[1:]}) == 1
    assert all(line.endswith("0.750") for line in lines[1:])
    if width == 200:
        assert table(answer(*long), width) == table(answer(*long))


def test_links_stand_below_their_song():
    shown = table(answer(*SONGS), links=True)
    assert f"\n    https://open.spotify.com/track/{1:022d}\n" in shown
    assert "https" not in table(answer(*SONGS))


def test_explanations_stand_below_their_song():
    lines = table(answer(song(1, "a", ("b",), explanation="Because."))).splitlines()
    assert lines[-1].strip() == "Because."


def test_an_empty_list_says_so():
    assert "nothing" in table(answer())


def test_an_artist_is_named_instead_of_its_songs():
    assert table(answer(artist="Jay Chou")).startswith("Songs like Jay Chou (one song)\n")


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("晴天", 4), ("e\u0301", 1), ("ｱ", 1)])
def test_cells(text: str, width: int):
    assert cells(text) == width


@given(st.text(max_size=40), st.integers(1, 20))
def test_text_is_cut_to_its_column(text: str, width: int):
    assert cells(cut(text, width)) <= max(width, 1)
    assert cells(pad(cut(text, width), width)) == width


def test_an_unclear_text_is_said_to_be_one():
    assert doubt(answer(guessed=True)) == "taken for 晴天 - Jay Chou"
    assert doubt(answer(alternatives=("A", "B"))).endswith("; did you mean: A, B?")
