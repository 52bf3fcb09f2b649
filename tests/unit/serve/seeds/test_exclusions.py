import pytest

from embeat_serve.contract.schema import Collection
from embeat_serve.errors import UsageError
from embeat_serve.seeds.exclusions import (
    MAX_DISLIKES,
    ExclusionQuery,
    ExclusionRequest,
    Exclusions,
)
from embeat_serve.stores.query import Hit
from tests.support.scripted_store import batch_on

ONE, TWO, THREE = (letter * 22 for letter in "abc")


def track(code: int, track_id: str) -> Hit:
    return Hit(code, 0.0, {"track_id": track_id})


def artist(code: int) -> Hit:
    return Hit(code, 0.0, {})


def test_dislikes_come_in_the_order_given_each_once():
    batch, store = batch_on({ONE: [track(1, ONE)], TWO: [track(2, TWO)]})
    request = ExclusionRequest.of([TWO, f"spotify:track:{ONE}", TWO, THREE], ())
    query = ExclusionQuery(batch, request)
    batch.execute()
    result = query.result()
    assert [song.code for song in result.disliked] == [2, 1]
    assert result.missing == (THREE,)
    assert len(store.calls) == 1


def test_all_artists_of_a_name_are_blocked_and_a_link_blocks_one():
    batch, store = batch_on({"nova": [artist(7), artist(3)], ONE: [artist(5)]})
    request = ExclusionRequest.of([], ("Nova", f"spotify:artist:{ONE}", "Nobody"))
    query = ExclusionQuery(batch, request)
    batch.execute()
    assert query.result() == Exclusions((), (3, 5, 7), ("Nobody",))
    assert {asked.collection for asked in store.calls[0]} == {Collection.ARTISTS}


def test_an_artist_is_blocked_however_the_and_is_written():
    duo = Hit(4, 0.0, {"artist_name": "Simon & Garfunkel"})
    other = Hit(6, 0.0, {"artist_name": "Simon Garfunkel"})
    batch, _ = batch_on({"words: simon garfunkel": [duo, other]})
    query = ExclusionQuery(batch, ExclusionRequest.of([], ("simon und garfunkel",)))
    batch.execute()
    assert query.result() == Exclusions((), (4,), ())


def test_nothing_to_leave_out_asks_nothing():
    batch, store = batch_on({})
    query = ExclusionQuery(batch, ExclusionRequest())
    batch.execute()
    assert query.result() == Exclusions()
    assert store.calls == []


def test_one_dislike_may_be_given_as_a_text():
    assert ExclusionRequest.of(ONE, ()).disliked_ids == (ONE,)


@pytest.mark.parametrize(
    ("dislikes", "artists"),
    [
        (["nonsense"], ()),
        ([f"spotify:artist:{ONE}"], ()),
        ([f"{number:022d}" for number in range(MAX_DISLIKES + 1)], ()),
        ([], (f"spotify:track:{ONE}",)),
    ],
)
def test_wrong_references_are_refused(dislikes: list[str], artists: tuple[str, ...]):
    with pytest.raises(UsageError):
        ExclusionRequest.of(dislikes, artists)
