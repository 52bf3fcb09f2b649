"""Assets of the ranking stage: the trees that order the candidates of a list."""

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.ranking.config import TABLES


@dg.asset(
    deps=TABLES,
    group_name="ranking",
    code_version=code_version("embeat_pipeline.ranking.ranking_model"),
    pool="gpu",
    kinds={"lightgbm"},
    description="LambdaMART: trees that put first what belongs into a playlist with the seeds, "
    "learned from playlists that the evidence does not know.",
)
def ranking_model(lake: LakeResource) -> dg.MaterializeResult:
    """Train the ranking model."""
    from embeat_pipeline.common.plots import to_markdown_image
    from embeat_pipeline.ranking.plots import plot_ranking_model
    from embeat_pipeline.ranking.ranking_model import model_path, write_ranking_model

    metadata, seconds = timed(write_ranking_model, lake.paths, device=lake.device)
    shown = dict(metadata)
    if metadata.get("curve"):
        figure = plot_ranking_model(metadata["curve"], metadata["importances"])
        shown["curves"] = dg.MetadataValue.md(to_markdown_image(figure, "curve and importances"))
    version = file_digest(model_path(lake.paths))
    return asset_result(shown, data_version=version, seconds=seconds)


ASSETS = [ranking_model]
CHECKS: list[dg.AssetChecksDefinition] = []
