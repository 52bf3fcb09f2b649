import pytest

from embeat_serve.seeds.parsing import possible_readings
from embeat_serve.seeds.typo_matching import match_misspelt_artists, match_misspelt_tracks
from embeat_serve.stores.query import Hit
from tests.support.catalogue_hits import artist_hit, track_hit


def tracks(text: str, *hits: Hit) -> list[tuple[int, int]]:
    """Id and number of typos of each match, best first."""
    matches = match_misspelt_tracks(possible_readings(text), hits)
    return [(match.hit.id, match.typos) for match in matches]


@pytest.mark.parametrize(
    ("text", "typos"),
    [
        ("helo - adele", 1),
        ("adele - helo", 1),
        ("hello - adelle", 1),
        ("hlelo - adele", 1),  # two neighbours swapped
        ("helo adele", 1),
        ("adele helo", 1),
        ("hello - adele", 0),
        ("heo - adelle", None),
        ("hello - madonna", None),
    ],
)
def test_letters_are_counted_in_title_and_artist(text: str, typos: int | None):
    expected = [] if typos is None else [(1, typos)]
    assert tracks(text, track_hit(1, "Hello", "Adele")) == expected


def test_editions_and_credited_names_are_matched_as_the_song():
    live = track_hit(1, "Yesterday - Remastered 2009", "The Beatles", "Somebody")
    assert tracks("yesterdya", live) == [(1, 1)]
    assert tracks("yesterday - beatels", live) == [(1, 1)]


def test_one_of_two_characters_may_be_wrong_where_the_artist_is_right():
    song = track_hit(1, "晴天", "Jay Chou")
    assert tracks("晴夭 - jay chou", song) == [(1, 1)]
    assert tracks("晴夭", song) == []


def test_one_letter_is_worth_some_popularity():
    unknown = artist_hit(1, "Metalice", 5)
    known = artist_hit(2, "Metallica", 90)
    matches = match_misspelt_artists("metalica", [unknown, known])
    assert [match.hit.id for match in matches] == [2, 1]
    assert [match.typos for match in matches] == [1, 1]
    far = artist_hit(3, "Metalicas", 25)
    exact = artist_hit(4, "Metalica", 0)
    assert match_misspelt_artists("metalica", [far, exact])[0].hit.id == 4


def test_an_artist_is_matched_by_an_alias_and_needs_songs():
    aliased = artist_hit(1, "周杰倫")
    aliased.payload["aliases"] = ["Jay Chou"]
    assert [match.hit.id for match in match_misspelt_artists("jay chuo", [aliased])] == [1]
    assert match_misspelt_artists("jay chuo", [artist_hit(2, "Jay Chou", songs=0)]) == []
