"""What is in a release, and that a build leaves a whole one or none."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.fingerprint import file_digest
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index import worker_processes as processes
from embeat_pipeline.index.build import build_release, built_release, release_name
from embeat_pipeline.index.config import MODELS, TABLES, BuildOptions
from embeat_pipeline.index.lock import index_lock
from embeat_pipeline.index.neighbour_payload import PACKED, pack
from embeat_pipeline.index.shard_worker import Part
from embeat_pipeline.index.vectors import as_matrix, write_centroids
from embeat_pipeline.index.verification import verified_checks
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key, search_text
from embeat_serve.errors import PipelineError
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.query import Filter, Match, Query, Words

pytestmark = pytest.mark.slow

MakeLake = Callable[..., LakePaths]
LANGUAGES = ("zh", "en", None, None, "ja")  # of the titles, in turn


def rows(lake: LakePaths, table: str) -> list[dict[str, Any]]:
    return pq.read_table(lake.table(table)).to_pylist()


def listed(lake: LakePaths) -> dict[int, list[int]]:
    genres: dict[int, list[int]] = {}
    for row in sorted(rows(lake, "artist_genres"), key=lambda row: row["position"]):
        genres.setdefault(row["artist_code"], []).append(row["genre_code"])
    return {artist: codes[:5] for artist, codes in genres.items()}


def related(lake: LakePaths) -> dict[int, str]:
    with_tracks = {row["artist_code"] for row in rows(lake, "artists") if row["num_tracks"]}
    found: dict[int, list[int]] = {}
    for row in sorted(rows(lake, "related_artists"), key=lambda row: row["rank"]):
        if row["related_artist_code"] in with_tracks:
            found.setdefault(row["artist_code"], []).append(row["related_artist_code"])
    return {artist: " ".join(map(str, codes[:20])) for artist, codes in found.items()}


def filled(payload: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in payload.items() if value not in (None, "", [])}


def packed_lists(lake: LakePaths, table: str) -> dict[int, str]:
    rows = pl.read_parquet(lake.table(table))
    texts = pack(*rows.select(list(PACKED)).get_columns())
    return {code: text for code, text in zip(rows[:, 0], texts, strict=True) if text}


def test_tracks_carry_exactly_the_fields_of_the_contract(built: tuple[LakePaths, str]) -> None:
    lake, release = built
    genres_of, related_to = listed(lake), related(lake)
    names = {row["genre_code"]: row["genre"] for row in rows(lake, "genre_map")}
    called = {row["artist_code"]: row["aliases"] for row in rows(lake, "artists")}
    expected = {}
    for row in rows(lake, "tracks"):
        # Where the main artist has no genre, the next one credited speaks for the track.
        genres = next((genres_of[code] for code in row["artist_codes"] if code in genres_of), [])
        aliases = [alias for artist in row["artist_codes"] for alias in called[artist]]
        words = [row["track_name"] or "", *row["artist_names"], *aliases]
        expected[row["track_code"]] = filled(
            {
                TrackField.TRACK_ID: row["track_id"],
                TrackField.TRACK_NAME: row["track_name"],
                TrackField.ARTIST_NAMES: row["artist_names"],
                TrackField.ARTIST_CODES: row["artist_codes"],
                TrackField.ARTIST_ALIASES: aliases,
                TrackField.GENRE_CODES: genres,
                TrackField.GENRES: [names[code] for code in genres],
                TrackField.RELATED_ARTIST_CODES: related_to.get(row["artist_codes"][0]),
                TrackField.ALBUM_CODE: row["album_code"],
                TrackField.ALBUM_NAME: row["album_name"],
                TrackField.ISRC: row["isrc"],
                TrackField.RECORDING_CODE: row["recording_code"],
                TrackField.POPULARITY: row["popularity"],
                TrackField.POPULARITY_RANK: row["popularity"] or 0,
                TrackField.YEAR: row["release_year"],
                TrackField.EXPLICIT: row["explicit"],
                TrackField.INSTRUMENTAL: (row["instrumentalness"] or 0) >= 0.5 or None,
                TrackField.LANGUAGE: row["track_name"] and LANGUAGES[row["track_code"] % 5],
                TrackField.TEMPO: row["tempo"],
                TrackField.KEY: row["key"],
                TrackField.MODE: row["mode"],
                TrackField.ENERGY: round(row["energy"], 6),
                TrackField.NAME_KEY: row["track_name"] and name_key(row["track_name"]),
                TrackField.SEARCH_TEXT: search_text(" ".join(words)),
            }
        )
    weights = {
        row["track_code"]: round(float(np.linalg.norm(np.float32(row["playlist"]))), 4)
        for row in rows(lake, "playlist_vectors")
    }
    packed = packed_lists(lake, "track_neighbours")
    sure = {row["track_code"]: row["confidence"] for row in rows(lake, "track_neighbours")}
    near, how_sure = TrackField.NEIGHBOURS, TrackField.NEIGHBOUR_CONFIDENCE
    lists = {code: filled({near: packed.get(code), how_sure: sure[code]}) for code in sure}
    with EdgeStore(lake.release(release)) as store:
        found = {hit.id: hit.payload for hit in store.retrieve(Collection.TRACKS, list(expected))}
        assert found == expected
        hits = store.retrieve(Collection.TRACKS_PLAYLIST, list(expected))
        assert {hit.id: hit.payload for hit in hits} == {
            code: {
                **expected[code],
                TrackField.PLAYLIST_WEIGHT: pytest.approx(weight, abs=2e-4),
                **lists.get(code, {}),
            }
            for code, weight in weights.items()
        }


def test_artists_are_the_centroids_of_the_tracks_that_credit_them(
    built: tuple[LakePaths, str],
) -> None:
    lake, release = built
    vectors = {row["track_code"]: row["acoustic"] for row in rows(lake, "track_vectors")}
    credited: dict[int, list[Any]] = {}
    for row in rows(lake, "tracks"):
        for artist in row["artist_codes"]:
            if vectors[row["track_code"]] is not None:
                credited.setdefault(artist, []).append(vectors[row["track_code"]])
    genres_of, related_to = listed(lake), related(lake)
    names = {row["genre_code"]: row["genre"] for row in rows(lake, "genre_map")}
    artists, packed = rows(lake, "artists"), packed_lists(lake, "artist_neighbours")
    with EdgeStore(lake.release(release)) as store:
        codes = [row["artist_code"] for row in artists]
        found = {hit.id: hit for hit in store.retrieve(Collection.ARTISTS, codes, with_vector=True)}
    assert set(found) == set(credited)
    for row in artists:
        artist = row["artist_code"]
        if artist not in found:
            continue
        genres = genres_of.get(artist, [])
        called = " ".join([row["artist_name"], *row["aliases"]])
        assert found[artist].payload == filled(
            {
                ArtistField.ARTIST_ID: row["artist_id"],
                ArtistField.ARTIST_NAME: row["artist_name"],
                ArtistField.ALIASES: row["aliases"],
                ArtistField.GENRE_CODES: genres,
                ArtistField.GENRES: [names[code] for code in genres],
                ArtistField.RELATED_ARTIST_CODES: related_to.get(artist),
                ArtistField.POPULARITY_RANK: row["popularity"] or 0,
                ArtistField.NUM_TRACKS: row["num_tracks"],
                ArtistField.NEIGHBOURS: packed.get(artist),
                ArtistField.NAME_KEY: name_key(row["artist_name"]),
                ArtistField.SEARCH_TEXT: search_text(called),
            }
        )
        centroid = np.mean(credited[artist], axis=0)
        expected = centroid / np.linalg.norm(centroid)
        assert found[artist].vector == pytest.approx(expected, abs=2e-3)


def test_a_track_without_sound_is_found_by_all_but_its_sound(built: tuple[LakePaths, str]) -> None:
    lake, release = built
    silent = 49
    with EdgeStore(lake.release(release)) as store:
        (hit,) = store.retrieve(Collection.TRACKS, [silent], with_vector=True)
        assert hit.vector is None
        words = Words(TrackField.SEARCH_TEXT, tuple(search_text(hit.payload["track_name"]).split()))
        artist = Match(TrackField.ARTIST_CODES, tuple(hit.payload["artist_codes"]))
        by_name, by_artist, by_sound = store.query(
            [
                Query(Collection.TRACKS, 600, filter=Filter((words,))),
                Query(Collection.TRACKS, 600, order_by="popularity_rank", filter=Filter((artist,))),
                Query(Collection.TRACKS, 600, vector=np.ones(64, np.float32)),
            ]
        )
    assert silent in {hit.id for hit in by_name} & {hit.id for hit in by_artist}
    assert len(by_sound) == 588
    assert silent not in {hit.id for hit in by_sound}


def test_a_vector_that_is_no_number_is_no_vector(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = make_lake(tmp_path / "lake", tracks=30)
    schema = SCHEMAS["track_vectors"]
    table = rows(lake, "track_vectors")
    table[3]["acoustic"] = [float("nan")] * 64
    table[4]["acoustic"][0] = float("inf")
    spoiled = pa.Table.from_pylist(table, schema=schema)
    matrix, usable = as_matrix(spoiled.column("acoustic"))
    assert np.flatnonzero(~usable).tolist() == [3, 4]
    assert np.isfinite(matrix).all()
    pq.write_table(spoiled, lake.table("track_vectors"))
    target = tmp_path / "artists.parquet"
    write_centroids(lake.table("tracks"), lake.table("track_vectors"), 6, target)
    assert np.isfinite(np.stack(pq.read_table(target).column("acoustic").to_numpy())).all()


def test_the_same_inputs_make_the_same_release_once(
    built: tuple[LakePaths, str], make_lake: MakeLake, tmp_path: Path
) -> None:
    lake, release = built
    again = build_release(lake)
    assert again["release"] == release
    assert again["unchanged"] is True
    twin = make_lake(tmp_path / "twin")
    digests = {name: file_digest(twin.table(name)) for name in TABLES}
    digests |= {name: file_digest(twin.models / file) for name, file in MODELS.items()}
    assert release_name(digests, BuildOptions()) == release
    assert release_name(digests, BuildOptions(workers=7)) == release
    assert release_name(digests, BuildOptions(max_genres=4)) != release
    assert release_name({**digests, "tracks": "other"}, BuildOptions()) != release


def test_the_manifest_says_what_the_release_is_made_of(built: tuple[LakePaths, str]) -> None:
    lake, release = built
    manifest = Manifest.read(lake.release(release))
    assert manifest.release == release
    assert manifest.counts == {"tracks": 600, "tracks_playlist": 300, "artists": 120}
    assert set(manifest.inputs) >= {"tracks", "track_vectors", "encoder"}
    assert manifest.parameters == BuildOptions().parameters()
    assert not [path.name for path in lake.index.iterdir() if path.name.startswith(".building")]


def test_several_parts_answer_as_one(
    lake: LakePaths, built: tuple[LakePaths, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many processes as parts, as in a large catalogue.
    monkeypatch.setattr(processes, "MIN_PARALLEL_PART", 0)
    release = build_release(lake, BuildOptions(points_per_part=400, workers=2))["release"]
    vector = np.random.default_rng(5).standard_normal(64).astype(np.float32)
    queries = [
        Query(collection, 80, vector=vector, order_by=None, payload=True, exact=True)
        for collection in Collection.ALL
    ]
    queries += [
        Query(Collection.TRACKS, 100, order_by=TrackField.POPULARITY_RANK),
        Query(Collection.TRACKS, 300),
    ]
    one, whole = built
    with EdgeStore(lake.release(release)) as parts, EdgeStore(one.release(whole)) as single:
        assert parts.query(queries) == single.query(queries)
        assert parts.count(Collection.TRACKS) == 600
    assert all(check.passed for check in verified_checks(lake, release))


@pytest.mark.parametrize("storage", ["float16", "turbo8"])
def test_a_catalogue_without_playlists_or_artists_is_a_release_too(
    make_lake: MakeLake, tmp_path: Path, storage: Literal["float16", "turbo8"]
) -> None:
    lake = make_lake(tmp_path / "lake", tracks=40)
    empty = ("playlist_vectors", "track_neighbours", "artist_neighbours")
    for name in (*empty, "artist_genres", "related_artists"):
        pq.write_table(SCHEMAS[name].empty_table(), lake.table(name))
    release = build_release(lake, BuildOptions(storage=storage))["release"]
    assert [str(check) for check in verified_checks(lake, release) if not check.passed] == []
    with EdgeStore(lake.release(release)) as store:
        assert store.query([Query(Collection.TRACKS_PLAYLIST, 5, like=1)]) == [[]]
        (hits,) = store.query([Query(Collection.TRACKS, 5, like=1)])
        assert len(hits) == 5


def test_small_parts_share_a_process() -> None:
    def part(points: int) -> Part:
        return Part("lake", "work", "folder", "tracks", 0, points, points, BuildOptions())

    sizes = [60_000, 20_000, 30_000, 1, 500_000, 0]
    grouped = processes.group_parts([part(size) for size in sizes])
    assert [[part.points for part in group] for group in grouped] == [
        [60_000],
        [20_000, 30_000],
        [1],
        [500_000],
        [0],
    ]


def test_a_missing_table_is_named(lake: LakePaths) -> None:
    lake.table("track_vectors").unlink()
    with pytest.raises(PipelineError, match=r"track_vectors\.parquet, which is not there; run"):
        build_release(lake)


def test_two_builds_at_once_are_refused(lake: LakePaths) -> None:
    with index_lock(lake), pytest.raises(PipelineError, match="another process is building"):
        build_release(lake)


@pytest.mark.parametrize("damage", ["manifest", "collection", "points"])
def test_a_broken_release_is_built_again(
    built: tuple[LakePaths, str], tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, release = built
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(original.tables, lake.tables)
    shutil.copytree(original.models, lake.models)
    folder = lake.release(release)
    for collection in Collection.ALL:
        (folder / collection).mkdir(parents=True)
    if damage != "manifest":
        Manifest.read(original.release(release)).write(folder)
    if damage == "collection":
        (folder / Collection.TRACKS).rmdir()

    class Rebuilt(Exception):
        pass

    def rebuild(*_: object) -> None:
        raise Rebuilt

    monkeypatch.setattr("embeat_pipeline.index.build.build_collections", rebuild)
    with pytest.raises(Rebuilt):
        build_release(lake)
    assert not folder.exists()
    assert [path.name for path in lake.index.iterdir()] == [".lock"]


@pytest.mark.process
def test_a_killed_worker_fails_the_build_and_leaves_nothing(
    lake: LakePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.index.mkdir()
    lake.current.write_text("0123456789ab\n")
    start = processes._start

    def start_and_kill(*arguments: Any) -> "subprocess.Popen[str]":
        process = start(*arguments)
        process.kill()
        return process

    monkeypatch.setattr(processes, "_start", start_and_kill)
    with pytest.raises(PipelineError, match="was killed by signal 9"):
        build_release(lake)
    assert sorted(path.name for path in lake.index.iterdir()) == [".lock", "CURRENT"]
    assert lake.current.read_text() == "0123456789ab\n"


def test_a_failing_worker_says_why(lake: LakePaths) -> None:
    columns = pq.read_table(lake.table("tracks")).drop_columns(["isrc"])
    pq.write_table(columns, lake.table("tracks"))
    with pytest.raises(PipelineError, match=r"ended with status 1: .*isrc") as error:
        build_release(lake)
    assert "\n" not in str(error.value)


@pytest.mark.process
def test_a_killed_build_leaves_what_is_served_and_the_next_one_repairs(
    built: tuple[LakePaths, str], make_lake: MakeLake, tmp_path: Path
) -> None:
    lake = make_lake(tmp_path / "lake", tracks=300, seed=1)
    lake.index.mkdir()
    lake.current.write_text("0123456789ab\n")
    program = (
        "import sys; from pathlib import Path; from embeat_serve.contract.lake import LakePaths; "
        "from embeat_pipeline.index.build import build_release; "
        "build_release(LakePaths(Path(sys.argv[1])))"
    )
    build = subprocess.Popen(
        [sys.executable, "-c", program, str(lake.root)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list(lake.index.glob(".building-*/scratch/*/segments")):
        assert time.monotonic() < deadline
        assert build.poll() is None
        time.sleep(0.01)
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    left = {path.name for path in lake.index.iterdir()}
    assert any(name.startswith(".building-") for name in left)
    assert left >= {"CURRENT", ".lock"}
    assert lake.current.read_text() == "0123456789ab\n"

    release = build_release(lake)["release"]
    left = {path.name for path in lake.index.iterdir()}
    assert left == {"BUILT", "CURRENT", ".lock", release}
    assert all(check.passed for check in verified_checks(lake, release))


def test_the_release_last_built_is_this_lakes(built: tuple[LakePaths, str], tmp_path: Path) -> None:
    lake, release = built
    assert built_release(lake) == release
    with pytest.raises(PipelineError, match="no release was built"):
        built_release(LakePaths(tmp_path))
