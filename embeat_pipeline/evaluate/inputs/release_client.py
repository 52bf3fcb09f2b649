"""Asking a release what a user would: through the public ``Recommender``, on every core.

Worker processes import this module, so nothing heavy belongs here.
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
"""Questions a worker is given at a time."""


class Ask(Protocol):
    """Asks a release for one list per query."""

    def __call__(
        self, seeds: Sequence[Sequence[str]], options: RecallOptions | None, k: int, label: str
    ) -> list[list[str]]:
        """Track ids recommended for each query's seeds, best first.

        Args:
            seeds: track ids of each query.
            options: None asks as users do who set nothing.
            k: length of the lists.
            label: what progress is shown as.
        """
        ...


@contextmanager
def asking(lake: LakePaths, release: str | None = None, workers: int = 0) -> Iterator[Ask]:
    """Open a release for many questions.

    Args:
        lake: data lake.
        release: which; the published one where None.
        workers: processes that ask; 0 is one per core. The engine holds the GIL, so threads
            would add nothing.

    Raises:
        Unavailable: the release cannot be asked.
    """
    number = workers or os.cpu_count() or 1
    with published(lake, release) as root:
        # Also where workers do the asking: what is wrong with a release is reported from here.
        with embeat_serve.open(lake=root) as recommender:
            if number == 1:
                yield lambda seeds, options, k, label: _ask_here(
                    recommender, seeds, options, k, label
                )
                return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(number, context, _open, (root,)) as pool:
            yield lambda seeds, options, k, label: _ask_pool(pool, seeds, options, k, label)


@contextmanager
def published(lake: LakePaths, release: str | None) -> Iterator[Path]:
    """Root of a lake whose published release is ``release``; this lake's own where None."""
    if release is None:
        yield lake.root
        return
    with tempfile.TemporaryDirectory(prefix="embeat-") as folder:
        view = LakePaths(Path(folder))
        view.index.mkdir()
        view.release(release).symlink_to(lake.release(release).absolute())
        view.current.write_text(f"{release}\n", encoding="utf-8")
        yield view.root


def _ask_here(
    recommender: Recommender,
    seeds: Sequence[Sequence[str]],
    options: RecallOptions | None,
    k: int,
    label: str,
) -> list[list[str]]:
    lists = []
    with progress(label, len(seeds), "queries") as advance:
        for chunk in _chunks(seeds):
            lists += _answers(recommender, chunk, options, k)
            advance(len(chunk))
    return lists


def _ask_pool(
    pool: ProcessPoolExecutor,
    seeds: Sequence[Sequence[str]],
    options: RecallOptions | None,
    k: int,
    label: str,
) -> list[list[str]]:
    futures = [pool.submit(_ask_worker, chunk, options, k) for chunk in _chunks(seeds)]
    lists: list[list[str]] = []
    with progress(label, len(seeds), "queries") as advance:
        for future in futures:
            answered = future.result()
            lists += answered
            advance(len(answered))
    return lists


def _chunks(seeds: Sequence[Sequence[str]]) -> list[Sequence[Sequence[str]]]:
    return [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]


def _answers(
    recommender: Recommender,
    seeds: Sequence[Sequence[str]],
    options: RecallOptions | None,
    k: int,
) -> list[list[str]]:
    return [_answer(recommender, ids, options, k) for ids in seeds]


def _answer(
    recommender: Recommender, ids: Sequence[str], options: RecallOptions | None, k: int
) -> list[str]:
    try:
        found = recommender.recommend(track_ids=ids, k=k, options=options)
    except SeedNotFound:
        return []
    return [song.track_id for song in found.results]


_worker: Recommender


def _open(root: Path) -> None:
    global _worker
    _worker = embeat_serve.open(lake=root)


def _ask_worker(
    seeds: Sequence[Sequence[str]], options: RecallOptions | None, k: int
) -> list[list[str]]:
    return _answers(_worker, seeds, options, k)
