"""Made-up points of a release, to be searched without an engine, and questions about them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest, ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE, Collection, TrackField, VectorName
from embeat_serve.stores.query import Between, Condition, Filter, Ids, Match, Query, Words
from embeat_serve.text_index import term_dictionary as word_list

RELEASE = "0123456789ab"
POINTS = 400
HALF_PRECISION = 2e-3
WORDS = ("love", "sun", "晴", "天", "blue")


@dataclass
class Truth:
    """The points of a collection, to be searched without an engine."""

    ids: list[int]
    vectors: np.ndarray[Any, Any]
    payloads: list[dict[str, Any]]
    voiceless: set[int]
    """Ids of points without a vector."""


def make_truth(seed: int, ids: list[int]) -> Truth:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((len(ids), VECTOR_SIZE)).astype(np.float32)
    payloads = []
    for id in ids:
        words = [WORDS[int(word)] for word in random.integers(0, len(WORDS), 2)]
        payload = {
            TrackField.TRACK_ID: f"t{id}",
            TrackField.NAME_KEY: " ".join(words),
            TrackField.SEARCH_TEXT: " ".join([*words, f"artist{id % 7}"]),
            TrackField.ARTIST_CODES: [id % 40, 40 + id % 3],
            TrackField.POPULARITY_RANK: int(random.integers(0, 12)),
            TrackField.YEAR: 1950 + id % 60,
        }
        if id % 5:
            payload[TrackField.GENRE_CODES] = [id % 4, 4 + id % 3]
        payloads.append(payload)
    lengths = np.linalg.norm(vectors, axis=1)
    vectors *= (random.uniform(0.2, 1, len(ids)) / lengths)[:, None].astype(np.float32)
    return Truth(ids, vectors, payloads, {id for id in ids if id % 19 == 18})


TRUTHS = {
    Collection.TRACKS: make_truth(1, list(range(POINTS))),
    Collection.TRACKS_PLAYLIST: make_truth(2, list(range(0, POINTS, 3))),
    Collection.ARTISTS: make_truth(3, list(range(1, 60, 2))),
}


def write_release(lake: LakePaths) -> LakePaths:
    """Write a release made of the points of ``TRUTHS``."""
    import qdrant_edge as edge

    from embeat_pipeline.index.config import BuildOptions
    from embeat_pipeline.index.shards import create_shard

    folder = lake.release(RELEASE)
    for collection, truth in TRUTHS.items():
        path = folder / collection
        path.mkdir(parents=True)
        shard = create_shard(path, collection, BuildOptions())
        name = VectorName.OF_COLLECTION[collection]
        points = [
            edge.Point(id, {} if id in truth.voiceless else {name: vector.tolist()}, payload)
            for id, vector, payload in zip(truth.ids, truth.vectors, truth.payloads, strict=True)
        ]
        shard.update(edge.UpdateOperation.upsert_points(points))
        shard.optimize()
        shard.flush()
        shard.close()
    (folder / ReleaseFile.ENCODER).write_bytes(b"weights")
    (folder / ReleaseFile.RANKING_MODEL).write_bytes(b"trees")
    (folder / ReleaseFile.TITLE_MODEL).write_bytes(b"titles")
    (folder / ReleaseFile.GENRES).write_text("[]")
    (folder / ReleaseFile.WORDS).mkdir()
    for file in word_list.FILES:
        np.save(folder / file, np.zeros(1))
    counts = {collection: len(truth.ids) for collection, truth in TRUTHS.items()}
    Manifest(RELEASE, FORMAT_VERSION, "0", "2024-01-01T00:00:00+00:00", {}, counts).write(folder)
    return lake


def random_queries(number: int) -> list[Query]:
    """Queries of every kind, with every kind of condition; the same ones every time."""
    random = np.random.default_rng(number)

    def condition(kind: int) -> Condition:
        codes = tuple(random.integers(0, 9, 1 + kind % 3).tolist())
        low, width = random.integers(0, 8, 2).tolist()
        return (
            Match(TrackField.GENRE_CODES, codes),
            Match(TrackField.ARTIST_CODES, (*codes, 41)),
            Match(TrackField.NAME_KEY, ("love sun", "sun 晴")),
            Between(TrackField.POPULARITY_RANK, low, low + width),
            Between(TrackField.YEAR, 1950 + 5 * low, None),
            Words(TrackField.SEARCH_TEXT, (WORDS[low % len(WORDS)],)),
            Words(TrackField.SEARCH_TEXT, WORDS[: 1 + width], any=True),
            Ids(tuple(random.integers(0, POINTS + 5, 200).tolist())),
        )[kind]

    def one(kind: int) -> Query:
        vector = random.standard_normal(VECTOR_SIZE).astype(np.float32)
        conditions = [condition(int(of)) for of in random.integers(0, 8, 3)]
        return Query(
            Collection.ALL[kind % 3] if kind % 4 < 2 else Collection.ALL[kind % 2],
            int(random.integers(1, 40)),
            vector=vector if kind % 4 == 0 else None,
            like=int(random.integers(0, POINTS)) if kind % 4 == 1 else None,
            order_by=TrackField.POPULARITY_RANK if kind % 4 == 2 else None,
            filter=Filter(tuple(conditions[: kind % 3]), tuple(conditions[2 : 2 + kind // 3 % 2])),
            payload=kind % 5 == 0,
        )

    return [one(kind) for kind in range(number)]
