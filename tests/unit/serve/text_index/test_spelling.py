import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from embeat_serve.text_index.spelling import MAX_ALTERNATIVES, Vocabulary, max_typos
from embeat_serve.text_index.term_dictionary import TermDictionary, letter_sets

words = st.text("abcdeéж駆ก", min_size=3, max_size=9)


def vocabulary(*known: str) -> Vocabulary:
    inorder = sorted(known, key=str.encode)
    places = np.array([inorder.index(word) for word in known], np.uint32)
    return Vocabulary(TermDictionary.make(inorder, np.ones(len(known), np.float32), places))


@given(st.lists(words, unique=True, max_size=MAX_ALTERNATIVES - 1), words)
def test_alternatives_are_all_words_within_the_letters_allowed(known: list[str], typed: str):
    most = max_typos(len(typed))
    near = {word for word in known if OSA.distance(typed, word) <= most}
    found = vocabulary(*known).alternatives(typed)
    assert found[0] == typed
    assert set(found) == near | {typed}
    distances = [OSA.distance(typed, word) for word in found]
    assert distances == sorted(distances)


@given(words, words)
def test_a_letter_changes_a_set_of_letters_by_two_at_most(one: str, other: str):
    sets = letter_sets([one, other])
    differing = int(np.bitwise_count(sets[0] ^ sets[1]))
    assert differing <= 2 * OSA.distance(one, other)


def test_the_best_known_of_equals_come_first():
    known = vocabulary("hero", "help", "hello", "halo")
    assert known.alternatives("helo") == ("helo", "hero", "help", "hello", "halo")


def test_numbers_and_short_words_are_taken_as_they_are():
    known = vocabulary("1998", "1999", "abc", "abd")
    assert known.alternatives("1997") == ("1997",)
    assert known.alternatives("ab") == ("ab",)


def test_a_word_may_be_two():
    assert vocabulary("wonder", "wall").splits("wonderwall") == (("wonder", "wall"),)
    assert vocabulary("wonder").splits("wonderwall") == ()


def test_a_catalogue_without_words():
    assert vocabulary().alternatives("hello") == ("hello",)
    assert letter_sets([]).shape == (0,)


@given(st.lists(words, unique=True), words)
def test_a_word_is_known_or_not(known: list[str], other: str):
    found = vocabulary(*known)
    assert all(word in found for word in known)
    assert (other in found) == (other in known)
    assert len(found) == len(known)
