"""Made-up playlists, and a lake that was evaluated."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from embeat_pipeline.acoustic.config import UPSTREAM
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.evaluate.systems.upstream import UpstreamOptions
from embeat_pipeline.interactions.playlists import Playlists, membership
from embeat_serve.contract.lake import LakePaths


@pytest.fixture(scope="session")
def themed_playlists() -> Playlists:
    """300 playlists of 12..59 of 1,000 tracks, in 10 themes; every sixth copies the one before."""
    random = np.random.default_rng(5)
    sizes = random.integers(12, 60, 300)
    lists = [
        random.choice(200, size, replace=False) * 5 + (number % 10) // 2
        for number, size in enumerate(sizes)
    ]
    for number in range(5, 300, 6):
        lists[number] = lists[number - 1][: max(11, len(lists[number - 1]) - 2)]
    indptr = np.concatenate([[0], np.cumsum([len(codes) for codes in lists])])
    keys = random.integers(0, 1 << 63, 300).astype(np.uint64)
    return Playlists(keys, membership(indptr, np.concatenate(lists), 1_000))


@pytest.fixture(scope="session")
def evaluation_options() -> EvaluationOptions:
    """All parts, in little."""
    encoder = replace(UPSTREAM, batch_size=512, max_steps=5)
    return EvaluationOptions(
        seed_counts=(1, 5), max_queries=30, upstream=UpstreamOptions(encoder, epochs=1), workers=1
    )


@pytest.fixture(scope="session")
def evaluated_lake(
    published_lake: LakePaths,
    evaluation_options: EvaluationOptions,
    tmp_path_factory: pytest.TempPathFactory,
) -> LakePaths:
    """The published sample, evaluated. Read only: copy it to change it."""
    from embeat_pipeline.evaluate.report.store import run_evaluation

    lake = LakePaths(tmp_path_factory.mktemp("evaluated") / "lake")
    shutil.copytree(published_lake.root, lake.root)
    run_evaluation(lake, evaluation_options, device="cpu")
    return lake
