import pytest

from embeat_serve.cli.filter_arguments import parse_range
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
