import pytest

from embeat_serve.reranking.remixes import is_remix
from embeat_serve.seeds.models import Seed


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Song - Remix", True),
        ("Song (Club RMX)", True),
        ("Remixing Life", False),
        ("Song - Remixed and Remastered", False),
        ("", False),
    ],
)
def test_a_remix_says_so_in_a_word_of_its_own(title: str, expected: bool):
    assert is_remix(Seed({"track_name": title})) == expected
