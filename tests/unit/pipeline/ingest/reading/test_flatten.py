"""Nested records become columns, in the order of the fields."""

import polars as pl

from embeat_pipeline.ingest.reading.flatten import MAX_DEPTH, flatten


def test_fields_become_columns_in_order():
    frame = pl.LazyFrame(
        {
            "id": ["x"],
            "album": [{"name": "A", "images": [{"url": "u"}, {"url": "v"}]}],
            "artists": [[{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]],
        }
    )
    flat = flatten(frame).collect()
    assert flat.columns == ["id", "album_name", "artists_id", "artists_name", "album_images_url"]
    assert flat.row(0) == ("x", "A", [1, 2], ["Ann", "Bob"], ["u", "v"])


def test_a_field_does_not_replace_a_column_of_its_name():
    frame = pl.LazyFrame({"album": [{"name": "nested"}], "album_name": ["own"]})
    assert flatten(frame).collect().to_dicts() == [{"album_name": "own"}]


def test_what_lies_too_deep_stays_nested():
    value: object = "deep"
    for _ in range(MAX_DEPTH + 1):
        value = {"a": value}
    flat = flatten(pl.LazyFrame({"a": [value]})).collect()
    assert isinstance(flat.schema[flat.columns[0]], pl.Struct)
