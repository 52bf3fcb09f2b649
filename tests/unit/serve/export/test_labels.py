import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.export.labels import list_title, plain
from embeat_serve.results import SeedSong
from tests.support.small_lists import answer


@given(st.text(max_size=40))
def test_titles_cannot_steer_a_terminal(text: str):
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(character) in steering for character in plain(text))


def test_a_list_is_called_by_its_artist_or_its_first_seed():
    assert list_title(answer()) == "晴天 - Jay Chou"
    assert list_title(answer(artist="Adele")) == "Adele (one song)"
    described = SeedSong(None, None, ())
    assert list_title(answer(seeds=(described, described))) == "the song described and 1 more"
