from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter, FilterRule
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.reranking.own_songs import missed_rules, with_own_songs
from embeat_serve.seeds.models import Seed
from embeat_serve.stores.query import Between
from tests.support.payloads import track_payload


def seed(code: int, artist: int, year: int = 2000) -> Seed:
    return Seed(track_payload(artist_codes=[artist], year=year), code=code)


def song(code: int, artist: int) -> Candidate:
    return Candidate(code, payload=track_payload(artist_codes=[artist]))


SEEDS = [seed(1, 7), seed(2, 7), seed(3, 8)]
SONGS = [song(4, 9), song(5, 7), song(6, 8)]


def codes(k: int = 9, filters: CompiledFilter = NO_FILTER, *, are_first: bool = True) -> list[int]:
    return [one.id for one in with_own_songs(SONGS, SEEDS, filters, k, are_first=are_first)]


def test_the_best_known_songs_come_first_with_their_artists_in_turn():
    assert codes() == [1, 3, 2, 5, 6, 4]
    assert codes(2) == [1, 3]


def test_beside_a_title_they_come_after_those_that_it_found():
    assert codes(are_first=False) == [5, 6, 1, 3, 2, 4]


def test_one_that_does_not_pass_the_filters_is_left_out():
    years = FilterRule((Between("year", 2010, None),))
    assert codes(filters=CompiledFilter({"year": years})) == [5, 6, 4]
    assert codes(filters=CompiledFilter(always=years)) == [5, 6, 4]


def test_a_seed_says_that_it_is_by_the_artist():
    first = with_own_songs(SONGS, SEEDS, NO_FILTER, 1, are_first=True)[0]
    assert first.channels() == {"same_artist": 1.0}
    assert first.payload == SEEDS[0].payload


def test_rules_of_artists_are_missed_where_songs_of_others_are_on_the_list():
    relaxed = ["genre", "max_artist_run"]
    assert missed_rules(relaxed, [song(5, 7)], SEEDS) == ["genre"]
    assert missed_rules(relaxed, SONGS, SEEDS) == relaxed
