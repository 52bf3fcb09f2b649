"""Opens a release as the server would and measures whether it is what was asked for."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow.parquet as pq

from embeat_pipeline.index.config import MIN_RECALL, VERIFY_QUERIES, VERIFY_SEED
from embeat_serve.contract import Collection, LakePaths, Manifest, ReleaseFile, TrackField
from embeat_serve.errors import BrokenRelease
from embeat_serve.query import Between, Filter, Hit, Ids, Match, Query
from embeat_serve.store import EdgeStore, VectorStore
from embeat_serve.stores.opening import read_manifest
from embeat_serve.vocabulary import Vocabulary

RECALL_AT = 100
UNPOPULAR = 9
"""Known popularity up to which the filtered kinds leave tracks out, as serving does."""

ROUNDING = 1e-6
"""Scores this close are the same: which of two equal tracks is listed does not matter."""


@dataclass(frozen=True)
class Check:
    """One property of a release."""

    name: str
    passed: bool
    value: int | float | str
    expected: str

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        return f"{self.name}: {self.value}, expected {self.expected} ({verdict})"


def verify_release(lake: LakePaths, release: str) -> list[Check]:
    """Check counts, payloads, files and recall of a release of this lake.

    Every sample is drawn from a fixed seed. A release that cannot be read at all is one failed
    check, not an exception.
    """
    folder = lake.release(release)
    try:
        manifest = read_manifest(lake, release)
        with EdgeStore(folder) as store:
            return [
                Check("readable", True, "yes", "yes"),
                *_counts(lake, manifest, store),
                *_files(lake, store),
                _payloads(lake, store),
                *_recalls(lake, store),
            ]
    except BrokenRelease as error:
        return [Check("readable", False, str(error), "yes")]


def _counts(lake: LakePaths, manifest: Manifest, store: VectorStore) -> Iterator[Check]:
    expected = {
        Collection.TRACKS: pq.read_metadata(lake.table("tracks")).num_rows,
        Collection.TRACKS_PLAYLIST: pq.read_metadata(lake.table("playlist_vectors")).num_rows,
        Collection.ARTISTS: _artists_with_vectors(lake),
    }
    for collection, rows in expected.items():
        found = store.count(collection)
        same = found == rows == manifest.counts.get(collection)
        yield Check(f"{collection}_count", same, found, f"{rows} as in the tables and manifest")


def _artists_with_vectors(lake: LakePaths) -> int:
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT count(DISTINCT artist_code) FROM (SELECT unnest(artist_codes) AS artist_code "
            "FROM read_parquet($1) SEMI JOIN (SELECT track_code FROM read_parquet($2) "
            "WHERE acoustic IS NOT NULL) USING (track_code))",
            [str(lake.table("tracks")), str(lake.table("track_vectors"))],
        ).fetchone()
    return row[0] if row else 0


def _files(lake: LakePaths, store: VectorStore) -> Iterator[Check]:
    try:
        with np.load(
            io.BytesIO(store.read_file(ReleaseFile.ENCODER)), allow_pickle=False
        ) as arrays:
            json.loads(str(arrays["config"]))
            yield Check("encoder", True, len(arrays.files), "arrays and a config")
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        yield Check("encoder", False, f"{type(error).__name__}: {error}", "arrays and a config")
    try:
        words = len(Vocabulary.load(store.read_file(ReleaseFile.WORDS)))
        yield Check("words", words > 0, words, "at least 1")
    except ValueError as error:
        yield Check("words", False, str(error), "at least 1")
    rows = pq.read_metadata(lake.table("genre_map")).num_rows
    expected = f"{rows} as in the genre map"
    try:
        genres = len(json.loads(store.read_file(ReleaseFile.GENRES)))
        yield Check("genres", genres == rows, genres, expected)
    except ValueError as error:
        yield Check("genres", False, str(error), expected)


def _payloads(lake: LakePaths, store: VectorStore) -> Check:
    tracks = pq.ParquetFile(lake.table("tracks"))
    rows = tracks.metadata.num_rows
    random = np.random.default_rng(VERIFY_SEED)
    with tracks:
        group = int(random.integers(max(tracks.num_row_groups, 1)))
        columns = ["track_code", "track_id", "track_name", "artist_codes", "isrc"]
        table = tracks.read_row_group(group, columns) if rows else None
    sample = table.num_rows if table else 0
    chosen = np.sort(random.permutation(sample)[:VERIFY_QUERIES])
    expected = table.take(chosen).to_pylist() if table else []
    fields = columns[1:]
    hits = store.retrieve(Collection.TRACKS, [row["track_code"] for row in expected], fields)
    found = {hit.id: hit.payload for hit in hits}
    wrong = sum(
        found.get(row.pop("track_code"))
        != {name: value for name, value in row.items() if value is not None}
        for row in expected
    )
    return Check("payload", wrong == 0, wrong, f"0 of {len(expected)} differ from the table")


def _recalls(lake: LakePaths, store: VectorStore) -> Iterator[Check]:
    for collection, kinds in MIN_RECALL.items():
        sample = _sample(lake, store, collection)
        for kind, least in kinds.items():
            recall = mean_recall(store, list(_queries(collection, kind, sample)))
            if recall is not None:
                name = f"{collection}_recall_{kind}"
                yield Check(name, recall >= least, round(recall, 4), f"at least {least}")


def mean_recall(store: VectorStore, queries: Sequence[Query]) -> float | None:
    """Mean share of the true nearest that the store finds; None without queries.

    Whatever scores as high as the last of the true ones counts as found.
    """
    shares = []
    for query in queries:
        # One at a time: a batch of full scans would stand still for seconds.
        (found,) = store.query([query])
        (true,) = store.query([replace(query, exact=True)])
        if true:
            reached = sum(hit.score >= true[-1].score - ROUNDING for hit in found)
            shares.append(min(reached, len(true)) / len(true))
    return float(np.mean(shares)) if shares else None


def _sample(lake: LakePaths, store: VectorStore, collection: str) -> list[Hit]:
    table, column = {
        Collection.TRACKS: ("track_vectors", "track_code"),
        Collection.TRACKS_PLAYLIST: ("playlist_vectors", "track_code"),
        Collection.ARTISTS: ("artists", "artist_code"),
    }[collection]
    codes = pq.read_table(lake.table(table), columns=[column]).column(0).to_numpy()
    # More than needed, since some have no vector.
    random, wanted = np.random.default_rng(VERIFY_SEED), min(4 * VERIFY_QUERIES, len(codes))
    chosen = codes[random.choice(len(codes), wanted, replace=False)].tolist() if wanted else []
    fields = (TrackField.GENRE_CODES, TrackField.ARTIST_CODES)
    hits = store.retrieve(collection, chosen, fields, with_vector=True)
    return [hit for hit in hits if hit.vector is not None][:VERIFY_QUERIES]


def _queries(collection: str, kind: str, sample: Sequence[Hit]) -> Iterator[Query]:
    # As the recall channels ask.
    field = {"genre": TrackField.GENRE_CODES, "artist": TrackField.ARTIST_CODES}.get(kind)
    for hit in sample:
        must = must_not = ()
        if field is not None:
            codes = hit.payload.get(field, ())[:1]
            if not codes:
                continue
            must = (Match(field, tuple(codes)),)
            must_not = (Between(TrackField.POPULARITY_RANK, 1, UNPOPULAR),)
        where = Filter(must, (Ids((hit.id,)), *must_not))
        yield Query(collection, RECALL_AT, hit.vector, filter=where)
