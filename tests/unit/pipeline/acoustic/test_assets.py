"""The stage's assets, materialized by Dagster."""

import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.acoustic import assets, train
from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow


def test_materialize_the_stage(lake_copy: LakePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    small = TrainingConfig(batch_size=128, max_steps=2)
    monkeypatch.setattr(train, "TrainingConfig", lambda: small)
    lake = LakeResource(lake_root=str(lake_copy.root), device="cpu")
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [*assets.ASSETS, *assets.CHECKS], instance=instance, resources={"lake": lake}
        )
    assert result.success
    encoder = result.asset_materializations_for_node("encoder")[0].metadata
    assert encoder["steps"].value == 2
    assert isinstance(encoder["curves"], dg.MarkdownMetadataValue)
    vectors = result.asset_materializations_for_node("track_vectors")[0].metadata
    assert vectors["dagster/row_count"].value == 1440
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert check.blocking


def test_bad_vectors_fail_the_check(lake_copy: LakePaths) -> None:
    from embeat_pipeline.common.schemas import TRACK_VECTORS

    values = [np.full(64, 0.5, np.float32).tolist(), None]
    rows = {"track_code": [0, 1], "acoustic": values}
    pq.write_table(
        pq.read_table(lake_copy.table("tracks")).from_pydict(rows, schema=TRACK_VECTORS),
        lake_copy.table("track_vectors"),
    )
    check = assets.vectors_are_unit_length(LakeResource(lake_root=str(lake_copy.root)))
    assert isinstance(check, dg.AssetCheckResult)
    assert not check.passed
