import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.text_keys import fold, name_key, search_text, title_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Beyoncé", "beyonce"),
        ("BJÖRK", "bjork"),
        ("Sigur Rós", "sigur ros"),
        ("Straße", "strasse"),
        ("Łąki Łan", "laki lan"),
        ("Mötley Crüe", "motley crue"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("葉惠美", "叶惠美"),
        ("が", "が"),
    ],
)
def test_folds_case_accents_widths_and_traditional_characters(text: str, folded: str):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("夜に駆ける", "夜 に 駆 け る"),
        ("晴天 - Jay Chou", "晴 天 jay chou"),
        ("사랑 Love", "사 랑 love"),
        ("Don't Stop (Believin’)", "dont stop believin"),
        ("AC/DC", "ac dc"),
        ("  two   spaces ", "two spaces"),
    ],
)
def test_words_are_split_and_cjk_goes_character_by_character(text: str, tokens: str):
    assert search_text(text) == tokens


def test_precomposed_and_decomposed_are_one():
    assert name_key("Beyonce\u0301") == name_key("Beyoncé")


@pytest.mark.parametrize("text", ["???", "♡", "!!!"])
def test_names_without_letters_keep_a_key(text: str):
    assert name_key(text)


@pytest.mark.parametrize(
    "edition",
    [
        "Hello (Live)",
        "Hello - Live at Wembley",
        "Hello - Remastered 2009",
        "Hello (2011 Remaster)",
        "Hello (feat. Somebody)",
        "Hello [Deluxe]",
        "Hello - Radio Edit",
        "Hello - Edit",
        "Hello - 2011 Mix",
        "Hello (2019 Stereo Mix)",
        "HELLO",
    ],
)
def test_editions_share_a_title_key(edition: str):
    assert title_key(edition) == title_key("Hello")


@pytest.mark.parametrize(
    "other",
    [
        "Hello Again",
        "Hello - Club Mix",
        "Hello - Some Remix",
        "Hello - Some Edit",
        "Hello, Pt. 2",
        "Othello",
    ],
)
def test_other_songs_keep_their_own(other: str):
    assert title_key(other) != title_key("Hello")


@given(st.text(max_size=60))
def test_keys_are_stable_under_themselves(text: str):
    key = name_key(text)
    assert name_key(key) == key
    assert key == key.strip()


@given(st.text(max_size=60))
def test_every_title_with_something_in_it_has_a_key(text: str):
    if text.strip() and name_key(text):
        assert title_key(text)
