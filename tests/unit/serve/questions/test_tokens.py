from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.questions.tokens import keys_of, number_of, tokenise


def texts(text: str) -> list[str]:
    return [token.text for token in tokenise(text)]


def test_words_numbers_and_emoji_are_tokens():
    assert texts("Hip-Hop, 90s: R&B! 🏖️") == ["Hip", "Hop", "90s", "R", "B", "🏖️"]
    assert texts("don't l'été d'amour") == ["don't", "l", "été", "d", "amour"]


def test_each_character_of_a_script_without_spaces_is_a_token():
    assert texts("J-POP20曲の夏") == ["J", "POP20", "曲", "の", "夏"]


def test_words_are_compared_without_case_accents_and_traditional_characters():
    assert keys_of("Été SÜSS") == ("ete", "suss")
    assert keys_of("適合") == keys_of("适合")
    assert keys_of("２０") == ("20",)


def test_punctuation_breaks_phrases_and_hyphens_do_not():
    assert [token.breaks for token in tokenise("a-b, c - d & e")] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_only_whole_numbers_are_numbers():
    assert [number_of(token) for token in tokenise("20 20s x 123456")] == [20, None, None, None]


@given(st.text(max_size=200))
def test_tokens_lie_in_the_text_in_order(text: str):
    end = 0
    for token in tokenise(text):
        assert end <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.text
        assert token.gap == text[end : token.start]
        assert token.key
        end = token.end
