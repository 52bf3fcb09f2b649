"""A lake that was evaluated."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from embeat_pipeline.acoustic.config import UPSTREAM
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.evaluate.systems.upstream import UpstreamOptions
from embeat_serve.contract.lake import LakePaths


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
    from embeat_pipeline.evaluate.report.store import evaluate_lake

    lake = LakePaths(tmp_path_factory.mktemp("evaluated") / "lake")
    shutil.copytree(published_lake.root, lake.root)
    evaluate_lake(lake, evaluation_options, device="cpu")
    return lake


@pytest.fixture
def evaluated_copy(evaluated_lake: LakePaths, tmp_path: Path) -> LakePaths:
    """A copy of ``evaluated_lake`` to change."""
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(evaluated_lake.root, lake.root)
    return lake
