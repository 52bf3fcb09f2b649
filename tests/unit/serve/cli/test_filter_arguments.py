import argparse

import pytest

from embeat_serve.cli.filter_arguments import add_to, parse_range, read
from embeat_serve.errors import UsageError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, (None, None)),
        ("1990-1999", (1990, 1999)),
        ("1990..1999", (1990, 1999)),
        ("1990-", (1990, None)),
        ("-1999", (None, 1999)),
        (" 1990 ", (1990, 1990)),
    ],
)
def test_ranges_are_read(text: str | None, found: tuple):
    assert parse_range("year", text) == found


@pytest.mark.parametrize("text", ["", "-", "nineties", "1990-1999-2000", "1990.5-", "--"])
def test_ranges_that_are_none(text: str):
    with pytest.raises(UsageError, match="--year"):
        parse_range("year", text)


def test_languages_are_read_each_with_its_flag():
    parser = argparse.ArgumentParser()
    add_to(parser)
    arguments = parser.parse_args(["--language", "fr", "--language", "ja"])
    assert read(arguments).languages == ("fr", "ja")
    assert read(parser.parse_args([])).languages == ()
