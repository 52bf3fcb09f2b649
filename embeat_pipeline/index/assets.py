"""Assets of the index stage: the release, its blocking check, and its publication."""

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version
from embeat_pipeline.index.config import MODELS, TABLES
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource


@dg.asset(
    deps=[*TABLES, *MODELS],
    group_name="index",
    code_version=code_version("embeat_pipeline.index.build"),
    kinds={"qdrant"},
    description="Everything that serving needs, in one immutable folder named after its inputs.",
)
def release(lake: LakeResource) -> dg.MaterializeResult:
    """Build the release of the lake's tables and models."""
    from embeat_pipeline.index.build import build_release
    from embeat_pipeline.index.config import BuildOptions

    metadata, seconds = timed(build_release, lake.paths, BuildOptions.from_environment())
    row_count = {"dagster/row_count": metadata["tracks_points"]}
    shown = {**metadata, **row_count}
    return asset_result(shown, data_version=metadata["release"], seconds=seconds)


@dg.asset_check(
    asset=release,
    blocking=True,
    description="Counts, payloads, files and recall; nothing unfit is published.",
)
def release_is_fit(lake: LakeResource) -> dg.AssetCheckResult:
    """Check the release last built."""
    from embeat_pipeline.index.build import built_release
    from embeat_pipeline.index.verification import verified_checks

    checks = verified_checks(lake.paths, built_release(lake.paths))
    failed = "; ".join(str(check) for check in checks if not check.passed)
    return dg.AssetCheckResult(
        passed=not failed,
        description=failed or f"{len(checks)} checks passed",
        metadata={check.name: str(check) for check in checks},
    )


@dg.asset(
    deps=[release],
    group_name="index",
    code_version=code_version("embeat_pipeline.index.publish"),
    kinds={"qdrant"},
    description="The served release: CURRENT in the lake and, where a URL is set, a server.",
)
def published_release(lake: LakeResource) -> dg.MaterializeResult:
    """Serve the release last built, and remove releases older than the previous one."""
    from embeat_pipeline.index.build import built_release
    from embeat_pipeline.index.gate_verdict import require_verdict
    from embeat_pipeline.index.publish import collect_garbage, publish_release
    from embeat_pipeline.settings import PipelineSettings
    from embeat_serve.settings import Settings

    name = built_release(lake.paths)
    require_verdict(lake.paths, name)
    metadata = publish_release(lake.paths, name)
    metadata["removed"] = collect_garbage(lake.paths)
    settings = Settings.from_environment()
    if settings.qdrant_url:
        from embeat_pipeline.index.qdrant_upload import UploadOptions, upload_to_server

        options = UploadOptions.of(PipelineSettings.from_environment())
        metadata["uploaded"] = upload_to_server(lake.paths, name, settings, options=options)
    return asset_result(metadata, data_version=name)


ASSETS = [release, published_release]
CHECKS = [release_is_fit]
