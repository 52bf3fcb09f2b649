"""Query a release as users do: through the public ``Recommender``, on every core.

Worker processes import this module, so it must not import anything heavy.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import embeat_serve
from embeat_pipeline.common.progress import progress
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import SeedNotFound
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender

CHUNK = 16
"""Queries that a worker is sent at a time."""


class RecommendBatch(Protocol):
    """Recommends a list of tracks for each of many queries."""

    def __call__(
        self, seeds: Sequence[Sequence[str]], options: RecallOptions | None, k: int, label: str
    ) -> list[list[str]]:
        """Track ids recommended for each query, best first; none where no seed is known.

        Args:
            seeds: track ids of each query.
            options: None queries as users do who set nothing.
            k: length of the lists.
            label: name shown with the progress.
        """
        ...


@contextmanager
def open_client(
    lake: LakePaths, release: str | None = None, workers: int = 0
) -> Iterator[RecommendBatch]:
    """Open a release for many queries.

    Args:
        lake: data lake.
        release: name of the release; None for the published one.
        workers: number of processes; 0 is one per core. The engine holds the GIL, so threads
            would not be faster.

    Raises:
        Unavailable: the release cannot be queried.
    """
    number = workers or os.cpu_count() or 1
    with single_release_lake(lake, release) as root:
        # With workers as well, so that a broken release raises its own error here.
        with embeat_serve.open(lake=root) as recommender:
            if number == 1:
                yield lambda seeds, options, k, label: _query_here(
                    recommender, seeds, options, k, label
                )
                return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(number, context, _open_in_worker, (root,)) as pool:
            yield lambda seeds, options, k, label: _query_pool(pool, seeds, options, k, label)


@contextmanager
def single_release_lake(lake: LakePaths, release: str | None) -> Iterator[Path]:
    """Root of a lake that publishes ``release``; the root of ``lake`` itself where that is None."""
    if release is None:
        yield lake.root
        return
    with tempfile.TemporaryDirectory(prefix="embeat-") as folder:
        view = LakePaths(Path(folder))
        view.index.mkdir()
        view.release(release).symlink_to(lake.release(release).absolute())
        view.current.write_text(f"{release}\n", encoding="utf-8")
        yield view.root


def _query_here(
    recommender: Recommender,
    seeds: Sequence[Sequence[str]],
    options: RecallOptions | None,
    k: int,
    label: str,
) -> list[list[str]]:
    lists = []
    with progress(label, len(seeds), "queries") as advance:
        for chunk in _chunks(seeds):
            lists += _recommend_chunk(recommender, chunk, options, k)
            advance(len(chunk))
    return lists


def _query_pool(
    pool: ProcessPoolExecutor,
    seeds: Sequence[Sequence[str]],
    options: RecallOptions | None,
    k: int,
    label: str,
) -> list[list[str]]:
    futures = [pool.submit(_query_in_worker, chunk, options, k) for chunk in _chunks(seeds)]
    lists: list[list[str]] = []
    with progress(label, len(seeds), "queries") as advance:
        for future in futures:
            of_chunk = future.result()
            lists += of_chunk
            advance(len(of_chunk))
    return lists


def _chunks(seeds: Sequence[Sequence[str]]) -> list[Sequence[Sequence[str]]]:
    return [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]


def _recommend_chunk(
    recommender: Recommender,
    seeds: Sequence[Sequence[str]],
    options: RecallOptions | None,
    k: int,
) -> list[list[str]]:
    return [_recommend(recommender, ids, options, k) for ids in seeds]


def _recommend(
    recommender: Recommender, ids: Sequence[str], options: RecallOptions | None, k: int
) -> list[str]:
    try:
        recommendations = recommender.recommend(track_ids=ids, k=k, options=options)
    except SeedNotFound:
        return []
    return [song.track_id for song in recommendations.results]


_worker: Recommender


def _open_in_worker(root: Path) -> None:
    global _worker
    _worker = embeat_serve.open(lake=root)


def _query_in_worker(
    seeds: Sequence[Sequence[str]], options: RecallOptions | None, k: int
) -> list[list[str]]:
    return _recommend_chunk(_worker, seeds, options, k)
