import numpy as np

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.seeds.lookup_queries import (
    EXACT_LIMIT,
    add_queries,
    artist_queries,
    code_queries,
    entry_code_queries,
    misspelt_artist_queries,
    misspelt_song_queries,
    song_queries,
    unique_hits,
)
from embeat_serve.seeds.parsing import PlaylistEntry, Reading, possible_readings
from embeat_serve.stores.query import Condition, Hit, Match, Query, Words
from embeat_serve.text_index.spelling import Vocabulary
from embeat_serve.text_index.term_dictionary import TermDictionary
from tests.support.scripted_store import batch_on

ID = "0F02KChKwbcQ3tk4q1YxLH"
TEXT, NAME = TrackField.SEARCH_TEXT, TrackField.NAME_KEY


def vocabulary(*words: str) -> Vocabulary:
    ordered = sorted(words, key=str.encode)
    places = np.arange(len(words), dtype=np.uint32)
    return Vocabulary(TermDictionary.make(ordered, np.ones(len(words), np.float32), places))


def conditions(queries: list[Query]) -> list[tuple[Condition, ...]]:
    return [query.filter.must for query in queries]


def test_a_song_is_looked_up_by_title_and_by_all_its_words():
    queries = song_queries([Reading("Hello", "Adele")])
    assert conditions(queries) == [
        (Match(NAME, ("hello",)), Words(TEXT, ("adele",))),
        (Words(TEXT, ("adele", "hello")),),
    ]
    assert {query.order_by for query in queries} == {TrackField.POPULARITY_RANK}


def test_both_ways_round_have_one_query_for_all_words():
    readings = possible_readings("hello - adele")
    assert len(readings) == 3
    assert len(song_queries(readings)) == len(readings) + 1


def test_a_code_is_looked_up_as_what_it_looks_like():
    assert conditions(code_queries(ID)) == [(Match(TrackField.TRACK_ID, (ID,)),)]
    assert conditions(code_queries("tw-k97-03-00503")) == [
        (Match(TrackField.ISRC, ("TWK970300503",)),)
    ]
    assert code_queries("hello") == []


def test_all_codes_of_a_playlist_take_two_queries():
    entries = [
        PlaylistEntry(track_id=ID),
        PlaylistEntry(track_id=ID, isrc="X"),
        PlaylistEntry(isrc="Y"),
        PlaylistEntry("Hello"),
    ]
    by_id, by_isrc = entry_code_queries(entries)
    assert (by_id.limit, by_id.filter.must) == (1, (Match(TrackField.TRACK_ID, (ID,)),))
    assert (by_isrc.limit, by_isrc.filter.must) == (
        2 * EXACT_LIMIT,
        (Match(TrackField.ISRC, ("X", "Y")),),
    )
    assert entry_code_queries([PlaylistEntry("Hello")]) == []


def test_artists_are_looked_up_by_name_and_by_words():
    queries = artist_queries("The Beatles")
    assert {query.collection for query in queries} == {Collection.ARTISTS}
    assert conditions(queries) == [
        (Match(ArtistField.NAME_KEY, ("the beatles",)),),
        (Words(ArtistField.SEARCH_TEXT, ("the", "beatles")),),
    ]


def test_a_misspelt_artist_is_looked_up_by_similar_words_and_other_spaces():
    queries = misspelt_artist_queries("wonder wal", vocabulary("wonder", "wall", "wonderwal"))
    similar = (
        Words(ArtistField.SEARCH_TEXT, ("wonder",), any=True),
        Words(ArtistField.SEARCH_TEXT, ("wal", "wall"), any=True),
    )
    assert conditions(queries) == [similar, (Words(ArtistField.SEARCH_TEXT, ("wonderwal",)),)]


def test_one_character_of_a_cjk_name_may_be_wrong():
    queries = misspelt_artist_queries("周杰轮", vocabulary())
    left_out = [tokens for ((_, tokens, _any),) in map(fields_of, queries[1:])]
    assert left_out == [("杰", "轮"), ("周", "轮"), ("周", "杰")]


def fields_of(query: Query) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    return tuple(
        (condition.field, condition.tokens, condition.any)
        for condition in query.filter.must
        if isinstance(condition, Words)
    )


def test_a_misspelt_song_is_looked_up_in_each_way_once():
    queries = misspelt_song_queries([Reading("helo"), Reading("helo")], vocabulary("hello"))
    assert conditions(queries) == [
        (Words(TEXT, ("helo", "hello"), any=True),),
        (Words(TEXT, ("helo",)),),
    ]


def test_hits_of_several_queries_come_once_in_the_order_of_the_first():
    one, two = Hit(1, 0.0, {}), Hit(2, 0.0, {})
    batch, _ = batch_on({"hello": [two, one], ID: [one]})
    lookups = add_queries(batch, [*code_queries(ID), *song_queries([Reading("hello")])])
    batch.execute()
    assert [hit.id for hit in unique_hits(lookups)] == [1, 2]


def test_an_artist_is_looked_up_without_an_and():
    field = ArtistField.SEARCH_TEXT
    for text in ("Simon and Garfunkel", "Simon & Garfunkel", "Simon y Garfunkel"):
        assert conditions(artist_queries(text))[1] == (Words(field, ("simon", "garfunkel")),)
