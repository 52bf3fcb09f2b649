"""A release that differs from the tables, or finds too little, fails by name."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from embeat_pipeline.index.release_checks import verify_folder
from embeat_pipeline.index.verification import verified_checks
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import PAYLOAD_INDEXES, Collection, VectorName
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.query import Hit, Query

pytestmark = pytest.mark.slow


def failed(built_copy: tuple[LakePaths, str]) -> list[str]:
    return [check.name for check in verified_checks(*built_copy) if not check.passed]


def kinds_to_check() -> Iterator[tuple[str, str]]:
    """Every indexed field of every collection that is not scanned anyway."""
    for collection, fields in PAYLOAD_INDEXES.items():
        yield from ((collection, kind) for kind in ("all", "worst"))
        if collection in VectorName.WEIGHTED:
            continue
        for field, kind in fields.items():
            yield collection, field
            codes = field.endswith("_codes")
            if codes or kind == "keyword":
                yield collection, f"not_{field}"
            if codes:
                yield collection, f"popular_{field}"


def rewrite(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def test_a_release_as_built_passes_every_check(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    checks = verified_checks(lake, release)
    assert [check.name for check in checks if not check.passed] == []
    assert {check.name for check in checks} == {
        "readable",
        "tracks_count",
        "tracks_playlist_count",
        "artists_count",
        "ranking_model",
        "title_model",
        "encoder",
        "genres",
        "words",
        "payload",
        *(f"{collection}_recall_{kind}" for collection, kind in kinds_to_check()),
    }
    folder = lake.release(release)
    assert verify_folder(lake, folder, Manifest.read(folder)) == checks


def test_rows_that_are_missing_are_counted(built_copy: tuple[LakePaths, str]) -> None:
    lake, _ = built_copy
    table = pq.read_table(lake.table("tracks"))
    pq.write_table(table.slice(0, 599), lake.table("tracks"))
    assert failed(built_copy) == ["tracks_count"]


def test_a_manifest_that_lies(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    manifest = Manifest.read(lake.release(release))
    replace(manifest, counts={**manifest.counts, "artists": 7}).write(lake.release(release))
    assert failed(built_copy) == ["artists_count"]


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_corrupted_manifest(built_copy: tuple[LakePaths, str], content: str) -> None:
    lake, release = built_copy
    rewrite(lake.release(release) / ReleaseFile.MANIFEST, content)
    (check,) = verified_checks(*built_copy)
    assert (check.name, check.passed) == ("readable", False)
    assert "manifest of release" in str(check)


def test_a_collection_that_is_gone(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    # The engine opens what is left of a shard without a word.
    shutil.rmtree(lake.release(release) / Collection.TRACKS / "segments")
    assert failed(built_copy) == ["tracks_count", "payload"]
    shutil.rmtree(lake.release(release) / Collection.TRACKS)
    assert failed(built_copy) == ["readable"]


def test_an_encoder_that_needs_pickle_or_is_cut_off(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    path = lake.release(release) / ReleaseFile.ENCODER
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    assert failed(built_copy) == ["encoder"]


def test_genres_that_are_cut_off(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    rewrite(lake.release(release) / ReleaseFile.GENRES, json.dumps([["pop", 0, 0]]))
    assert failed(built_copy) == ["genres"]
    rewrite(lake.release(release) / ReleaseFile.GENRES, "[")
    assert failed(built_copy) == ["genres"]


def test_payloads_of_other_tables(built_copy: tuple[LakePaths, str]) -> None:
    lake, _ = built_copy
    table = pq.read_table(lake.table("tracks"))
    names = ["other"] * table.num_rows
    column = table.schema.get_field_index("track_name")
    pq.write_table(
        table.set_column(column, table.schema.field(column), [names]), lake.table("tracks")
    )
    assert failed(built_copy) == ["payload"]


def test_poor_recall_is_found_out(
    built_copy: tuple[LakePaths, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    search = EdgeStore._search

    def forgetful(self: EdgeStore, collection: str, queries: list[Query]) -> list[list[Hit]]:
        hits = search(self, collection, queries)
        near = collection == Collection.TRACKS and not queries[0].exact
        return [found[::2] if near else found for found in hits]

    monkeypatch.setattr("embeat_serve.stores.qdrant_edge.SCAN_UNLINKED", 0)
    monkeypatch.setattr(EdgeStore, "_search", forgetful)
    checks = {check.name: check for check in verified_checks(*built_copy)}
    assert checks["tracks_recall_all"].value == pytest.approx(0.5)
    assert not checks["tracks_recall_all"].passed
    assert checks["artists_recall_all"].passed
