"""A patched release holds exactly what a rebuilt one does."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index import build
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.incremental.plan import find_base
from embeat_pipeline.index.incremental.point_digests import compare_digests
from embeat_pipeline.index.incremental.segment_reuse import copy_sparse
from embeat_pipeline.index.release_checks import Check
from embeat_pipeline.index.verification import verified_checks
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import PipelineError
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.query import Query

pytestmark = pytest.mark.slow

AFRESH = BuildOptions(increments=False)
SMALL = BuildOptions(max_changed_share=0.4)


@pytest.fixture
def served(built: tuple[LakePaths, str], tmp_path: Path) -> tuple[LakePaths, str]:
    """A lake that serves the release built, all of it its own."""
    original, release = built
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(original.root, lake.root, copy_function=copy_to)
    lake.current.write_text(f"{release}\n")
    return lake, release


def copy_to(source: str, target: str) -> None:
    copy_sparse(Path(source), Path(target))


def rewrite(lake: LakePaths, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    table = change(pl.read_parquet(lake.table(name))).to_arrow()
    pq.write_table(table.cast(SCHEMAS[name]), lake.table(name), row_group_size=250)


def grow(lake: LakePaths, seed: int = 0, new: int = 7) -> None:
    """Some tracks are new, some changed, some left the playlists; one artist changes genre."""
    random = np.random.default_rng(seed)
    count = pq.read_metadata(lake.table("tracks")).num_rows
    vectors = random.standard_normal((new, 64)).astype(np.float32)
    codes = pl.Series(np.arange(count, count + new), dtype=pl.UInt32)

    def more_tracks(tracks: pl.DataFrame) -> pl.DataFrame:
        louder = pl.when(pl.col("track_code") % 150 == seed).then(100).otherwise("popularity")
        added = tracks.sample(new, seed=seed).with_columns(
            track_code=codes, track_id=pl.format("new{}of{}", codes, seed), recording_code=codes
        )
        changed = tracks.with_columns(louder.cast(tracks["popularity"].dtype).alias("popularity"))
        return pl.concat([changed, added.select(changed.columns)])

    rewrite(lake, "tracks", more_tracks)
    rewrite(
        lake,
        "track_vectors",
        lambda table: pl.concat(
            [
                table,
                pl.DataFrame({"track_code": codes, "acoustic": vectors}, schema=dict(table.schema)),
            ]
        ),
    )
    gone = 1 + 2 * seed
    rewrite(lake, "playlist_vectors", lambda table: table[:gone].vstack(table[gone + 2 :]))
    rewrite(
        lake,
        "artist_genres",
        lambda table: table.with_columns(
            genre_code=pl.when(pl.col("artist_code") == 7 + seed * 3)
            .then((pl.col("genre_code") + 1) % 12)
            .otherwise("genre_code")
            .cast(table["genre_code"].dtype)
        ),
    )


def content(lake: LakePaths, release: str) -> dict[str, dict[int, Any]]:
    """Every point of every collection."""
    found = {}
    with EdgeStore(lake.release(release)) as store:
        for collection in Collection.ALL:
            hits = store.retrieve(collection, range(2_000), with_vector=True)
            assert len(hits) == store.count(collection)
            found[collection] = {
                hit.id: (hit.payload, None if hit.vector is None else hit.vector.tolist())
                for hit in hits
            }
    return found


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def afresh(lake: LakePaths, tmp_path: Path) -> tuple[LakePaths, str]:
    other = LakePaths(tmp_path / "afresh")
    shutil.copytree(lake.tables, other.tables)
    shutil.copytree(lake.models, other.models)
    return other, build_release(other, AFRESH)["release"]


def test_it_holds_and_answers_what_one_made_afresh_does(
    served: tuple[LakePaths, str], tmp_path: Path
) -> None:
    lake, first = served
    before = bytes_of(lake.release(first))
    grow(lake)
    made = build_release(lake, SMALL)
    assert made["based_on"] == first
    assert 0 < made["tracks_changed"] < 60
    assert 0 < made["artists_changed"] < 40
    assert bytes_of(lake.release(first)) == before

    release = made["release"]
    whole, again = afresh(lake, tmp_path)
    assert again == release
    assert Manifest.read(whole.release(again)).based_on is None
    assert content(lake, release) == content(whole, again)
    assert [str(check) for check in verified_checks(lake, release) if not check.passed] == []
    vectors = np.random.default_rng(1).standard_normal((10, 64)).astype(np.float32)
    queries = [Query(name, 20, vector) for name in Collection.ALL for vector in vectors]
    with EdgeStore(lake.release(release)) as ours, EdgeStore(whole.release(again)) as theirs:
        for one, other in zip(ours.query(queries), theirs.query(queries), strict=True):
            assert [hit.id for hit in one] == [hit.id for hit in other]

    pages = "tracks/segments/*/payload_storage/page_0.dat"
    files = {path.stat().st_ino for path in lake.release(first).glob(pages)}
    assert files & {path.stat().st_ino for path in lake.release(release).glob(pages)}


def test_one_change_after_another(served: tuple[LakePaths, str], tmp_path: Path) -> None:
    lake, release = served
    for step in range(2):
        grow(lake, seed=step, new=3)
        made = build_release(lake, SMALL)
        assert made["based_on"] == release
        release = made["release"]
        lake.current.write_text(f"{release}\n")
    whole, again = afresh(lake, tmp_path)
    assert content(lake, release) == content(whole, again)


def test_nothing_but_other_weights(served: tuple[LakePaths, str]) -> None:
    lake, first = served
    with (lake.models / "encoder.npz").open("wb") as file:
        np.savez(file, config=np.array("{}"), weight=np.zeros(3, np.float32))
    made = build_release(lake)
    assert made["release"] != first
    assert (made["based_on"], made["tracks_changed"], made["artists_changed"]) == (first, 0, 0)
    assert content(lake, made["release"]) == content(lake, first)


def test_a_collection_that_changed_much_is_made_afresh(served: tuple[LakePaths, str]) -> None:
    lake, first = served
    rewrite(
        lake,
        "playlist_vectors",
        lambda table: table.with_columns(playlist=table["playlist"].reverse()),
    )
    made = build_release(lake)
    assert made["based_on"] == first
    assert "tracks_playlist_changed" not in made
    assert (made["tracks_changed"], made["artists_changed"]) == (0, 0)
    assert made["tracks_playlist_made_afresh"] == (
        "100.0% of 300 points changed: 0 new, 0 gone, 300 with another vector, "
        "0 with another payload; above 15% all are rebuilt"
    )
    assert all(check.passed for check in verified_checks(lake, made["release"]))


def test_an_encoder_trained_anew_is_said_to_be_the_reason(served: tuple[LakePaths, str]) -> None:
    lake, first = served
    rewrite(
        lake,
        "track_vectors",
        lambda table: table.with_columns(acoustic=table["acoustic"].reverse()),
    )
    made = build_release(lake)
    manifest = Manifest.read(lake.release(made["release"]))
    assert (manifest.based_on, manifest.changed) == (first, {"tracks_playlist": 0})
    assert sorted(manifest.afresh) == ["artists", "tracks"]
    for why in manifest.afresh.values():
        assert re.search(r"with another vector, 0 with another payload", why)


REASONS = {
    "asked for": "EMBEAT_FULL_BUILD=1",
    "settings": r"with other parameters\.graph_links \(16, now 8\)$",
    "nothing served": "no release was served or built before",
    "recipe": "cannot be read: ",
    "code": r"with other code \(of before, now [0-9a-f]{16}-[0-9a-f]{16}\)$",
    "library": r"with other libraries\.polars \(0\.1, now \d",
    "manifest": "cannot be read: ",
}


@pytest.mark.parametrize("case", REASONS)
def test_why_there_is_no_release_to_start_from(
    built_copy: tuple[LakePaths, str], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    lake, first = built_copy
    lake.current.write_text(f"{first}\n")
    options = BuildOptions()
    assert find_base(lake, options).reason == ""
    made_by = lake.release(first) / "digests" / "recipe.json"
    recipe = json.loads(made_by.read_bytes())
    match case:
        case "asked for":
            monkeypatch.setenv("EMBEAT_FULL_BUILD", "1")
            options = BuildOptions.from_environment()
        case "settings":
            options = BuildOptions(graph_links=8)
        case "nothing served":
            lake.current.unlink()
        case "recipe":
            replace(made_by, "{")
        case "code":
            replace(made_by, json.dumps({**recipe, "code": "of before"}))
        case "library":
            libraries = {**recipe["libraries"], "polars": "0.1"}
            replace(made_by, json.dumps({**recipe, "libraries": libraries}))
        case "manifest":
            replace(lake.release(first) / "manifest.json", "[]")
    base = find_base(lake, options)
    assert base.manifest is None
    assert re.search(REASONS[case], base.reason)


def replace(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize("case", ["settings", "digests"])
def test_where_all_is_made_afresh_the_reason_is_kept(
    served: tuple[LakePaths, str], capsys: pytest.CaptureFixture[str], case: str
) -> None:
    lake, first = served
    options = BuildOptions()
    if case == "settings":
        options = BuildOptions(graph_links=8)
        reason = REASONS[case]
    else:
        reason = f"digests of release {first} cannot be read: "
        for path in (lake.release(first) / "digests").glob("*.parquet"):
            path.write_bytes(path.read_bytes()[:-20])
    grow(lake)
    made = build_release(lake, options)
    manifest = Manifest.read(lake.release(made["release"]))
    assert (made["based_on"], manifest.changed) == ("", {})
    assert set(manifest.afresh) == set(Collection.ALL)
    printed = capsys.readouterr().err
    for collection, why in manifest.afresh.items():
        assert re.search(reason, why)
        assert made[f"{collection}_made_afresh"] == why
        assert f"index: {collection} is rebuilt: {why}\n" in printed


def test_what_fails_its_checks_is_made_afresh(
    served: tuple[LakePaths, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, first = served
    grow(lake)
    with monkeypatch.context() as patch:
        failure = [Check("recall", False, 0.1, "0.97")]
        patch.setattr(build, "verify_and_record", lambda *_: failure)
        made = build_release(lake)
    assert made["based_on"] == ""
    reason = f"patched from release {first}, it failed recall: 0.1, expected 0.97 (FAILED)"
    assert {made[f"{name}_made_afresh"] for name in Collection.ALL} == {reason}
    assert all(check.passed for check in verified_checks(lake, made["release"]))
    assert [path.name for path in lake.index.glob(".building*")] == []


def test_a_change_that_breaks_off_leaves_what_is_served(
    served: tuple[LakePaths, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, first = served
    before = bytes_of(lake.release(first))
    grow(lake)
    writer = "embeat_pipeline.index.collection_build.write_changes"
    monkeypatch.setattr(writer, lambda _, folder: folder)
    with pytest.raises(PipelineError, match="ended with status 1"):
        build_release(lake, SMALL)
    assert bytes_of(lake.release(first)) == before
    assert {path.name for path in lake.index.iterdir() if path.is_dir()} == {first}


Points = st.dictionaries(st.integers(0, 50), st.tuples(st.integers(0, 3), st.integers(0, 3)))


@settings(max_examples=40)
@given(old=Points, new=Points)
def test_changes_are_those_of_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory,
    old: dict[int, tuple[int, int]],
    new: dict[int, tuple[int, int]],
) -> None:
    folder = tmp_path_factory.mktemp("digests")
    for name, points in (("old", old), ("new", new)):
        codes = sorted(points)
        vectors, payloads = ([points[code][place] for code in codes] for place in (0, 1))
        table = pa.table(
            {
                "code": pa.array(codes, pa.uint32()),
                "vector": pa.array(vectors, pa.uint64()),
                "payload": pa.array(payloads, pa.uint64()),
            }
        )
        pq.write_table(table, folder / name)
    changes = compare_digests(folder / "old", folder / "new")
    both = set(old) & set(new)
    assert changes.changed.tolist() == sorted(code for code in new if old.get(code) != new[code])
    assert changes.removed.tolist() == sorted(set(old) - set(new))
    assert changes.points == len(new)
    assert changes.new == len(set(new) - set(old))
    assert changes.vectors == sum(old[code][0] != new[code][0] for code in both)
    assert changes.payloads == sum(old[code][1] != new[code][1] for code in both)


@settings(max_examples=40)
@given(blocks=st.lists(st.tuples(st.booleans(), st.integers(1, 3))))
def test_a_copy_keeps_holes_and_bytes(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[bool, int]]
) -> None:
    source = tmp_path_factory.mktemp("sparse") / "source"
    with source.open("wb") as file:
        for filled, pages in blocks:
            if filled:
                file.write(b"x" * pages * 4096)
            else:
                file.seek(pages * 4096, 1)
        file.truncate(file.tell() + 5)
    target = source.with_name("target")
    copy_sparse(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks <= source.stat().st_blocks
