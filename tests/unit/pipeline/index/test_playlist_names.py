"""A release holds no name of a playlist: some hurt, and nobody shall read what others typed."""

from pathlib import Path

import polars as pl
import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.text_keys import search_text
from embeat_serve.contract.title_terms import LONGEST_TERM
from embeat_serve.titles.title_model import TitleModel

ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le")
"""How text may lie in the files of the engine and of numpy."""


def whole_names(lake: LakePaths) -> set[str]:
    """Names of playlists, as typed and folded, that are longer than a term and no song's name."""
    names = pl.read_parquet(lake.table("playlists"), columns=["name"])["name"].drop_nulls()
    tracks = pl.read_parquet(lake.table("tracks"), columns=["track_name", "album_name"])
    genres = pl.read_parquet(lake.table("genre_map"), columns=["genre"])["genre"]
    listed = [*tracks["track_name"].drop_nulls(), *tracks["album_name"].drop_nulls(), *genres]
    known = "\n".join(search_text(name) for name in listed)
    texts = {form for name in names for form in (name, search_text(name))}
    return {
        text for text in texts if len(text) > 2 * LONGEST_TERM and search_text(text) not in known
    }


def found_in(folder: Path, names: set[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found += [
            (path.name, name)
            for name in names
            if any(name.encode(encoding) in content for encoding in ENCODINGS)
        ]
    return found


def test_no_file_of_a_release_holds_the_name_of_a_playlist(
    published_lake: LakePaths, tmp_path: Path
):
    names = whole_names(published_lake)
    assert len(names) > 20
    release = published_lake.release(published_lake.current.read_text().strip())
    assert found_in(release, names) == []
    # The search would find one.
    name = max(names)
    (tmp_path / "names.json").write_text(f'["{name}"]', encoding="utf-8")
    assert found_in(tmp_path, {name}) == [("names.json", name)]


def test_the_terms_of_titles_are_pieces_of_a_few_characters(published_lake: LakePaths):
    content = (published_lake.models / ReleaseFile.TITLE_MODEL).read_bytes()
    model = TitleModel.from_bytes(content)
    assert len(model.terms)
    assert max(map(len, model.terms.tolist())) <= LONGEST_TERM


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_name_is_found_in_every_encoding(tmp_path: Path, encoding: str):
    (tmp_path / "file").write_bytes("what nobody should read".encode(encoding))
    assert found_in(tmp_path, {"nobody should"}) == [("file", "nobody should")]
