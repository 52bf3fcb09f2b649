from embeat_serve.seeds.alternatives import (
    CLEAR_LEAD,
    MAX_ALTERNATIVES,
    alternative_artists,
    alternative_songs,
    closest_labels,
    track_label,
)
from embeat_serve.seeds.matching import best_track
from embeat_serve.seeds.parsing import possible_readings
from embeat_serve.stores.query import Hit
from tests.support.catalogue_hits import artist_hit, track_hit


def songs_besides_the_best(text: str, *hits: Hit, artist: Hit | None = None) -> tuple[str, ...]:
    readings = possible_readings(text)
    best = best_track(readings, hits)
    assert best is not None
    return alternative_songs(readings, best, hits, artist)


def test_a_song_nearly_as_popular_may_be_meant_too():
    best = track_hit(1, "Hello", "Adele", popularity=80)
    close = track_hit(2, "Hello", "Lionel Richie", popularity=80 - CLEAR_LEAD)
    far = track_hit(3, "Hello", "Nobody", popularity=79 - CLEAR_LEAD)
    assert songs_besides_the_best("hello", best, close, far) == ("Hello - Lionel Richie",)


def test_a_song_that_is_called_exactly_so_may_be_meant_however_little_known():
    best = track_hit(1, "Suite bergamasque: III. Clair de lune", "Debussy", popularity=69)
    named = track_hit(2, "Clair de Lune", "Massage Music", popularity=18)
    live = track_hit(3, "Clair de Lune (Live)", "Nobody", popularity=18)
    assert songs_besides_the_best("clair de lune", best, named, live) == (
        "Clair de Lune - Massage Music",
    )


def test_other_editions_by_the_same_artist_are_no_alternatives():
    hits = track_hit(1, "Hello", "Adele"), track_hit(2, "Hello - Live", "Adele")
    assert songs_besides_the_best("hello", *hits) == ()


def test_an_artist_of_the_songs_name_may_be_meant_too():
    song = track_hit(1, "Nova", "Somebody", popularity=60)
    assert songs_besides_the_best("nova", song, artist=artist_hit(7, "Nova", 55)) == (
        "Nova (artist)",
    )
    assert songs_besides_the_best("nova", song, artist=artist_hit(7, "Nova", 5)) == ()


def test_namesakes_nearly_as_popular_are_told_apart_by_their_links():
    best = artist_hit(1, "Nova", 70)
    others = [
        artist_hit(2, "Nova", 65, artist_id="x" * 22),
        artist_hit(3, "Nova", 69, songs=0),
        artist_hit(4, "Nova", 30),
        artist_hit(5, "Nova Scotia", 70),
    ]
    song = track_hit(9, "Nova", "Somebody", popularity=66)
    assert alternative_artists("nova", best, [best, *others], song) == (
        "Nova - Somebody",
        f"Nova (artist, spotify:artist:{'x' * 22})",
    )


def test_only_so_many_alternatives_are_named():
    hits = [track_hit(id, "Hello", f"Artist {'x' * id}") for id in range(20)]
    assert len(songs_besides_the_best("hello", *hits)) == MAX_ALTERNATIVES


def test_suggestions_name_a_song_once_and_the_right_title_first():
    tracks = [
        track_hit(1, "Hello", "Adele"),
        track_hit(2, "Hello - Live", "Adele"),
        track_hit(3, "Skyfall", "Adele"),
        track_hit(4, "Something Else Entirely", "Nobody"),
    ]
    labels = closest_labels("Helo - Kraftwerk", tracks, [artist_hit(7, "Kraftwerk")])
    assert "Hello - Adele" in labels[:2]
    assert "Something Else Entirely - Nobody" not in labels
    assert len(set(labels)) == len(labels)


def test_a_label_is_what_a_person_would_type():
    assert track_label({"track_name": "Us", "artist_names": ["A", "B"]}) == "Us - A, B"
    assert track_label({"track_name": "Us"}) == "Us"
    assert track_label({"track_id": "x"}) == "x"
    assert track_label({}) == "?"
