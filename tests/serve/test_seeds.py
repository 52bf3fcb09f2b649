import pytest

from embeat_serve import seeds as lookup
from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.recommender import Recommender
from embeat_serve.store import EdgeStore, VectorStore
from embeat_serve.suggestions import misspellings, suggest

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


@pytest.fixture(scope="module")
def store(catalogue):
    with EdgeStore(catalogue.release(catalogue.current.read_text().strip())) as opened:
        yield opened


def text(store: VectorStore, typed: str) -> tuple[str, str]:
    seeds = lookup.from_text(store, typed, number=10)
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
def test_what_a_person_types_finds_the_song(
    store: VectorStore, typed: str, title: str, artist: str
):
    assert text(store, typed) == (title, artist)


def test_the_most_popular_of_equals(store: VectorStore):
    (song,) = lookup.from_text(store, "晴天", number=10).songs
    assert song.payload["track_id"] == SUNNY
    (song,) = lookup.from_isrc(store, "tw-k97-03-00503").songs
    assert song.payload["popularity"] == 80


@pytest.mark.parametrize("typed", ["Jay Chou", "kraftwerk", "midnight sons"])
def test_a_name_alone_means_the_artist(store: VectorStore, typed: str):
    seeds = lookup.from_text(store, typed, number=10)
    assert seeds.artist in ("Jay Chou", "Kraftwerk", "The Midnight Sons")
    assert {song.payload["artist_names"][0] for song in seeds.songs} == {seeds.artist}


def test_the_more_popular_of_an_artist_and_a_song_of_one_name(store: VectorStore):
    # The song "Nova" has popularity 41; of the artists one has 40, the other 70.
    assert lookup.from_text(store, "nova", number=3).artist == "Nova"


def test_homonyms_stay_apart(store: VectorStore):
    seeds = lookup.from_artist(store, "Nova", number=10)
    assert [song.payload["track_name"] for song in seeds.songs] == ["Star Two"]


def test_an_artist_stands_for_the_best_known_distinct_songs(store: VectorStore):
    seeds = lookup.from_artist(store, "jay chou", number=4)
    names = [song.payload["track_name"] for song in seeds.songs]
    assert "晴天" in names
    assert len(names) == len(set(names)) == 4
    everything = lookup.from_artist(store, "jay chou", number=100)
    titles = [song.payload["track_name"] for song in everything.songs]
    assert titles.count("晴天") == 1
    assert "晴天 (Live)" not in titles
    popularity = [song.payload["popularity"] for song in seeds.songs]
    assert popularity == sorted(popularity, reverse=True)


def test_an_artist_by_link(store: VectorStore):
    link = "https://open.spotify.com/artist/artist0000000000000010?si=x"
    assert lookup.from_artist(store, link, number=2).artist == "Adele"
    assert lookup.from_text(store, link, number=2).artist == "Adele"
    with pytest.raises(UsageError, match="track"):
        lookup.from_artist(store, f"spotify:track:{SUNNY}", number=2)


def test_several_tracks_in_the_order_given_each_once(store: VectorStore):
    hello = lookup.from_text(store, "hello - adele", number=1).songs[0].payload["track_id"]
    seeds = lookup.from_ids(store, [hello, SUNNY, f"spotify:track:{hello}", "x" * 22])
    assert [song.payload["track_id"] for song in seeds.songs] == [hello, SUNNY]
    assert seeds.missing == ("x" * 22,)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("晴夭 - Jay Chou", "晴天 - Jay Chou"),
        ("Hallo - Adele", "Hello - Adele"),
        ("helo - adelle", "Hello - Adele"),
        ("Kraftwork", "Kraftwerk"),
    ],
)
def test_what_may_have_been_meant_is_suggested(store: VectorStore, typed: str, meant: str):
    with pytest.raises(SeedNotFound) as raised:
        lookup.from_text(store, typed, number=10)
    assert raised.value.suggestions[0] == meant
    assert len(raised.value.suggestions) <= 5


def test_an_artist_that_is_not_there_suggests_artists(store: VectorStore):
    with pytest.raises(SeedNotFound) as raised:
        lookup.from_artist(store, "Kraftwork", number=10)
    assert raised.value.suggestions == ("Kraftwerk",)


@pytest.mark.parametrize("typed", ["qqqq zzzz", "♡♡♡", "x" * 300])
def test_nothing_like_it(store: VectorStore, typed: str):
    with pytest.raises(SeedNotFound) as raised:
        lookup.from_text(store, typed, number=10)
    assert raised.value.suggestions == ()


def test_a_song_by_another_artist_is_suggested_not_taken(store: VectorStore):
    with pytest.raises(SeedNotFound) as raised:
        lookup.from_text(store, "Hello - Kraftwerk", number=10)
    assert "Hello - Adele" in raised.value.suggestions


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda store: lookup.from_ids(store, []), UsageError),
        (lambda store: lookup.from_ids(store, ["nonsense"]), UsageError),
        (lambda store: lookup.from_ids(store, [f"{i:022d}" for i in range(101)]), UsageError),
        (lambda store: lookup.from_ids(store, ["x" * 22]), SeedNotFound),
        (lambda store: lookup.from_isrc(store, "nonsense"), UsageError),
        (lambda store: lookup.from_isrc(store, "USABC0000000"), SeedNotFound),
        (lambda store: lookup.from_artist(store, " ", 3), UsageError),
        (lambda store: lookup.from_artist(store, "spotify:artist:" + "x" * 22, 3), SeedNotFound),
        (lambda store: lookup.from_text(store, "spotify:album:" + "x" * 22, 3), UsageError),
    ],
)
def test_wrong_questions(store: VectorStore, ask, error: type[Exception]):
    with pytest.raises(error):
        ask(store)


def test_misspellings_are_one_letter_away():
    assert {"metallica", "metalic", "emtalica", "netalica"} <= set(misspellings("metalica"))
    assert "metalica" not in misspellings("metalica")


def test_suggestions_need_words(store: VectorStore):
    assert suggest(store, "???") == ()


def test_answers_are_the_same_every_time(recommender: Recommender):
    one, other = (recommender.recommend("nova") for _ in range(2))
    assert one == other
