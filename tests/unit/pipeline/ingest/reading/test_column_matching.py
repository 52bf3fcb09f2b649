"""Tables are recognised by their columns, whatever these are called."""

import pytest

from embeat_pipeline.ingest.reading.column_matching import match_columns
from embeat_pipeline.ingest.reading.column_synonyms import TABLES


@pytest.mark.parametrize("table", TABLES)
def test_the_canonical_columns_of_every_table_are_recognised(table: str):
    columns = list(TABLES[table])
    match = match_columns(columns, ["track_ids"])
    assert match is not None
    assert match.table == table
    assert match.mapped == {name: name for name in columns}
    assert match.ignored == []


def test_no_synonym_stands_for_two_columns_of_a_table():
    for table, columns in TABLES.items():
        names = [name for own, column in columns.items() for name in (own, *column.synonyms)]
        assert len(names) == len(set(names)), table


def test_spelling_does_not_matter_and_the_rest_is_ignored():
    match = match_columns(["ID", "Track Name", "\ufeffEnergy", "Artists", "chart week"])
    assert match is not None
    assert match.table == "tracks"
    assert match.mapped == {
        "track_id": "ID",
        "track_name": "Track Name",
        "energy": "\ufeffEnergy",
        "artist_names": "Artists",
    }
    assert match.ignored == ["chart week"]


def test_the_preferred_of_two_synonyms_is_taken():
    match = match_columns(["uri", "id", "tempo", "name"])
    assert match is not None
    assert match.mapped["track_id"] == "id"
    assert match.ignored == ["uri"]


@pytest.mark.parametrize(
    ("columns", "table"),
    [
        (["id", "name", "genres", "followers", "popularity"], "artists"),
        (["artist_name", "genres"], "artists"),
        (["id", "name", "popularity", "isrc"], "tracks"),
        (["id", "danceability", "energy"], "tracks"),
        (["genre", "x", "y", "hex_colour"], "genre_map"),
        (["artist_id", "related_artist_id", "rank"], "related_artists"),
    ],
)
def test_tables_as_others_publish_them(columns: list[str], table: str):
    match = match_columns(columns)
    assert match is not None
    assert match.table == table


@pytest.mark.parametrize("columns", [[], ["a", "b"], ["id", "name"], ["track_name", "energy"]])
def test_what_is_no_known_table_is_not_guessed(columns: list[str]):
    assert match_columns(columns) is None


def test_a_column_of_tracks_makes_playlists_only_where_it_holds_lists():
    columns = ["playlist_id", "tracks"]
    assert match_columns(columns) is None
    match = match_columns(columns, ["tracks"])
    assert match is not None
    assert match.table == "playlists"
