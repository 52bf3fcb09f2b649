"""The cleaning policy, rule by rule."""

import polars as pl
import pytest

from embeat_pipeline.ingest.cleaning import policy

ID = "0F02KChKwbcQ3tk4q1YxLH"


def apply(expression: pl.Expr, values: list, dtype: type[pl.DataType] | None = None) -> list:
    frame = pl.DataFrame({"value": values}, schema={"value": dtype} if dtype else None)
    return frame.select(expression).to_series().to_list()


@pytest.mark.parametrize(
    "given",
    [
        ID,
        f"  {ID}\n",
        f"spotify:track:{ID}",
        f"https://open.spotify.com/track/{ID}?si=0123456789abcdef",
        f"https://open.spotify.com/intl-de/track/{ID}",
        f"http://open.spotify.com/track/{ID}#2:10",
        f"https://api.spotify.com/v1/tracks/{ID}",
    ],
)
def test_an_id_in_whatever_form(given: str):
    assert apply(policy.identifier(pl.col("value"), "track"), [given]) == [ID]


def test_what_is_no_id():
    given = ["", "  ", None, "spotify:episode:x", "a song title", "x" * 65, "https://example.org/"]
    bare = policy.identifier(pl.col("value"), "track")
    assert apply(bare, given, pl.String)[:3] == [None, None, None]
    assert apply(policy.is_identifier(bare), given, pl.String)[3:] == [False] * 4
    assert apply(policy.usable_identifier(pl.col("value"), "track"), given, pl.String) == [None] * 7


@pytest.mark.parametrize(
    ("column", "given", "kept"),
    [
        ("popularity", [0, 100, -5, 250, 49.6, float("nan"), None], [0, 100, None, None, 50]),
        ("key", [0, 11, -1, 12], [0, 11]),
        ("mode", [0, 1, 2], [0, 1]),
        ("time_signature", [0, 4, 8], [None, 4]),
        ("tempo", [0, 20, 300, 1e9, float("inf")], [None, 20, 300]),
        ("energy", [0, 1, 1.0001, -0.1, float("nan")], [0, 1]),
        ("loudness", [-60, 0, -80, 99], [-60, 0]),
        ("release_year", [1959, 0, 20030731], [1959]),
        ("duration_ms", [0, 999, 180_000, 1e12], [None, None, 180_000]),
    ],
)
def test_numbers_out_of_range_are_null(column: str, given: list, kept: list):
    found = apply(policy.in_range(column, pl.col("value")), given, pl.Float64)
    assert found == kept + [None] * (len(given) - len(kept))


@pytest.mark.parametrize(
    ("values", "fraction"),
    [
        ([0.1, 0.63, 1.0], True),
        ([0.0, 1.0, None], False),
        ([0.5, 63.0], False),
        ([0.5, -5.0, 250.0, float("nan")], True),
        ([], False),
    ],
)
def test_the_scale_of_popularity_is_told_from_the_whole_column(values: list, fraction: bool):
    assert apply(policy.is_fraction(pl.col("value")), values, pl.Float64) == [fraction]


def test_text_is_one_line_and_not_endless():
    given = ["  a\t\n b  ", "a  b", "\x00\x07", "", None, "x" * 3_000_000, "夜に 駆ける"]
    cut = "x" * policy.MAX_TEXT
    found = apply(policy.text(pl.col("value")), given, pl.String)
    assert found == ["a b", "a b", None, None, None, cut, "夜に 駆ける"]


def test_recording_codes():
    given = ["TWK970300503", "tw-k97-03-00503", "TWK97030050", "0000000000000", "", None]
    assert (
        apply(policy.isrc(pl.col("value")), given, pl.String) == ["TWK970300503"] * 2 + [None] * 4
    )


def test_years_of_dates():
    given = ["2003-07-31", "2003", " 1999/01", "31.07.2003", "20030731", "0000", None]
    assert (
        apply(policy.year_of(pl.col("value")), given, pl.String) == [2003, 2003, 1999] + [None] * 4
    )


def test_genres_are_compared_without_case_and_spacing():
    given = ["Mandopop", " mandopop ", "c-pop", "R&B  ", " "]
    found = apply(policy.genre(pl.col("value")), given)
    assert found == ["mandopop", "mandopop", "c-pop", "r&b", None]
