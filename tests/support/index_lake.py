"""Made-up tables, just what the index stage reads, without running the stages before it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.ranking.tree_ranker import TreeRanker
from embeat_serve.titles.title_model import TitleModel

GENRES = 12


@pytest.fixture(scope="session")
def make_lake() -> Callable[..., LakePaths]:
    """Writes the tables of a lake: ``make_lake(root, tracks=600, seed=0)``."""
    return write_lake


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    """A lake of 600 tracks with nothing built."""
    return write_lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[LakePaths, str]:
    """A lake with one release built, and its name. Read only: copy it to change it."""
    from embeat_pipeline.index.build import build_release

    lake = write_lake(tmp_path_factory.mktemp("built"))
    return lake, build_release(lake)["release"]


@pytest.fixture
def built_copy(built: tuple[LakePaths, str], tmp_path: Path) -> tuple[LakePaths, str]:
    """The same, to be changed: replace files rather than write into them."""
    original, release = built
    lake = LakePaths(tmp_path / "copy")
    shutil.copytree(original.tables, lake.tables)
    shutil.copytree(original.models, lake.models)
    # Linked, since the engine's files are mostly holes that a copy would fill.
    shutil.copytree(original.release(release), lake.release(release), copy_function=os.link)
    return lake, release


def write_lake(root: Path, tracks: int = 600, seed: int = 0) -> LakePaths:
    lake, random = LakePaths(root), np.random.default_rng(seed)
    artists = max(tracks // 5, 3)
    titles = ["晴天", "Don't Stop", "Ünïcode (Live)", "???", "夜に駆ける"]
    credits = [
        sorted({int(a) for a in random.integers(0, artists, 1 + i % 3)}) for i in range(tracks)
    ]
    vectors = unit(random.standard_normal((tracks, VECTOR_SIZE)))
    weights = random.uniform(0.2, 1, (tracks, 1)).astype(np.float32)
    listed = np.sort(random.permutation(tracks)[: tracks // 2])
    rows: dict[str, list[dict[str, Any]]] = {
        "tracks": [
            {
                "track_code": code,
                "track_id": f"track{code:017d}",
                "track_name": None if code % 97 == 96 else f"{titles[code % 5]} {code // 5}",
                "artist_codes": credits[code],
                "artist_names": [f"Artist {artist}" for artist in credits[code]],
                "album_code": None if code % 3 == 0 else code // 10,
                "album_name": None if code % 3 == 0 else f"Album {code // 10}",
                "isrc": f"USXX1{code:07d}" if code % 4 == 0 else None,
                "recording_code": code,
                "popularity": None if code % 5 == 0 else code % 101,
                "release_year": 1950 + code % 70,
                "explicit": None if code % 6 == 0 else code % 2 == 0,
                "key": code % 12,
                "mode": code % 2,
                "tempo": 80.125 + code % 100,
                "energy": (code % 100) / 100,
                "instrumentalness": None if code % 4 == 0 else (code % 10) / 10,
                "source": "made up",
            }
            for code in range(tracks)
        ],
        "artists": [
            {
                "artist_code": code,
                "artist_id": None if code % 7 == 0 else f"artist{code:016d}",
                "artist_name": f"Artist {code}",
                "aliases": [f"藝人 {code}"] if code % 4 == 1 else [],
                "popularity": None if code % 5 == 0 else code % 101,
                "num_tracks": sum(code in credit for credit in credits),
            }
            for code in range(artists)
        ],
        "genre_map": [
            {
                "genre_code": code,
                "genre": f"genre {code}",
                "weight": 1.0,
                "x": 0.1 * code,
                "y": None,
            }
            for code in range(GENRES)
        ],
        # Every third artist has no genre; the others have up to seven.
        "artist_genres": [
            {
                "artist_code": code,
                "genre_code": (code + place) % GENRES,
                "position": place,
                "score": 1.0,
                "confidence": 1.0,
                "source": "listed",
            }
            for code in range(artists)
            if code % 3
            for place in range(1 + code % 7)
        ],
        "related_artists": [
            {
                "artist_code": code,
                "related_artist_code": (code + 1 + place) % artists,
                "rank": place,
            }
            for code in range(artists)
            for place in range(min(25, artists - 1))
        ],
        "track_vectors": [
            {"track_code": code, "acoustic": None if code % 50 == 49 else vectors[code].tolist()}
            for code in range(tracks)
        ],
        "playlist_vectors": [
            {"track_code": code, "playlist": vector}
            for code, vector in zip(
                listed.tolist(),
                (weights * vectors)[random.permutation(tracks)[: len(listed)]].tolist(),
                strict=True,
            )
        ],
        # Every list is one longer than the last, and every fifth track has none.
        "track_neighbours": [
            {
                "track_code": code,
                "neighbour_codes": [int((code + 1 + step) % tracks) for step in range(code % 7)],
                "strengths": [255 - step for step in range(code % 7)],
                "several_strengths": list(range(code % 7)),
                "shared_playlists": [300 * step for step in range(code % 7)],
                "als_strengths": [40 * step for step in range(code % 7)],
                "count_levels": [250 - step for step in range(code % 7)],
                "confidence": 0.25,
            }
            for code in listed.tolist()
            if code % 5
        ],
        "artist_neighbours": [
            {
                "artist_code": code,
                "neighbour_codes": [code, 0],
                "strengths": [255, 7],
                "several_strengths": [0, 9],
                "shared_playlists": [0, 65_535],
                "als_strengths": [1, 255],
                "count_levels": [0, 60],
            }
            for code in range(0, artists, 2)
        ],
    }
    lake.tables.mkdir(parents=True)
    for name, content in rows.items():
        table = pa.Table.from_pylist(content, schema=SCHEMAS[name])
        pq.write_table(table, lake.table(name), compression="zstd", row_group_size=250)
    lake.models.mkdir()
    (lake.models / ReleaseFile.RANKING_MODEL).write_bytes(TreeRanker.empty().to_bytes())
    (lake.models / ReleaseFile.TITLE_MODEL).write_bytes(TitleModel.empty().to_bytes())
    with (lake.models / "encoder.npz").open("wb") as file:
        np.savez(file, config=np.array("{}"), weight=np.ones(3, np.float32))
    return lake


def unit(vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
