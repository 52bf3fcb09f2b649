"""Check that a release holds what its tables say, and that its search finds the nearest."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

from embeat_pipeline.index.ann_recall import measure_recalls
from embeat_pipeline.index.config import (
    MIN_MEAN_RECALL,
    MIN_WORST_RECALL,
    VERIFY_QUERIES,
    VERIFY_SEED,
)
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.text_index.term_dictionary import TermDictionary


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


def verify_folder(lake: LakePaths, folder: Path, manifest: Manifest) -> list[Check]:
    """Check counts, payloads, files and recall of a release, wherever its folder is.

    Every sample is drawn from a fixed seed. A release that cannot be read at all is one failed
    check, not an exception.
    """
    try:
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


def limits() -> dict[str, float]:
    """Return the limits and sample sizes that decide whether a release passes."""
    return {
        "mean_recall": MIN_MEAN_RECALL,
        "worst_recall": MIN_WORST_RECALL,
        "queries": VERIFY_QUERIES,
        "seed": VERIFY_SEED,
    }


def _counts(lake: LakePaths, manifest: Manifest, store: VectorStore) -> Iterator[Check]:
    expected = {
        Collection.TRACKS: pq.read_metadata(lake.table("tracks")).num_rows,
        Collection.TRACKS_PLAYLIST: pq.read_metadata(lake.table("playlist_vectors")).num_rows,
        Collection.ARTISTS: _artists_with_vectors(lake),
    }
    for collection, rows in expected.items():
        count = store.count(collection)
        agrees = count == rows == manifest.counts.get(collection)
        yield Check(f"{collection}_count", agrees, count, f"{rows} as in the tables and manifest")


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
    # Imported here: they bring parts of serving with them, which no build needs.
    from embeat_serve.ranking.tree_ranker import TreeRanker
    from embeat_serve.titles.title_model import TitleModel

    try:
        with np.load(
            io.BytesIO(store.read_file(ReleaseFile.ENCODER)), allow_pickle=False
        ) as arrays:
            json.loads(str(arrays["config"]))
            yield Check("encoder", True, len(arrays.files), "arrays and a config")
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        yield Check("encoder", False, f"{type(error).__name__}: {error}", "arrays and a config")
    try:
        ranker = TreeRanker.from_bytes(store.read_file(ReleaseFile.RANKING_MODEL))
        yield Check("ranking_model", True, len(ranker.trees.ensemble), "trees, or none")
    except (ValueError, BrokenRelease) as error:
        yield Check("ranking_model", False, str(error), "trees, or none")
    try:
        titles = TitleModel.from_bytes(store.read_file(ReleaseFile.TITLE_MODEL))
        yield Check("title_model", True, len(titles.terms), "terms, or none")
    except (ValueError, BrokenRelease) as error:
        yield Check("title_model", False, str(error), "terms, or none")
    try:
        terms = TermDictionary.of(store)
        fewest = min(len(terms), len(terms.correctable))
        yield Check("words", fewest > 0, len(terms), "at least 1, and 1 to correct others with")
    except BrokenRelease as error:
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
    rows_compared = np.sort(random.permutation(sample)[:VERIFY_QUERIES])
    expected = table.take(rows_compared).to_pylist() if table else []
    fields = columns[1:]
    hits = store.retrieve(Collection.TRACKS, [row["track_code"] for row in expected], fields)
    payloads = {hit.id: hit.payload for hit in hits}
    wrong = sum(
        payloads.get(row.pop("track_code"))
        != {name: value for name, value in row.items() if value is not None}
        for row in expected
    )
    return Check("payload", wrong == 0, wrong, f"0 of {len(expected)} differ from the table")


def _recalls(lake: LakePaths, store: VectorStore) -> Iterator[Check]:
    for collection in Collection.ALL:
        table, column = {
            Collection.TRACKS: ("track_vectors", "track_code"),
            Collection.TRACKS_PLAYLIST: ("playlist_vectors", "track_code"),
            Collection.ARTISTS: ("artists", "artist_code"),
        }[collection]
        codes = pq.read_table(lake.table(table), columns=[column]).column(0).to_numpy()
        recalls = measure_recalls(store, collection, codes)
        for kind, recall in recalls.items():
            name, least = f"{collection}_recall_{kind}", MIN_MEAN_RECALL
            yield Check(name, recall.mean >= least, round(recall.mean, 4), f"at least {least}")
        if recalls:
            kind = min(recalls, key=lambda kind: recalls[kind].worst)
            worst, least = recalls[kind].worst, MIN_WORST_RECALL
            name = f"{collection}_recall_worst"
            expected = f"at least {least} for every query (lowest: {kind})"
            yield Check(name, worst >= least, round(worst, 4), expected)
