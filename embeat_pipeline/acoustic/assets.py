"""Assets of the acoustic stage: the trained encoder and the vectors of the catalogue.

The loop, the sampler and the loss are in ``train``, ``sampler`` and ``loss``.
"""

import time

import dagster as dg

from embeat_pipeline.orchestration.materialization import asset_result
from embeat_pipeline.orchestration.resources import LakeResource

GROUP = "acoustic"


@dg.asset(
    group_name=GROUP,
    deps=["tracks", "playlists"],
    kinds={"pytorch"},
    pool="gpu",
    description="EmbeatMLP: audio features -> 64 dimensions in which like songs are near.",
)
def encoder(lake: LakeResource) -> dg.MaterializeResult:
    """Train EmbeatMLP."""
    from embeat_pipeline.acoustic.curve import training_curves
    from embeat_pipeline.acoustic.train import train_encoder

    started = time.monotonic()
    metadata = train_encoder(lake.paths, device=lake.device)
    shown = {name: value for name, value in metadata.items() if name not in ("loss", "history")}
    return asset_result(
        shown
        | {
            "curves": dg.MetadataValue.md(
                training_curves(metadata["loss"], metadata["history"]).markdown()
            ),
            "history": dg.MetadataValue.json(metadata["history"]),
        },
        seconds=time.monotonic() - started,
    )


@dg.asset(
    group_name=GROUP,
    deps=["tracks", encoder],
    kinds={"numpy", "parquet"},
    pool="gpu",
    description="The acoustic vector of every track that has audio features.",
)
def track_vectors(lake: LakeResource) -> dg.MaterializeResult:
    """Encode the catalogue."""
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue

    started = time.monotonic()
    metadata = encode_catalogue(lake.paths, device=lake.device)
    return asset_result(
        metadata, lake.paths.table("track_vectors"), seconds=time.monotonic() - started
    )


@dg.asset_check(asset=track_vectors, blocking=True)
def vectors_are_unit_length(lake: LakeResource) -> dg.AssetCheckResult:
    """Every vector is finite and of length 1; the index would accept anything."""
    from embeat_pipeline.acoustic.encode_catalogue import count_bad_vectors

    bad = count_bad_vectors(lake.paths.table("track_vectors"))
    return dg.AssetCheckResult(passed=bad == 0, metadata={"bad_vectors": bad})


ASSETS = [encoder, track_vectors]
CHECKS = [vectors_are_unit_length]
