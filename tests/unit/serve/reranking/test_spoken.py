import pytest

from embeat_serve.reranking.spoken import are_mostly_spoken, is_spoken
from embeat_serve.seeds.models import Seed


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Love Story - Commentary", True),
        ("Blown Away- Commentary", True),
        ("What You Do to Me (Commentary)", True),
        ("Chasing Birds - Track Commentary", True),
        ("A Place With No Name - Commentary by LA Reid", True),
        ("On Writing - Interview", True),
        ("Lil Jimmy Skit", True),
        ("Busted - SKIT", True),
        ("Skit 4", True),
        ("Skit #4 (Kanye West/Late Registration)", True),
        ("Weed (Skit)", True),
        ("Song - Interviews", True),
        ("Song \u2010 Commentary", True),
        ("Skit i det", False),
        ("Det är skit samma", False),
        ("Jag bryr mig inte ett skit", False),
        ("Rubber Band Man - Explicit + Buster Skit", False),
        ("Happy People - Album Version with DJ Skit", False),
        ("Fault Lines (No Commentary)", False),
        ("Post-Interview Blues", False),
        ("Frost/Nixon Interview", False),
        ('Honeypot (From "The Interview")', False),
        ("Commentary", False),
        ("Interview with a Ghost", False),
        ("Skitzo Dancer", False),
        ("Unspoken", False),
        ("Song - Live", False),
        ("", False),
    ],
)
def test_talk_says_so_after_the_title(title: str, expected: bool):
    assert is_spoken(Seed({"track_name": title})) == expected


def test_one_skit_among_songs_does_not_make_them_talk():
    song, skit = Seed({"track_name": "Song"}), Seed({"track_name": "Skit 1"})
    assert not are_mostly_spoken([])
    assert are_mostly_spoken([skit])
    assert are_mostly_spoken([song, skit])
    assert not are_mostly_spoken([song, song, skit])


def test_a_track_without_a_name_is_a_song():
    assert not is_spoken(Seed({}))
