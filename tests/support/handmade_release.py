"""A small release, made by hand: 30 artists in three genres, and the songs that go wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import qdrant_edge as edge

import embeat_serve
from embeat_pipeline.index.neighbour_payload import pack
from embeat_pipeline.index.term_dictionary import write_term_dictionary
from embeat_serve.contract.audio_features import CARDINALITY, CONTINUOUS, model_inputs
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest, ReleaseFile
from embeat_serve.contract.schema import (
    GENRE_VECTOR_SIZE,
    PAYLOAD_INDEXES,
    Collection,
    VectorName,
)
from embeat_serve.contract.text_keys import name_key, search_text, title_key
from embeat_serve.contract.title_terms import title_terms
from embeat_serve.encoder import Encoder
from embeat_serve.ranking.tree_ranker import TreeRanker
from embeat_serve.recommender import Recommender
from embeat_serve.titles.phrase_tracks import PhraseTracks, phrase_key
from embeat_serve.titles.title_model import TitleModel

GENRES = ("mandopop", "soul", "techno")
TITLES = ("rainy evening", "sunday kitchen", "warehouse at night")
"""Title of playlists of each genre."""
ARTISTS_PER_GENRE = 10
SONGS_PER_ARTIST = 14
RELEASE = "0123456789ab"

# Artist 0 is Jay Chou, 10 Adele, 20 Kraftwerk; 30 and up have the songs made for one test each.
NAMES = {0: "Jay Chou", 1: "Mayday", 10: "Adele", 20: "Kraftwerk"}
SPECIAL_ARTISTS = {
    30: ("Lionel Richie", 60),
    31: ("Nova", 40),
    32: ("Nova", 70),
    33: ("Echo Park", 55),
    34: ("The Midnight Sons", 65),
    35: ("Hermit", 5),
    36: ("Salt & Sand", 58),
}

SPECIAL_SONGS: list[dict[str, Any]] = [
    {
        "id": "0F02KChKwbcQ3tk4q1YxLH",
        "name": "晴天",
        "artist": 0,
        "isrc": "TWK970300503",
        "pop": 80,
    },
    {"name": "晴天 (Live)", "artist": 0, "isrc": "TWK970300504", "pop": 60},
    {"name": "晴天", "artist": 0, "isrc": "TWK970300503", "pop": 20},
    {"name": "葉惠美", "artist": 0, "pop": 50},
    {"name": "Hello", "artist": 10, "pop": 78},
    {"name": "Hello - Remix", "artist": 10, "pop": 70},
    {"name": "Hello", "artist": 30, "pop": 66},
    {"name": "Us", "artist": 11, "pop": 62},
    {"name": "Trust", "artist": 12, "pop": 62},
    {"name": "Yesterday", "artist": 13, "pop": 30},
    {"name": "Yesterday - Remastered 2009", "artist": 14, "pop": 76},
    {"name": "Nova", "artist": 12, "pop": 41},
    {"name": "Star One", "artist": 31, "pop": 12},
    {"name": "Star Two", "artist": 32, "pop": 33},
    {"name": "Uptown (feat. Mayday)", "artist": 15, "pop": 64},
    {"name": "Nobody Knows My Sound", "artist": 33, "pop": 44, "silent": True, "unlisted": True},
    {"name": "Nobody Knows My Genre", "artist": 34, "pop": 44},
    {"name": "Alone", "artist": 35, "pop": 3, "unlisted": True},
    {"name": "Supercalifragilisticex", "artist": 16, "pop": 35},
    {"name": "???", "artist": 17, "pop": 25},
    {"name": "Two Harbours", "artist": 36, "pop": 31},
    {"name": "Techno Music", "artist": 36, "pop": 30},
    {"name": "My Kitchen", "artist": 36, "pop": 20},
    {"name": "Warehouse", "artist": 36, "pop": 19},
]


def _ids(number: int) -> list[str]:
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    rng = np.random.default_rng(3)
    return ["".join(letters[i] for i in row) for row in rng.integers(0, 62, (number, 22))]


def _random_encoder() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    shapes = {"discrete_0": (20, 64), "discrete_1": (64, 64), "acoustic_0": (7, 64)}
    shapes |= {"acoustic_1": (64, 64), "backbone_0": (128, 256), "backbone_1": (256, 256)}
    shapes |= {"backbone_2": (256, 64)}
    arrays: dict[str, np.ndarray] = {}
    for name, size in {"key": 8, "mode": 4, "time_signature": 4, "tempo": 4}.items():
        arrays[f"embedding_{name}"] = 0.3 * rng.normal(size=(CARDINALITY[name], size))
    for name, (inputs, outputs) in shapes.items():
        arrays[f"{name}_weight"] = rng.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        arrays[f"{name}_bias"] = np.zeros(outputs)
        if name != "backbone_2":
            arrays[f"{name}_slope"] = np.array(0.25)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def _songs() -> list[dict[str, Any]]:
    rng = np.random.default_rng(11)
    words = ("River", "Night", "Gold", "Paper", "Winter", "Neon", "Ocean", "Glass", "Fire", "Moon")
    songs: list[dict[str, Any]] = []
    for artist in range(len(GENRES) * ARTISTS_PER_GENRE):
        for number in range(SONGS_PER_ARTIST):
            first, second = words[(artist + number) % 10], words[number % 10]
            unknown = rng.random() < 0.2
            songs.append(
                {
                    "name": f"{first} {second} {artist}-{number}",
                    "artist": artist,
                    "album": 1_000 + artist * 10 + number // 5,
                    "pop": None if unknown else int(rng.integers(0, 90)),
                }
            )
    return songs + [dict(song) for song in SPECIAL_SONGS]


def _genre(artist: int) -> int | None:
    if artist < 30:
        return artist // ARTISTS_PER_GENRE
    return None if artist == 34 else 1


def _artist(code: int) -> tuple[str, int]:
    return SPECIAL_ARTISTS.get(code, (NAMES.get(code, f"Artist {code}"), 50 + code % 30))


def _related(artist: int) -> list[int]:
    genre = _genre(artist)
    if genre is None or artist >= 30:
        return []
    first = genre * ARTISTS_PER_GENRE
    return [code for code in range(first, first + ARTISTS_PER_GENRE) if code != artist][:5]


def _payload(code: int, song: dict[str, Any], track_id: str, recordings: dict) -> dict[str, Any]:
    artist, genre = song["artist"], _genre(song["artist"])
    name, by = song["name"], _artist(song["artist"])[0]
    recording = song.get("isrc") or (title_key(name), artist, song["pop"])
    fields = {
        "track_id": track_id,
        "track_name": name,
        "artist_names": [by],
        "artist_codes": [artist],
        "genre_codes": None if genre is None else [genre, (genre + 1) % 3],
        "genres": None if genre is None else [GENRES[genre], GENRES[(genre + 1) % 3]],
        "related_artist_codes": " ".join(map(str, _related(artist))) or None,
        "album_code": song.get("album"),
        "album_name": f"Album {song['album']}" if "album" in song else None,
        "isrc": song.get("isrc"),
        "recording_code": recordings.setdefault(recording, len(recordings)),
        "popularity": song["pop"],
        "popularity_rank": song["pop"] or 0,
        "year": 1990 + code % 30,
        "explicit": int(code % 5 == 0),
        "tempo": None if song.get("silent") else 60.0 + code % 120,
        "key": None if song.get("silent") else code % 12,
        "mode": None if song.get("silent") else code % 2,
        "energy": None if song.get("silent") else code % 11 / 10,
        "instrumental": 1 if code % 7 == 0 else None,
        "language": (None, "zh", "en", "de")[0 if genre is None else genre + 1],
        "name_key": name_key(name),
        "search_text": search_text(f"{name} {by}"),
    }
    return {field: value for field, value in fields.items() if value is not None}


def _shard(folder: Path, collection: str, points: list[edge.Point]) -> None:
    path = folder / collection
    path.mkdir()
    vectors = {
        VectorName.OF_COLLECTION[collection]: edge.EdgeVectorParams(
            size=64, distance=edge.Distance.Cosine
        )
    }
    graph = edge.HnswIndexConfig(m=16, payload_m=16, ef_construct=100, full_scan_threshold=10_000)
    config = edge.EdgeConfig(vectors=vectors, hnsw_config=graph, wal_enabled=False)
    shard = edge.EdgeShard.create(str(path), config)
    kinds: dict[str, Any] = {
        "keyword": edge.PayloadSchemaType.Keyword,
        "integer": edge.PayloadSchemaType.Integer,
        "float": edge.PayloadSchemaType.Float,
        "text": edge.TextIndexParams(tokenizer=edge.TokenizerType.Whitespace, lowercase=False),
    }
    for field, kind in PAYLOAD_INDEXES[collection].items():
        shard.update(edge.UpdateOperation.create_field_index(field, kinds[kind]))
    shard.update(edge.UpdateOperation.upsert_points(points))
    shard.flush()
    shard.close()


def _artist_points(
    songs: list[dict[str, Any]], neighbours: dict[int, dict[str, Any]]
) -> list[edge.Point]:
    points = []
    # The list of any song stands for that of its artist.
    of_artist = {songs[code]["artist"]: found["neighbours"] for code, found in neighbours.items()}
    for code in sorted({song["artist"] for song in songs}):
        name, popularity = _artist(code)
        payload = {
            "artist_id": f"artist{code:016d}",
            "artist_name": name,
            "popularity_rank": popularity,
            "num_tracks": sum(song["artist"] == code for song in songs),
            "name_key": name_key(name),
            "search_text": search_text(name),
            **({"neighbours": of_artist[code]} if code in of_artist else {}),
        }
        points.append(edge.Point(code, {}, payload))
    return points


def _neighbours(vectors: np.ndarray, listed: list[int]) -> dict[int, dict[str, Any]]:
    unit = vectors[listed] / np.linalg.norm(vectors[listed], axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    order = np.argsort(-cosines, axis=1)[:, :60]
    ranked = np.take_along_axis(cosines, order, axis=1).clip(0, None)
    above = ranked - 0.85 * ranked[:, -1:]
    levels = np.ceil(255 * above / above[:, :1].clip(1e-9)).astype(np.uint8)
    codes = pl.Series(np.array(listed, np.uint32)[order].tolist(), dtype=pl.List(pl.UInt32))
    strengths = pl.Series(levels.tolist(), dtype=pl.List(pl.UInt8))
    shared = codes.list.eval(pl.element() % 40).cast(pl.List(pl.UInt16))
    counts = codes.list.eval(pl.element() % 100).cast(pl.List(pl.UInt8))
    texts = pack(codes, shared, strengths, strengths, strengths, counts)
    return {
        code: {"neighbours": text, "neighbour_confidence": 0.5}
        for code, text in zip(listed, texts.to_list(), strict=True)
    }


def _names(root: Path, folder: Path, payloads: list[dict[str, Any]]) -> None:
    columns = ("track_name", "artist_names", "popularity")
    rows = [{name: payload.get(name) for name in columns} for payload in payloads]
    tracks = LakePaths(root).table("tracks")
    tracks.parent.mkdir(exist_ok=True)
    pl.DataFrame(rows).write_parquet(tracks)
    artists = [
        {"artist_name": name, "aliases": [], "popularity": popularity, "num_tracks": 1}
        for name, popularity in map(_artist, sorted({song["artist"] for song in _songs()}))
    ]
    schema = {"aliases": pl.List(pl.String)}
    pl.DataFrame(artists, schema_overrides=schema).write_parquet(LakePaths(root).table("artists"))
    write_term_dictionary(LakePaths(root), folder)
    places = [[genre, 0.1 + 0.4 * code, 0.2 * code] for code, genre in enumerate(GENRES)]
    (folder / ReleaseFile.GENRES).write_text(json.dumps(places))


def _phrase_tracks(of_song: np.ndarray) -> PhraseTracks:
    """Six playlists have *warehouse* in their names; five of them hold every techno song."""
    songs = np.flatnonzero(of_song == TITLES.index("warehouse at night"))
    return PhraseTracks(
        np.array([phrase_key("warehouse")], np.uint64),
        np.array([6], np.uint32),
        np.array([0, len(songs)]),
        songs.astype(np.uint32),
        np.full(len(songs), 5, np.uint16),
        np.array([100]),
    )


def _title_model(playlist: np.ndarray, acoustic: np.ndarray, phrases: PhraseTracks) -> TitleModel:
    """A model that knows the titles of ``TITLES``, one for each genre."""
    counts = [title_terms(title) for title in TITLES]
    terms = sorted({term for one in counts for term in one})
    matrix = np.array([[one.get(term, 0) for term in terms] for one in counts], float)
    matrix = np.where(matrix > 0, 1 + np.log(np.maximum(matrix, 1)), 0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    points = np.hstack([playlist, acoustic, np.zeros((len(TITLES), GENRE_VECTOR_SIZE))])
    mean = points.mean(axis=0)
    weights = np.linalg.pinv(matrix) @ (points - mean)
    return TitleModel(
        np.array(terms, "U6"),
        np.ones(len(terms), np.float32),
        np.ones(1, np.float32),
        weights.astype(np.float16),
        mean.astype(np.float32),
        phrases,
    )


def build_release(root: Path, release: str = RELEASE, only: int | None = None) -> LakePaths:
    """Write and publish a release under ``root``; ``only`` keeps so many of its songs."""
    lake = LakePaths(root)
    folder = lake.release(release)
    folder.mkdir(parents=True)
    songs = _songs()[-only:] if only else _songs()
    ids = [song.get("id", made) for song, made in zip(songs, _ids(len(songs)), strict=True)]
    recordings: dict = {}
    payloads = [_payload(i, song, ids[i], recordings) for i, song in enumerate(songs)]

    rng = np.random.default_rng(7)
    names = [[name, None, None] for name in GENRES]
    (folder / ReleaseFile.GENRES).write_text(json.dumps(names))
    centres = rng.uniform(0.2, 0.8, (4, len(CONTINUOUS)))
    of_song = np.array([3 if _genre(s["artist"]) is None else _genre(s["artist"]) for s in songs])
    features = np.clip(centres[of_song] + 0.1 * rng.normal(size=(len(songs), 7)), 0, 1)
    columns: dict[str, Any] = {name: features[:, i] for i, name in enumerate(CONTINUOUS)}
    columns["tempo"] = [60.0 + code % 120 for code in range(len(songs))]
    arrays = _random_encoder()
    np.savez(folder / ReleaseFile.ENCODER, config=np.array("{}"), **arrays)  # type: ignore[arg-type]
    (folder / ReleaseFile.RANKING_MODEL).write_bytes(TreeRanker.empty().to_bytes())
    acoustic = Encoder(arrays, {}).encode(model_inputs(columns))

    middles = rng.normal(size=(4, 64))
    sounds = np.stack([acoustic[of_song == genre].sum(axis=0) for genre in range(len(GENRES))])
    titles = _title_model(middles[: len(GENRES)], sounds, _phrase_tracks(of_song))
    (folder / ReleaseFile.TITLE_MODEL).write_bytes(titles.to_bytes())
    playlist = middles[of_song] + 0.6 * rng.normal(size=(len(songs), 64))
    listed = [i for i, song in enumerate(songs) if i % 3 != 1 and not song.get("unlisted")]
    points = [
        edge.Point(i, {} if song.get("silent") else {"acoustic": acoustic[i].tolist()}, payloads[i])
        for i, song in enumerate(songs)
    ]
    _shard(folder, Collection.TRACKS, points)
    neighbours = _neighbours(playlist, listed)
    with_playlist = [
        edge.Point(i, {"playlist": playlist[i].tolist()}, {**payloads[i], **neighbours[i]})
        for i in listed
    ]
    _shard(folder, Collection.TRACKS_PLAYLIST, with_playlist)
    artists = _artist_points(songs, neighbours)
    _shard(folder, Collection.ARTISTS, artists)
    _names(root, folder, payloads)
    counts = {
        Collection.TRACKS: len(songs),
        Collection.TRACKS_PLAYLIST: len(listed),
        Collection.ARTISTS: len(artists),
    }
    Manifest(release, FORMAT_VERSION, "0", "2026-01-01T00:00:00Z", {}, counts).write(folder)
    lake.current.write_text(f"{release}\n")
    return lake


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """The hand-made release, published. Read only."""
    return build_release(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture(scope="session")
def recommender(catalogue: LakePaths) -> Iterator[Recommender]:
    """The hand-made release, open."""
    with embeat_serve.open(lake=catalogue.root) as opened:
        yield opened


@pytest.fixture
def make_release() -> Any:
    """``build_release``, for tests that publish their own."""
    return build_release
