"""Evaluate the system this project re-implements: its models, its configuration, its merge."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from embeat_pipeline.acoustic.config import UPSTREAM, TrainingConfig
from embeat_pipeline.common.atomic import atomic_path, link
from embeat_pipeline.evaluate.holdout.release import INGEST_TABLES, HoldoutRelease
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import RecommendBatch
from embeat_pipeline.evaluate.systems.base import System, SystemGroup
from embeat_pipeline.evaluate.systems.release_presets import Preset, evaluate_presets
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.playlists.config import NeighbourConfig, Track2VecConfig
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.encoder import Encoder
from embeat_serve.options import PRESETS
from embeat_serve.ranking.tree_ranker import TreeRanker
from embeat_serve.titles.title_model import TitleModel

KEPT_RELEASES = 1


@dataclass(frozen=True)
class UpstreamOptions:
    """How far upstream's training is followed."""

    encoder: TrainingConfig = UPSTREAM
    epochs: int = 5
    """Epochs of Track2Vec. Upstream's 60 take most of an hour on a tenth of a million entries."""


def build_upstream(
    holdout: HoldoutRelease, options: UpstreamOptions, device: str = "auto"
) -> HoldoutRelease:
    """Build a release with upstream's models from the tables of the holdout release.

    Both encoders leave the same artists out of training, so that both can be evaluated on them.

    Raises:
        PipelineError: a stage failed.
    """
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
    from embeat_pipeline.acoustic.train import train_encoder
    from embeat_pipeline.index.build import build_release
    from embeat_pipeline.index.publish import collect_garbage
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours
    from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
    from embeat_pipeline.ranking.ranking_model import model_path

    lake = upstream_lake(holdout.lake)
    for name in (*INGEST_TABLES, "playlists", "artist_genres", "genre_vectors"):
        link(holdout.lake.table(name), lake.table(name))
    encoder = Encoder.load(holdout.lake.models / Path(ReleaseFile.ENCODER))
    training = encoder.config["training"]
    test_artists = {name: training[name] for name in ("seed", "validation_artists", "test_artists")}
    train_encoder(lake, replace(options.encoder, **test_artists), device)
    encode_catalogue(lake, device)
    train_track2vec(lake, Track2VecConfig.upstream(epochs=options.epochs))
    write_neighbours(lake, NeighbourConfig(neighbours=0))
    # Upstream's merge goes by rank alone.
    with atomic_path(model_path(lake)) as scratch:
        scratch.write_bytes(TreeRanker.empty().to_bytes())
    # It does not read titles.
    with atomic_path(lake.models / ReleaseFile.TITLE_MODEL) as scratch:
        scratch.write_bytes(TitleModel.empty().to_bytes())
    release = build_release(lake)["release"]
    collect_garbage(lake, keep=KEPT_RELEASES)
    return HoldoutRelease(lake, release)


def upstream_lake(evaluation_lake: LakePaths) -> LakePaths:
    """The lake in which upstream's models are trained."""
    return LakePaths(evaluation_lake.root / "upstream")


def upstream_presets() -> dict[str, Preset]:
    """What upstream's release is queried with: its whole merge, and its two models alone."""
    merge = PRESETS["upstream"]
    raw = merge.with_values({"diversify": False, "playlist_min_cosine": -1.0})
    return {
        "upstream": Preset(SystemGroup.UPSTREAM, merge),
        "upstream acoustic": Preset(SystemGroup.UPSTREAM, replace(raw, channels=("acoustic",))),
        "upstream playlist": Preset(SystemGroup.UPSTREAM, replace(raw, channels=("playlist",))),
    }


def upstream_systems(
    recommend: RecommendBatch,
    options: UpstreamOptions,
    catalogue: Catalogue,
    *,
    queries: Mapping[int, QuerySet],
    k: int,
) -> Iterator[System]:
    """Query upstream's release with each of ``upstream_presets``.

    Args:
        recommend: client of the release that ``build_upstream`` made.
        options: what it was made with, for the report.
        catalogue: of the holdout release.
        queries: number of seeds -> queries.
        k: length of the lists.
    """
    models: dict[str, Any] = {
        "encoder": asdict(options.encoder),
        "track2vec": asdict(Track2VecConfig.upstream(options.epochs)),
    }
    for system in evaluate_presets(recommend, upstream_presets(), catalogue, queries=queries, k=k):
        yield replace(system, parameters={**models, **system.parameters})
