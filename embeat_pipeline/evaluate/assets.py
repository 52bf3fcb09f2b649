"""Assets of the evaluation: the report, and the check that keeps a worse release from serving.

How lists are scored is in ``metrics``, what is asked in ``evaluation``, the gate in ``gate``.
"""

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.index.assets import published_release, release
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource


@dg.asset(
    group_name="evaluate",
    code_version=code_version("embeat_pipeline.evaluate.report.store"),
    deps=[published_release],
    pool="gpu",
    kinds={"html"},
    description="How good the lists are: every channel, the product's list and baselines on "
    "held-out playlists, asked of a twin release that was not trained on them.",
)
def evaluation(lake: LakeResource) -> dg.MaterializeResult:
    """Measure, and write ``reports/evaluation.html`` and ``.json``."""
    from embeat_pipeline.evaluate.report.console import headline
    from embeat_pipeline.evaluate.report.html import drawings
    from embeat_pipeline.evaluate.report.store import (
        evaluation_json,
        evaluation_page,
        run_evaluation,
    )

    result, seconds = timed(run_evaluation, lake.paths, device=lake.device)
    charts = {
        f"chart_{name}": dg.MetadataValue.md(drawing.markdown())
        for name, drawing in drawings(result).items()
    }
    shown = {
        **headline(result),
        **charts,
        "report": dg.MetadataValue.path(str(evaluation_page(lake.paths))),
        "unchanged": bool(result.get("unchanged")),
    }
    version = file_digest(evaluation_json(lake.paths))
    return asset_result(shown, data_version=version, seconds=seconds)


@dg.asset_check(
    asset=release,
    blocking=True,
    pool="gpu",
    description="Not significantly worse than what is served, on playlists neither has seen; "
    "EMBEAT_PUBLISH_WORSE=1 publishes all the same.",
)
def release_is_no_worse(lake: LakeResource) -> dg.AssetCheckResult:
    """Compare the release last built with the published one."""
    from embeat_pipeline.evaluate.publish_gate import judge_release
    from embeat_pipeline.index.build import built_release

    verdict = judge_release(lake.paths, built_release(lake.paths), device=lake.device)
    gain = verdict.difference
    measured = {"ndcg@20": gain.mean, "low": gain.low, "high": gain.high} if gain else {}
    return dg.AssetCheckResult(passed=verdict.passed, description=verdict.reason, metadata=measured)


ASSETS = [evaluation]
CHECKS = [release_is_no_worse]
