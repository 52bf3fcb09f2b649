import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.title_terms import LONGEST_TERM, SHORTEST_TERM, title_terms, title_text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("90's Rock 🔥", " 90s rock 🔥 "),
        ("Été à PARIS", " ete a paris "),
        ("夜に駆ける", " 夜 に 駆 け る "),
        ("❤️", " ❤ "),
        ("!!!", "  "),
        ("", "  "),
    ],
)
def test_a_title_is_folded_and_keeps_its_emoji(title: str, text: str):
    assert title_text(title) == text


def test_terms_are_counted_runs_of_characters():
    terms = title_terms("go go")
    assert terms["go"] == 2
    assert terms[" go go"] == 1
    assert "gogo" not in terms


def test_titles_in_other_words_share_terms():
    run, running = title_terms("Run!"), title_terms("running")
    assert " run" in run.keys() & running.keys()


@given(st.text(max_size=40))
def test_terms_are_pieces_of_the_text(title: str):
    text = title_text(title)
    terms = title_terms(title)
    assert all(term in text and SHORTEST_TERM <= len(term) <= LONGEST_TERM for term in terms)
    expected = sum(max(len(text) - n + 1, 0) for n in range(SHORTEST_TERM, LONGEST_TERM + 1))
    assert sum(terms.values()) == (expected if text.strip() else 0)
