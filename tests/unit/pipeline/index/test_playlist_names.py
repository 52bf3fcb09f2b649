"""A release holds no name of a playlist: some hurt, and nobody shall read what others typed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index.build import build_release
from embeat_pipeline.playlists.titles.title_model import write_title_model
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE
from embeat_serve.contract.text_keys import search_text
from embeat_serve.contract.title_terms import LONGEST_TERM
from embeat_serve.titles.title_model import TitleModel
from tests.support.index_lake import GENRES

NAMES = ("Nobody Should Read This", "nobody reads zweitausend", "這個名字沒有人看過")
"""Names of playlists, ten of each."""

ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le")
"""How text may lie in the files of the engine and of numpy."""


@pytest.fixture
def release(lake: LakePaths) -> Path:
    """A release of a lake whose playlists have names."""
    random = np.random.default_rng(3)
    rows: dict[str, list[dict[str, object]]] = {
        "playlists": [
            {
                "playlist_code": code,
                "playlist_id": str(code),
                "name": NAMES[code % len(NAMES)],
                "source": "made up",
                "track_codes": np.sort(random.permutation(600)[:20]).tolist(),
            }
            for code in range(30)
        ],
        "genre_vectors": [
            {"genre_code": code, "vector": random.normal(size=GENRE_VECTOR_SIZE).tolist()}
            for code in range(GENRES)
        ],
    }
    for table, content in rows.items():
        written = pa.Table.from_pylist(content, schema=SCHEMAS[table])
        pq.write_table(written, lake.table(table))
    write_title_model(lake)
    return lake.release(build_release(lake)["release"])


def found_in(folder: Path) -> set[tuple[str, str]]:
    """Files, and the names in them, as typed or folded."""
    forms = {form for name in NAMES for form in (name, search_text(name))}
    return {
        (path.name, form)
        for path in folder.rglob("*")
        if path.is_file()
        for form in forms
        for encoding in ENCODINGS
        if form.encode(encoding) in path.read_bytes()
    }


def test_no_file_of_a_release_holds_the_name_of_a_playlist(release: Path):
    assert (release / ReleaseFile.TITLE_MODEL).is_file()
    assert found_in(release) == set()


def test_the_terms_of_titles_are_pieces_of_a_few_characters(release: Path):
    model = TitleModel.from_bytes((release / ReleaseFile.TITLE_MODEL).read_bytes())
    assert model.profile(NAMES[0]).is_known
    assert max(map(len, model.terms.tolist())) <= LONGEST_TERM


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_search_finds_a_name_in_every_encoding(tmp_path: Path, encoding: str):
    (tmp_path / "file").write_bytes(f"before{NAMES[0]}after".encode(encoding))
    assert found_in(tmp_path) == {("file", NAMES[0])}
