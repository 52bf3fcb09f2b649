from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.text_keys import name_key
from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.parsing import PlaylistEntry
from embeat_serve.seeds.playlist_resolver import (
    MAX_GUESSED,
    ExactLookup,
    resolve_misspelt,
    resolve_playlist,
    sample_evenly,
)
from embeat_serve.seeds.request import MAX_SEEDS, PlaylistRequest
from embeat_serve.stores.query import Hit
from tests.support.scripted_store import batch_on


class NoVocabulary:
    """A vocabulary without words, which counts the words it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __contains__(self, word: str) -> bool:
        return False

    def alternatives(self, word: str) -> tuple[str, ...]:
        self.asked.append(word)
        return (word,)

    def splits(self, word: str) -> tuple[tuple[str, str], ...]:
        return ()


def catalogue() -> Any:
    return SimpleNamespace(vocabulary=NoVocabulary())


def track(code: int, name: str, popularity: int = 50, **fields: str) -> Hit:
    payload = {"track_id": f"{code:022d}", "track_name": name, "name_key": name_key(name)}
    return Hit(code, 0.0, {**payload, "popularity": popularity, **fields})


@given(st.integers(1, 500), st.integers(2, 120))
def test_a_sample_runs_from_the_first_entry_to_the_last(length: int, number: int):
    entries = [PlaylistEntry(str(place)) for place in range(length)]
    sample = sample_evenly(entries, number)
    places = [int(entry.title) for entry in sample]
    assert places == sorted(set(places))
    assert len(places) == min(length, number)
    assert (places[0], places[-1]) == (0, length - 1)


def test_an_entry_with_a_code_is_found_by_id_then_by_isrc():
    same = [track(1, "A", 10, isrc="X1"), track(2, "B", 90, isrc="X1")]
    batch, _ = batch_on({same[0].payload["track_id"]: same[:1], "X1": same})
    entries = [
        PlaylistEntry(track_id=same[0].payload["track_id"], isrc="X1"),
        PlaylistEntry(track_id="0" * 22, isrc="X1"),
        PlaylistEntry(isrc="X2"),
    ]
    lookup = ExactLookup(batch, entries)
    batch.execute()
    assert {place: hit.id for place, hit in lookup.result().items()} == {0: 1, 1: 2}


def test_a_playlist_found_at_once_takes_one_store_call():
    batch, store = batch_on({"hello": [track(1, "Hello")]})
    seeds = resolve_playlist(catalogue(), batch, PlaylistRequest((PlaylistEntry("Hello"),) * 2))
    assert [seed.code for seed in seeds.songs] == [1]
    assert len(store.calls) == 1


def test_what_is_not_found_is_missing_after_a_second_store_call():
    batch, store = batch_on({"hello": [track(1, "Hello")]})
    request = PlaylistRequest((PlaylistEntry("Hello"), PlaylistEntry("Nothing", "Nobody")))
    seeds = resolve_playlist(catalogue(), batch, request)
    assert seeds.missing == ("Nothing - Nobody",)
    assert not seeds.guessed
    assert len(store.calls) == 2


def test_a_divided_text_may_be_one_title():
    batch, store = batch_on({"hello goodbye": [track(1, "Hello Goodbye")]})
    entries = (PlaylistEntry("Hello"), PlaylistEntry("Goodbye"))
    seeds = resolve_playlist(catalogue(), batch, PlaylistRequest(entries, "Hello; Goodbye"))
    assert [seed.code for seed in seeds.songs] == [1]
    assert seeds.missing == ()
    assert len(store.calls) == 1


def test_only_some_entries_are_looked_up_with_typing_errors():
    batch, _ = batch_on({})
    view = catalogue()
    entries = {place: PlaylistEntry(f"title{place}") for place in range(MAX_SEEDS)}
    hits, guessed = resolve_misspelt(view, batch, entries)
    assert (hits, guessed) == ({}, False)
    assert len(set(view.vocabulary.asked)) == MAX_GUESSED


def test_a_playlist_of_unknown_songs_is_no_seed():
    batch, _ = batch_on({})
    with pytest.raises(SeedNotFound, match="none of the 2 songs"):
        resolve_playlist(catalogue(), batch, PlaylistRequest((PlaylistEntry("A"),) * 2))
