import polars as pl
import pytest

from embeat_pipeline.index.language import GENRE_LANGUAGES, genre_languages, languages


def language(title: str | None, artists: str = "Someone", genre: str | None = None) -> str | None:
    of_genre = None if genre is None else genre_languages(pl.Series([genre]))[0]
    columns = [pl.Series([value], dtype=pl.String) for value in (title, artists, of_genre)]
    return languages(*columns)[0]


@pytest.mark.parametrize(
    ("title", "artists", "genre", "expected"),
    [
        ("晴天", "Jay Chou", "mandopop", "zh"),
        ("海闊天空", "Beyond", "cantopop", "yue"),
        ("未来", "Someone", "j-pop", "ja"),
        ("未来", "コブクロ", None, "ja"),
        ("夜に駆ける", "YOASOBI", None, "ja"),
        ("봄날", "BTS", None, "ko"),
        ("Boy With Luv", "BTS", "k-pop", "ko"),
        ("Boy With Luv", "방탄소년단", None, "ko"),
        ("Группа крови", "Кино", None, "ru"),
        ("Дім", "Океан Ельзи", None, "uk"),
        ("آهنگ", "Someone", "persian pop", "fa"),
        ("The Sound of Silence", "Simon & Garfunkel", None, "en"),
        ("Hips Don't Lie", "Shakira", "latin pop", "en"),
        ("Waka Waka", "Shakira", "latin pop", "es"),
        ("Ich ging durch einen Wald", "Traditional", None, "de"),
        ("Je veux", "Zaz", None, "fr"),
        ("Aerodynamic", "Daft Punk", "french house", None),
        ("Waterloo", "ABBA", "swedish pop", None),
        ("Halo - The Remix with You", "Someone", None, None),
        ("Halo (feat. The Weeknd)", "Someone", None, None),
        ("Yesterday", "Someone", None, None),
        (None, "Someone", None, None),
    ],
)
def test_what_is_written_of_a_song_tells_its_language(
    title: str | None, artists: str, genre: str | None, expected: str | None
) -> None:
    assert language(title, artists, genre) == expected


def test_words_of_two_languages_tell_nothing() -> None:
    assert language("The Corazón") is None


def test_every_language_of_a_genre_is_reachable() -> None:
    names = pl.Series(["cantonese", "mandopop", "uk pop", "brazilian rock", "jazz", "german jazz"])
    assert genre_languages(names).to_list() == ["yue", "zh", "en", "pt", None, None]
    assert len({code for code, _ in GENRE_LANGUAGES}) == len(GENRE_LANGUAGES)
