import pytest

from embeat_serve.reranking.spoken import is_spoken
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


def test_a_track_without_a_name_is_a_song():
    assert not is_spoken(Seed({}))
