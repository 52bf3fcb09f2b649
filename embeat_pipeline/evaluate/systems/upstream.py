"""The system re-imagined here, on the same data: its models in its configuration, its merge."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from embeat_pipeline.acoustic.config import UPSTREAM, TrainingConfig
from embeat_pipeline.common.atomic import link
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import asking
from embeat_pipeline.evaluate.ranking_model.holdout_release import INPUTS, HoldoutRelease
from embeat_pipeline.evaluate.systems.base import System, ask_settings
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.playlists.config import NeighbourConfig, Track2VecConfig
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.encoder import Encoder
from embeat_serve.options import PRESETS, RecallOptions

KEPT_RELEASES = 1


@dataclass(frozen=True)
class UpstreamOptions:
    """How far upstream's training is followed."""

    encoder: TrainingConfig = UPSTREAM
    epochs: int = 5
    """Of Track2Vec. Upstream's 60 take most of an hour on a tenth of a million entries."""


def build_upstream(
    twin: HoldoutRelease, options: UpstreamOptions, device: str = "auto"
) -> HoldoutRelease:
    """A release from the twin's tables with upstream's models, in a lake of its own.

    Both encoders leave the same artists out of training, so that both can be asked about them.

    Raises:
        PipelineError: a stage could not go on.
    """
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
    from embeat_pipeline.acoustic.train import train_encoder
    from embeat_pipeline.index.build import build_release
    from embeat_pipeline.index.publish import collect_garbage
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours
    from embeat_pipeline.playlists.track2vec.fit import train_track2vec

    lake = upstream_lake(twin.lake)
    for name in (*INPUTS, "playlists", "artist_genres"):
        link(twin.lake.table(name), lake.table(name))
    ours = Encoder.load(twin.lake.models / Path(ReleaseFile.ENCODER)).config["training"]
    held_out = {name: ours[name] for name in ("seed", "validation_artists", "test_artists")}
    train_encoder(lake, replace(options.encoder, **held_out), device)
    encode_catalogue(lake, device)
    train_track2vec(lake, Track2VecConfig.upstream(epochs=options.epochs))
    write_neighbours(lake, NeighbourConfig(neighbours=0))
    release = build_release(lake)["release"]
    collect_garbage(lake, keep=KEPT_RELEASES)
    return HoldoutRelease(lake, release)


def upstream_lake(evaluation_lake: LakePaths) -> LakePaths:
    """Where upstream's models are made."""
    return LakePaths(evaluation_lake.root / "upstream")


def upstream_settings() -> dict[str, tuple[str, RecallOptions]]:
    """What upstream's release is asked: its whole merge, and its two models alone."""
    merge = PRESETS["upstream"]
    raw = merge.with_values({"diversify": False, "playlist_min_cosine": -1.0})
    return {
        "upstream": ("upstream", merge),
        "upstream acoustic": ("upstream", replace(raw, channels=("acoustic",))),
        "upstream playlist": ("upstream", replace(raw, channels=("playlist",))),
    }


def upstream_systems(
    upstream: HoldoutRelease,
    options: UpstreamOptions,
    catalogue: Catalogue,
    queries: Mapping[int, QuerySet],
    k: int,
    workers: int,
) -> Iterator[System]:
    """Ask upstream's release every query."""
    models: dict[str, Any] = {
        "encoder": asdict(options.encoder),
        "track2vec": asdict(Track2VecConfig.upstream(options.epochs)),
    }
    with asking(upstream.lake, upstream.release, workers) as ask:
        for system in ask_settings(ask, upstream_settings(), catalogue, queries, k):
            yield replace(system, parameters={**models, **system.parameters})
