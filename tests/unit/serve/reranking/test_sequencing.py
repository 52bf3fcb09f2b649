from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.reranking.sequencing import arrange, broken_rules


@dataclass(frozen=True, eq=False)
class Song:
    main_artist: int | None
    album: int | None
    score: float = 0.5


def songs(*pairs: tuple[int | None, int | None]) -> list[Song]:
    return [Song(*pair) for pair in pairs]


def scored(*scores: float) -> list[Song]:
    """Two songs by one artist, and one each by others."""
    artists = [1, 1, *range(2, len(scores))]
    return [Song(artists[place], place, score) for place, score in enumerate(scores)]


listed = st.lists(
    st.builds(
        Song, st.none() | st.integers(0, 4), st.none() | st.integers(0, 6), st.floats(0.1, 1)
    ),
    max_size=14,
).map(lambda drawn: sorted(drawn, key=lambda song: -song.score))


@given(listed, st.integers(1, 3), st.integers(1, 6))
def test_every_song_once_and_rules_hold_or_are_named(
    given_songs: list[Song], max_run: int, first: int
):
    ordered, broken = arrange(given_songs, max_run, first)
    assert sorted(map(id, ordered)) == sorted(map(id, given_songs))
    assert broken == broken_rules(ordered, max_run, first)
    head = [song.main_artist for song in ordered[:first] if song.main_artist is not None]
    if "distinct_first" in broken:
        assert len(set(head)) < len(head)
    if "album_neighbours" not in broken:
        assert not any(a.album is not None and a.album == b.album for a, b in pairwise(ordered))
    if "max_artist_run" not in broken:
        for start in range(len(ordered) - max_run):
            run = {song.main_artist for song in ordered[start : start + max_run + 1]}
            assert len(run) > 1 or run == {None}


def test_an_order_without_fault_is_kept():
    given_songs = songs((1, 1), (1, 2), (2, 3), (1, 4), (None, None), (None, None))
    assert arrange(given_songs, 2) == (given_songs, [])


def test_a_run_is_broken_up_by_the_next_best():
    one, two, three, four = given_songs = songs((1, 1), (1, 2), (1, 3), (2, 4))
    assert arrange(given_songs, 2) == ([one, two, four, three], [])


def test_the_best_song_waits_where_the_rest_would_not_fit():
    # Four songs of one artist and one other: the other has to stand in the middle.
    ordered, broken = arrange(songs((2, 9), (1, 1), (1, 2), (1, 3), (1, 4)), 2)
    assert [song.main_artist for song in ordered] == [1, 1, 2, 1, 1]
    assert broken == []


def test_neighbours_are_of_different_albums():
    ordered, broken = arrange(songs((1, 7), (2, 7), (3, 8), (4, 7), (5, 9)), 2)
    assert [song.album for song in ordered] == [7, 8, 7, 9, 7]
    assert broken == []


def test_what_cannot_be_avoided_is_named():
    _, broken = arrange(songs((1, 7), (1, 7), (1, 7)), 2)
    assert broken == ["max_artist_run", "album_neighbours"]


def test_the_head_of_a_list_has_an_artist_each():
    one, two, three, four, five = given_songs = songs((1, 1), (1, 2), (2, 3), (2, 4), (3, 5))
    assert arrange(given_songs, 2, 3) == ([one, three, five, two, four], [])
    assert arrange(given_songs, 2, 4) == ([one, three, five, two, four], ["distinct_first"])


def test_a_song_five_times_as_good_comes_at_the_head_by_an_artist_who_is_there():
    one, two, three, four = given_songs = scored(0.9, 0.7, 0.1, 0.05)
    assert arrange(given_songs, 2, 3) == ([one, two, three, four], [])
    one, two, three, four = given_songs = scored(0.9, 0.5, 0.3, 0.2)
    assert arrange(given_songs, 2, 3) == ([one, three, four, two], [])
    assert arrange(given_songs, 2, 2) == ([one, three, two, four], [])


def test_a_list_of_few_artists_keeps_its_other_rules():
    ordered, broken = arrange(songs((1, 1), (1, 2), (1, 3), (1, 4), (2, 5), (2, 6)), 2, 5)
    assert broken == ["distinct_first"]
    assert [song.main_artist for song in ordered] == [1, 2, 1, 1, 2, 1]
