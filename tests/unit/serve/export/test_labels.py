import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.export.labels import list_heading, plain, seeds_label
from embeat_serve.results import ListTitle, SeedSong
from tests.support.small_lists import answer


@given(st.text(max_size=40))
def test_titles_cannot_steer_a_terminal(text: str):
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(character) in steering for character in plain(text))


def test_a_list_is_called_by_its_artist_or_its_first_seed():
    assert seeds_label(answer()) == "晴天 - Jay Chou"
    assert seeds_label(answer(artist="Adele")) == "Adele (one song)"
    described = SeedSong(None, None, ())
    assert seeds_label(answer(seeds=(described, described))) == "the song described and 1 more"


def test_a_heading_names_seeds_title_or_both():
    title = ListTitle("rainy\nevening", 1.0)
    assert list_heading(answer()) == "Songs like 晴天 - Jay Chou"
    assert list_heading(answer(title=title)) == "Songs like 晴天 - Jay Chou for “rainy evening”"
    assert list_heading(answer(seeds=(), title=title)) == "Songs for “rainy evening”"
