"""Assets of the acoustic stage: the trained encoder and the vectors of the catalogue.

The training loop is in ``train``, the pairs it learns from in ``pairs``, the loss in ``loss``.
"""

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource

GROUP = "acoustic"


@dg.asset(
    group_name=GROUP,
    code_version=code_version("embeat_pipeline.acoustic.train"),
    deps=["tracks", "playlists"],
    kinds={"pytorch"},
    pool="gpu",
    description="EmbeatMLP: audio features to 64 dimensions in which similar songs are near.",
)
def encoder(lake: LakeResource) -> dg.MaterializeResult:
    """Train EmbeatMLP."""
    from embeat_pipeline.acoustic.train import encoder_path, train_encoder
    from embeat_pipeline.common.plots import to_markdown_image
    from embeat_pipeline.common.training_curves import plot_training

    metadata, seconds = timed(train_encoder, lake.paths, device=lake.device)
    loss, history = metadata.pop("loss"), metadata["history"]
    figure = plot_training(loss, history)
    shown = {
        **metadata,
        "history": dg.MetadataValue.json(history),
        "curves": dg.MetadataValue.md(to_markdown_image(figure, "training curves")),
    }
    return asset_result(shown, data_version=file_digest(encoder_path(lake.paths)), seconds=seconds)


@dg.asset(
    group_name=GROUP,
    code_version=code_version("embeat_pipeline.acoustic.encode_catalogue"),
    deps=["tracks", encoder],
    kinds={"numpy", "parquet"},
    pool="gpu",
    description="The acoustic vector of every track that has audio features.",
)
def track_vectors(lake: LakeResource) -> dg.MaterializeResult:
    """Encode the catalogue."""
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue

    metadata, seconds = timed(encode_catalogue, lake.paths, device=lake.device)
    return asset_result(metadata, table=lake.paths.table("track_vectors"), seconds=seconds)


@dg.asset_check(asset=track_vectors, blocking=True)
def vectors_are_unit_length(lake: LakeResource) -> dg.AssetCheckResult:
    """Check that every vector is finite and of length 1; the index would accept anything."""
    from embeat_pipeline.acoustic.encode_catalogue import count_bad_vectors

    bad = count_bad_vectors(lake.paths.table("track_vectors"))
    return dg.AssetCheckResult(passed=bad == 0, metadata={"bad_vectors": bad})


ASSETS = [encoder, track_vectors]
CHECKS = [vectors_are_unit_length]
