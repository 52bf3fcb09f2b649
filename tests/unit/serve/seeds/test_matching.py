import pytest

from embeat_serve.seeds.matching import SAME_NAME, best_artist, best_track
from embeat_serve.seeds.parsing import possible_readings
from embeat_serve.stores.query import Hit
from tests.support.catalogue_hits import artist_hit, track_hit


def found(typed: str, *hits: Hit) -> int | None:
    best = best_track(possible_readings(typed), hits)
    return None if best is None else best.hit.id


def test_a_well_known_edition_beats_an_unknown_song_of_that_title():
    known = track_hit(1, "Yesterday - Live", "The Beatles", popularity=80)
    assert found("yesterday", known, track_hit(2, "Yesterday", "Somebody", popularity=69)) == 1
    assert found("yesterday", known, track_hit(2, "Yesterday", "Somebody", popularity=75)) == 2


def test_a_reissue_is_the_recording_itself():
    known = track_hit(1, "Yesterday - Remastered 2009", "The Beatles", popularity=76)
    assert found("yesterday", known, track_hit(2, "Yesterday", "Somebody", popularity=75)) == 1
    assert found("yesterday - somebody", known, track_hit(2, "Yesterday", "Somebody")) == 2


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("clair de lune", "Suite bergamasque, L. 75: III. Clair de lune"),
        ("clair de lune", "Debussy: Suite bergamasque, CD 82, L. 75: III. Clair de lune"),
        ("the swan", "The Carnival of the Animals, R. 125: XIII. The Swan (Live)"),
        ("träumerei", "Kinderszenen, Op. 15: 7. Träumerei"),
        ("summerland", "3 Visions: No. 2, Summerland"),
        ("serendipity", "Intro: Serendipity"),
        ("i will survive", "Anthems: I Will Survive"),
    ],
)
def test_a_well_known_part_of_a_work_is_found_by_its_own_title(typed: str, title: str):
    known = track_hit(1, title, "Claude Debussy", popularity=69)
    assert found(typed, known, track_hit(2, typed, "Massage Music", popularity=18)) == 1
    assert found(f"{typed} - debussy", known) == 1
    assert found(typed, known, track_hit(2, typed, "Massage Music", popularity=65)) == 2


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("the hunger games", "The Hunger Games: Catching Fire"),
        ("fallout", "Friction (From Mission: Fallout)"),
        ("season 3", 'Lonely "13 Reasons Why: Season 3"'),
        ("into the spider verse", "Sunflower - Spider-Man: Into the Spider-Verse"),
        ("30", "At 12:30"),
    ],
)
def test_a_colon_in_another_name_divides_no_title(typed: str, title: str):
    unknown = track_hit(2, typed, "Somebody", popularity=1)
    assert found(typed, track_hit(1, title, "Post Malone", popularity=88), unknown) == 2


def test_an_edition_that_is_asked_for_decides():
    hits = track_hit(1, "Hello", "Adele", popularity=90), track_hit(2, "Hello (Live)", "Adele")
    assert found("hello (live)", *hits) == 2
    assert found("hello", *hits) == 1


def test_the_artist_named_decides_between_songs_of_one_title():
    hits = track_hit(1, "Hello", "Adele", popularity=90), track_hit(2, "Hello", "Lionel Richie")
    assert found("lionel richie - hello", *hits) == 2
    assert found("hello - lionel", *hits) == 2
    assert found("hello - kraftwerk", *hits) is None


def test_a_song_about_an_artist_is_not_by_that_artist():
    tribute = track_hit(1, "Hello (Adele Cover)", "The Tributes")
    assert found("hello - adele", tribute) is None
    assert found("uptown - mayday", track_hit(2, "Uptown (feat. Mayday)", "Someone")) == 2


def test_words_found_anywhere_are_no_title():
    assert found("metalica", track_hit(1, "Chaqueta Metálica", "Javi", popularity=8)) is None
    assert found("teen spirit", track_hit(1, "Smells Like Teen Spirit", "N", popularity=80)) == 1
    assert found("hello adele", track_hit(1, "Hello", "Adele", popularity=None)) == 1


def test_equals_are_told_apart_by_popularity_then_by_id():
    same = [track_hit(id, "Hello", "Adele", popularity=70) for id in (5, 3, 4)]
    assert found("hello - adele", *same) == 3
    assert found("hello - adele", *same, track_hit(9, "Hello", "Adele", popularity=71)) == 9
    assert found("hello - adele", *same, track_hit(1, "Hello", "Adele", popularity=None)) == 3


@pytest.mark.parametrize(
    ("typed", "hits", "expected"),
    [
        ("beatles", [artist_hit(1, "Re Beatles", 5), artist_hit(2, "The Beatles", 90)], 2),
        (
            "nova",
            [artist_hit(1, "Nova", 20), artist_hit(2, "Nova", 70), artist_hit(3, "Nova X", 99)],
            2,
        ),
        ("nova", [artist_hit(1, "Nova", 70, songs=0), artist_hit(2, "Nova", 20)], 2),
        ("nova", [artist_hit(4, "Nova"), artist_hit(3, "Nova")], 3),
        ("jay", [artist_hit(1, "Jay Chou", 60)], None),
        ("earth wind and fire", [artist_hit(1, "Earth, Wind & Fire", 1)], 1),
        ("nobody", [], None),
    ],
)
def test_artists(typed: str, hits: list[Hit], expected: int | None):
    best = best_artist(typed, hits)
    assert (None if best is None else best.hit.id) == expected


def test_a_name_is_most_like_itself():
    best = best_artist("nova", [artist_hit(1, "NOVA")])
    assert best is not None
    assert best.similarity == SAME_NAME


@pytest.mark.parametrize(
    "typed", ["simon and garfunkel", "Simon und Garfunkel", "simon + garfunkel"]
)
@pytest.mark.parametrize("name", ["Simon & Garfunkel", "Simon y Garfunkel"])
def test_a_name_is_the_same_however_the_and_is_written(typed: str, name: str):
    namesake = artist_hit(2, "Simon Garfunkel", 5)
    best = best_artist(typed, [artist_hit(1, name, 10), namesake])
    assert best is not None
    assert (best.hit.id, best.similarity) == (1, SAME_NAME)


def test_an_and_between_two_words_is_not_left_out():
    best = best_artist("nick and drake", [artist_hit(1, "Nick Drake", 60)])
    assert best is None or best.similarity < SAME_NAME
