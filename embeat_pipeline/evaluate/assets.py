"""Assets of the evaluation: holdout release, report, and the publishing check.

They are materialized on demand, by the job ``evaluate`` or by the command ``evaluate``. Nothing
that is built reads them.
"""

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.index.assets import published_release, release
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource

TRAINED_FROM = (
    "tracks",
    "artists",
    "genre_map",
    "related_artists",
    "playlists",
    "artist_genres",
    "encoder",
    "track_vectors",
)


@dg.asset(
    deps=TRAINED_FROM,
    group_name="evaluate",
    code_version=code_version("embeat_pipeline.evaluate.holdout.release"),
    pool="gpu",
    kinds={"qdrant"},
    description="A release made by the same stages from the training playlists alone, in "
    "evaluation/: it can be evaluated on the playlists it has not seen.",
)
def holdout_release(lake: LakeResource) -> dg.MaterializeResult:
    """Build the holdout release of the lake as it is."""
    from embeat_pipeline.evaluate.evaluation import DEFAULT_OPTIONS
    from embeat_pipeline.evaluate.holdout.release import build_holdout_release

    split = DEFAULT_OPTIONS.split
    holdout, seconds = timed(build_holdout_release, lake.paths, split, lake.device)
    metadata = {"release": holdout.release, "trained": ", ".join(holdout.trained)}
    return asset_result(metadata, data_version=holdout.release, seconds=seconds)


@dg.asset(
    deps=[published_release, holdout_release],
    group_name="evaluate",
    code_version=code_version("embeat_pipeline.evaluate.report.store"),
    pool="gpu",
    kinds={"html"},
    description="How good the lists are: the release, each channel alone and baselines, on "
    "playlists that the holdout release has not seen.",
)
def evaluation(lake: LakeResource) -> dg.MaterializeResult:
    """Measure, and write ``reports/evaluation.html`` and ``.json``."""
    from embeat_pipeline.evaluate.report import store
    from embeat_pipeline.evaluate.report.console import headline
    from embeat_pipeline.evaluate.report.html import report_charts

    result, seconds = timed(store.run_evaluation, lake.paths, device=lake.device)
    charts = {
        f"chart_{name}": dg.MetadataValue.md(chart.markdown())
        for name, chart in report_charts(result).items()
    }
    shown = {
        **headline(result),
        **charts,
        "report": dg.MetadataValue.path(str(store.evaluation_page(lake.paths))),
        "unchanged": bool(result.get("unchanged")),
    }
    version = file_digest(store.evaluation_json(lake.paths))
    return asset_result(shown, data_version=version, seconds=seconds)


@dg.asset_check(
    asset=release,
    blocking=True,
    pool="gpu",
    description="Not significantly worse than what is served, nor than one of its own channels. "
    "Without a holdout release of the candidate nothing is compared, and it passes; where only "
    "the published release has none, both are queried themselves. "
    "EMBEAT_PUBLISH_WORSE=1 publishes all the same.",
)
def release_is_no_worse(lake: LakeResource) -> dg.AssetCheckResult:
    """Compare the release last built with the published one; trains and builds nothing."""
    from embeat_pipeline.evaluate.publish_gate import judge_release
    from embeat_pipeline.index.build import built_release
    from embeat_pipeline.index.gate_verdict import record_verdict

    name = built_release(lake.paths)
    verdict = judge_release(lake.paths, name)
    record_verdict(lake.paths, name, passed=verdict.passed, reason=verdict.reason)
    gain = verdict.difference
    measured = {"ndcg@20": gain.mean, "low": gain.low, "high": gain.high} if gain else {}
    return dg.AssetCheckResult(passed=verdict.passed, description=verdict.reason, metadata=measured)


ASSETS = [holdout_release, evaluation]
CHECKS = [release_is_no_worse]
