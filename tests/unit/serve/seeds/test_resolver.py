from pathlib import Path
from typing import Any

import pytest

from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.recommender import Recommender
from embeat_serve.release import Release
from embeat_serve.seeds.matching import best_artist, best_track
from embeat_serve.seeds.models import SeedSet
from embeat_serve.seeds.parsing import PlaylistEntry, possible_readings
from embeat_serve.seeds.request import MAX_SEEDS, PlaylistRequest, build_seed_request
from embeat_serve.seeds.resolver import is_artist_meant, resolve_seeds, resolve_text
from embeat_serve.settings import Settings
from embeat_serve.stores.batch import QueryBatch
from tests.support.catalogue_hits import artist_hit, track_hit

NOBODY = "spotify:artist:" + "x" * 22
TOO_MANY = [f"{number:022d}" for number in range(101)]
SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


@pytest.fixture(scope="module")
def release(catalogue):
    opened = Release.open(Settings(lake=catalogue))
    yield opened
    opened.store.close()


def resolve(release: Release, artist_tracks: int = 10, **given: Any) -> SeedSet:
    request = build_seed_request(**given)
    return resolve_seeds(release, QueryBatch(release.store), request, artist_tracks=artist_tracks)


def text(release: Release, typed: str) -> tuple[str, str]:
    seeds = resolve_text(release, typed, artist_tracks=10)
    assert seeds.artist is None
    (song,) = seeds.songs
    return song.payload["track_name"], song.payload["artist_names"][0]


@pytest.mark.parametrize(
    ("typed", "title", "artist"),
    [
        ("晴天 - Jay Chou", "晴天", "Jay Chou"),
        ("Jay Chou - 晴天", "晴天", "Jay Chou"),
        ("jay chou 晴天", "晴天", "Jay Chou"),
        ("晴天", "晴天", "Jay Chou"),
        ("晴天 (live)", "晴天 (Live)", "Jay Chou"),
        ("叶惠美", "葉惠美", "Jay Chou"),
        ("hello - adele", "Hello", "Adele"),
        ("HELLO by ADELE", "Hello", "Adele"),
        ("hello", "Hello", "Adele"),
        ("lionel richie – hello", "Hello", "Lionel Richie"),
        ("us", "Us", "Artist 11"),
        ("yesterday", "Yesterday - Remastered 2009", "Artist 14"),
        ("uptown - mayday", "Uptown (feat. Mayday)", "Artist 15"),
        ("Supercalifragilisticex", "Supercalifragilisticex", "Artist 16"),
        ("???", "???", "Artist 17"),
        (SUNNY, "晴天", "Jay Chou"),
        (f"https://open.spotify.com/track/{SUNNY}?si=abc", "晴天", "Jay Chou"),
        ("TWK970300503", "晴天", "Jay Chou"),
    ],
)
def test_what_a_person_types_finds_the_song(release: Release, typed: str, title: str, artist: str):
    assert text(release, typed) == (title, artist)


def test_the_most_popular_of_equals(release: Release):
    (song,) = resolve_text(release, "晴天", artist_tracks=10).songs
    assert song.payload["track_id"] == SUNNY
    (song,) = resolve(release, isrc="tw-k97-03-00503").songs
    assert song.payload["popularity"] == 80


@pytest.mark.parametrize("typed", ["Jay Chou", "kraftwerk", "midnight sons"])
def test_a_name_alone_means_the_artist(release: Release, typed: str):
    seeds = resolve_text(release, typed, artist_tracks=10)
    assert seeds.artist in ("Jay Chou", "Kraftwerk", "The Midnight Sons")
    assert {song.payload["artist_names"][0] for song in seeds.songs} == {seeds.artist}


def test_the_more_popular_of_an_artist_and_a_song_of_one_name(release: Release):
    # The song "Nova" has popularity 41; of the artists one has 40, the other 70.
    assert resolve_text(release, "nova", artist_tracks=3).artist == "Nova"


@pytest.mark.parametrize(
    ("title", "is_artist"),
    [("Air", False), ("Suite No. 3 in D Major: II. Air", True), ("Air - Live", True)],
)
def test_a_song_called_exactly_like_an_artist_needs_no_lead(title: str, is_artist: bool):
    artist = best_artist("air", [artist_hit(1, "Air", 64)])
    song = best_track(possible_readings("air"), [track_hit(2, title, "Somebody", popularity=67)])
    assert artist is not None
    assert song is not None
    assert is_artist_meant(artist, song) == is_artist


def test_homonyms_stay_apart(release: Release):
    seeds = resolve(release, artist="Nova", artist_tracks=10)
    assert [song.payload["track_name"] for song in seeds.songs] == ["Star Two"]


def test_an_artist_stands_for_the_best_known_distinct_songs(release: Release):
    seeds = resolve(release, artist="jay chou", artist_tracks=4)
    names = [song.payload["track_name"] for song in seeds.songs]
    assert "晴天" in names
    assert len(names) == len(set(names)) == 4
    everything = resolve(release, artist="jay chou", artist_tracks=100)
    titles = [song.payload["track_name"] for song in everything.songs]
    assert titles.count("晴天") == 1
    assert "晴天 (Live)" not in titles
    popularity = [song.payload.get("popularity", 0) for song in seeds.songs]
    assert popularity == sorted(popularity, reverse=True)


def test_an_artist_by_link(release: Release):
    link = "https://open.spotify.com/artist/artist0000000000000010?si=x"
    assert resolve(release, artist=link, artist_tracks=2).artist == "Adele"
    assert resolve_text(release, link, artist_tracks=2).artist == "Adele"
    with pytest.raises(UsageError, match="track"):
        resolve(release, artist=f"spotify:track:{SUNNY}", artist_tracks=2)


def test_several_tracks_in_the_order_given_each_once(release: Release):
    hello = resolve_text(release, "hello - adele", artist_tracks=1).songs[0].payload["track_id"]
    seeds = resolve(release, track_ids=[hello, SUNNY, f"spotify:track:{hello}", "x" * 22])
    assert [song.payload["track_id"] for song in seeds.songs] == [hello, SUNNY]
    assert seeds.missing == ("x" * 22,)


@pytest.mark.parametrize(
    ("typed", "title", "artist"),
    [
        ("晴夭 - Jay Chou", "晴天", "Jay Chou"),
        ("Hallo - Adele", "Hello", "Adele"),
        ("helo - adelle", "Hello", "Adele"),
        ("adle helllo", "Hello", "Adele"),
        ("hello - lionel ritchie", "Hello", "Lionel Richie"),
        ("yesterdya", "Yesterday - Remastered 2009", "Artist 14"),
        ("no body knows my sound", "Nobody Knows My Sound", "Echo Park"),
    ],
)
def test_one_or_two_letters_may_be_wrong(release: Release, typed: str, title: str, artist: str):
    assert text(release, typed) == (title, artist)
    assert resolve_text(release, typed, artist_tracks=10).guessed


@pytest.mark.parametrize("typed", ["Kraftwork", "karftwerk", "the midnigth sons"])
def test_an_artist_misspelt(release: Release, typed: str):
    names = {"kraftwork": "Kraftwerk", "karftwerk": "Kraftwerk"}
    meant = names.get(typed.lower(), "The Midnight Sons")
    for seeds in (
        resolve_text(release, typed, artist_tracks=10),
        resolve(release, artist=typed, artist_tracks=10),
    ):
        assert seeds.artist == meant
        assert seeds.guessed


def test_exact_comes_before_what_is_more_popular_but_spelt_otherwise(release: Release):
    assert text(release, "us") == ("Us", "Artist 11")
    assert not resolve_text(release, "hello", artist_tracks=10).guessed


def test_namesakes_are_told_apart_by_their_links(release: Release):
    # "Nova" is two artists, of popularity 70 and 40, and a song of 41.
    assert resolve_text(release, "nova", artist_tracks=3).alternatives == ()
    seeds = resolve_text(release, "hello", artist_tracks=3)
    assert seeds.alternatives == ()
    seeds = resolve_text(release, "hallo", artist_tracks=3)
    assert seeds.guessed
    assert seeds.alternatives[0] == "Hello - Lionel Richie"


@pytest.mark.parametrize("typed", ["qqqq zzzz", "♡♡♡", "x" * 300])
def test_nothing_like_it(release: Release, typed: str):
    with pytest.raises(SeedNotFound) as raised:
        resolve_text(release, typed, artist_tracks=10)
    assert raised.value.suggestions == ()


def test_a_song_by_another_artist_is_suggested_not_taken(release: Release):
    with pytest.raises(SeedNotFound) as raised:
        resolve_text(release, "Hello - Kraftwerk", artist_tracks=10)
    assert "Hello - Adele" in raised.value.suggestions


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda release: resolve(release, track_ids=[]), UsageError),
        (lambda release: resolve(release, track_ids=["nonsense"]), UsageError),
        (
            lambda release: resolve(release, track_ids=[f"{i:022d}" for i in range(101)]),
            UsageError,
        ),
        (lambda release: resolve(release, track_ids=["x" * 22]), SeedNotFound),
        (lambda release: resolve(release, isrc="nonsense"), UsageError),
        (lambda release: resolve(release, isrc="USABC0000000"), SeedNotFound),
        (lambda release: resolve(release, artist=" ", artist_tracks=3), UsageError),
        (
            lambda release: resolve(release, artist="spotify:artist:" + "x" * 22, artist_tracks=3),
            SeedNotFound,
        ),
        (
            lambda release: resolve(release, text="spotify:album:" + "x" * 22),
            UsageError,
        ),
    ],
)
def test_wrong_questions(release: Release, ask, error: type[Exception]):
    with pytest.raises(error):
        ask(release)


def test_answers_are_the_same_every_time(recommender: Recommender):
    one, other = (recommender.recommend("nova") for _ in range(2))
    assert one == other


def test_several_songs_in_one_text(release: Release):
    for between in ("\n", ";", "；", "\n\n"):
        typed = between.join(("hello - adele", "晴天", "no such song here"))
        seeds = resolve_text(release, typed, artist_tracks=10)
        assert [song.payload["track_name"] for song in seeds.songs] == ["Hello", "晴天"]
        assert seeds.missing == ("no such song here",)


def test_a_semicolon_may_be_part_of_a_title(release: Release):
    assert text(release, "supercalifragilisticex;") == ("Supercalifragilisticex", "Artist 16")
    assert text(release, "Nobody; Knows My Sound") == ("Nobody Knows My Sound", "Echo Park")


def test_a_playlist_in_its_order_each_song_once(recommender: Recommender, tmp_path: Path):
    lines = ["Adele - Hello", f"spotify:track:{SUNNY}", "hallo - adele", "Nothing Like It - Nobody"]
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    for playlist in (lines, path, str(path)):
        answer = recommender.recommend(playlist=playlist, k=5)
        assert [seed.track_name for seed in answer.seeds] == ["Hello", "晴天"]
        assert answer.missing == ("Nothing Like It - Nobody",)
        assert answer.guessed
        assert len(answer.results) == 5


def test_a_long_playlist_is_asked_from_end_to_end(release: Release):
    entries = [
        PlaylistEntry("Hello", "Adele"),
        *[PlaylistEntry(isrc="USXXX9999999")] * 300,
        PlaylistEntry("Us"),
    ]
    seeds = resolve_seeds(
        release,
        QueryBatch(release.store),
        PlaylistRequest.of(entries),
        artist_tracks=1,
    )
    assert [song.payload["track_name"] for song in seeds.songs] == ["Hello", "Us"]
    assert len(seeds.missing) == MAX_SEEDS - 2


def test_a_lookup_takes_two_store_calls_at_most(release: Release):
    for typed in ("hello", "adele", "hallo adle", "karftwerk", "hello - adele\nhelo - adelle"):
        batch = QueryBatch(release.store)
        resolve_seeds(release, batch, build_seed_request(text=typed), artist_tracks=10)
        assert 1 <= batch.store_calls <= 2
