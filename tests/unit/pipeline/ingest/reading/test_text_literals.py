"""Lists and dicts that are written as text."""

import polars as pl
import pytest

from embeat_pipeline.ingest.reading import text_literals as literals


def value(expression: pl.Expr, text: str) -> object:
    return pl.DataFrame({"text": [text]}).select(expression).item()


TEXT = pl.col("text")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("['Ann', 'Bob']", ["Ann", "Bob"]),
        ('["Ann", "B\\u00e9b"]', ["Ann", "Béb"]),
        ("['It\\'s', \"Bob's\"]", ["It's", "Bob's"]),
        ("[Ann, Bob, None]", ["Ann", "Bob"]),
        ("[]", []),
    ],
)
def test_items_of_a_list(text: str, items: list[str]) -> None:
    parsed = pl.DataFrame({"text": [text]}).select(literals.items(TEXT)).to_series()[0]
    assert parsed.to_list() == items


def test_keys_and_values_of_a_dict() -> None:
    frame = pl.DataFrame({"text": ["{'id1': 'Ann', 'id2': 'Bob'}"]})
    parsed = frame.select(keys=literals.keys(TEXT), values=literals.values(TEXT)).row(0)
    assert parsed == (["id1", "id2"], ["Ann", "Bob"])
    assert value(literals.is_dict(TEXT), frame["text"][0])
    assert not value(literals.is_dict(TEXT), "['Ann']")


def test_values_of_records() -> None:
    text = "[{'id': 'x', 'name': 'Ann'}, {'id': 'y', 'name': 'Bob'}]"
    parsed = pl.DataFrame({"text": [text]}).select(literals.record_values(TEXT, "name")).to_series()
    assert parsed[0].to_list() == ["Ann", "Bob"]
    assert value(literals.is_records(TEXT), text)
    assert not value(literals.is_records(TEXT), "{'id': 'x'}")
