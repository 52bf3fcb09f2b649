import pytest

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.reranking.deduplication import identity_of
from embeat_serve.seeds.models import Seed

SONG: TrackPayload = {
    "track_name": "Hello",
    "artist_codes": [1, 2],
    "isrc": "X",
    "recording_code": 5,
}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"recording_code": 5}, True),
        ({"isrc": "X"}, True),
        ({"track_name": "Hello (Live)", "artist_codes": [2]}, True),
        ({"track_name": "Hello", "artist_codes": [3]}, False),
        ({"track_name": "Other", "artist_codes": [1]}, False),
        ({}, False),
    ],
)
def test_the_same_song_shares_a_recording_an_isrc_or_title_and_artist(
    other: TrackPayload, expected: bool
):
    one, two = identity_of(Seed(SONG)), identity_of(Seed(other))
    assert one.is_same_song(two) == two.is_same_song(one) == expected
    shared = set(one.lookup_keys()) & set(two.lookup_keys())
    assert shared or not expected


def test_unknown_values_are_never_the_same():
    empty = identity_of(Seed({}))
    assert not empty.is_same_song(empty)
    assert empty.lookup_keys() == []
