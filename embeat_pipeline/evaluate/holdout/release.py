"""Build a release from the training playlists only, so that it can be evaluated on the others.

A release that was trained on every playlist has seen the answers. The holdout release is made in
``<lake>/evaluation`` by the same stages, from the training playlists. Every output that does not
depend on playlists is adopted from the lake as a hard link, together with its sidecar. The stages
decide which outputs those are: a stage whose key still matches does nothing, any other runs again.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import atomic_path, link, write_json
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.stage_cache import is_current, mark_current, sidecar
from embeat_pipeline.evaluate.holdout import registry
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists
from embeat_pipeline.interactions.playlist_subset import write_playlist_subset
from embeat_pipeline.interactions.split import SplitOptions, split_playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.encoder import Encoder
from embeat_serve.errors import PipelineError

INGEST_TABLES = ("tracks", "artists", "genre_map", "related_artists")
"""Tables of the ingest stage, which are the same in both lakes."""

DERIVED_TABLES = ("artist_genres", "genre_vectors", "track_vectors")
"""Tables of later stages, which are adopted until their stage makes them anew."""

KEPT_RELEASES = 2
"""Those that stand for the published release and for the next one."""


@dataclass(frozen=True)
class HoldoutRelease:
    """An evaluation lake, and the name of a release in it."""

    lake: LakePaths
    release: str | None
    """None: the one published there."""
    trained: tuple[str, ...] = ()
    """Outputs that were made anew from the training playlists."""


def evaluation_lake(lake: LakePaths) -> LakePaths:
    """The lake in which the holdout releases of ``lake`` are made."""
    return LakePaths(lake.root / "evaluation")


def record_path(lake: LakePaths) -> Path:
    """File that names the holdout release last built and what was trained for it."""
    return evaluation_lake(lake).root / "holdout_release.json"


def build_holdout_release(
    lake: LakePaths, options: SplitOptions, device: str = "auto"
) -> HoldoutRelease:
    """Train on the training playlists of the lake and build a release; nothing is made twice.

    Args:
        lake: with all tables and the encoder.
        options: how the playlists are split.
        device: ``auto``, ``cpu`` or ``cuda``, for training.

    Raises:
        PipelineError: a table is missing, or a stage failed.
    """
    from embeat_pipeline.index.build import build_release
    from embeat_pipeline.index.publish import collect_garbage

    key = _key(lake, options)
    if current := _recorded(lake, key):
        return current
    holdout = evaluation_lake(lake)
    for name in INGEST_TABLES:
        link(lake.table(name), holdout.table(name))
    encoder = lake.models / ReleaseFile.ENCODER
    for output in (*map(lake.table, DERIVED_TABLES), encoder):
        adopt(output, holdout.root / output.relative_to(lake.root))
    write_training_playlists(lake, holdout, options)
    outcomes = _run_stages(holdout, encoder, device)
    release = build_release(holdout)["release"]
    collect_garbage(holdout, keep=KEPT_RELEASES)
    registry.register(lake, options, release)
    trained = [name for name, outcome in outcomes.items() if not outcome.get("unchanged")]
    write_json(record_path(lake), {"release": release, "trained": trained})
    mark_current([record_path(lake)], key, {"release": release})
    return HoldoutRelease(holdout, release, tuple(trained))


def read_holdout_release(lake: LakePaths, options: SplitOptions) -> HoldoutRelease:
    """The holdout release of the lake as it is; builds and trains nothing.

    Raises:
        PipelineError: there is none for these tables and this split.
    """
    if current := _recorded(lake, _key(lake, options)):
        return current
    raise PipelineError(
        f"no holdout release of {lake.root} as it is now; materialize `holdout_release`, or run "
        f"`python -m embeat_pipeline evaluate --lake {lake.root}`"
    )


def _key(lake: LakePaths, options: SplitOptions) -> str:
    names = (*INGEST_TABLES, "playlists", "artist_genres", "track_vectors")
    inputs = [*map(lake.table, names), lake.models / ReleaseFile.ENCODER]
    missing = [str(path) for path in inputs if not path.is_file()]
    if missing:
        raise PipelineError(
            f"a holdout release needs {', '.join(missing)}, which is not there; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    return fingerprint(__name__, settings=asdict(options), inputs=inputs)


def _recorded(lake: LakePaths, key: str) -> HoldoutRelease | None:
    if not is_current([record_path(lake)], key):
        return None
    record = json.loads(record_path(lake).read_text(encoding="utf-8"))
    holdout = evaluation_lake(lake)
    if not (holdout.release(record["release"]) / ReleaseFile.MANIFEST).is_file():
        return None
    return HoldoutRelease(holdout, record["release"], tuple(record["trained"]))


def _run_stages(holdout: LakePaths, encoder: Path, device: str) -> dict[str, Mapping[str, Any]]:
    """Run the stages that may depend on playlists; returns output -> what its stage reported."""
    from embeat_pipeline.acoustic.config import TrainingConfig
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
    from embeat_pipeline.acoustic.train import train_encoder
    from embeat_pipeline.genres.assign import assign_genres
    from embeat_pipeline.genres.genre_vectors import write_genre_vectors
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours
    from embeat_pipeline.playlists.titles.title_model import write_title_model
    from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
    from embeat_pipeline.ranking.ranking_model import write_ranking_model

    try:
        config = TrainingConfig(**Encoder.load(encoder).config["training"])
    except (KeyError, TypeError) as error:
        raise PipelineError(
            f"{encoder} was trained by another version ({error}); "
            f"run `python -m embeat_pipeline run --lake {encoder.parent.parent}`"
        ) from None
    return {
        "artist_genres": assign_genres(holdout),
        "genre_vectors": write_genre_vectors(holdout),
        "encoder": train_encoder(holdout, config, device),
        "track_vectors": encode_catalogue(holdout, device),
        "playlist_vectors": train_track2vec(holdout, device=device),
        **write_neighbours(holdout),
        "title_model": write_title_model(holdout),
        "ranking_model": write_ranking_model(holdout, device=device),
    }


def write_training_playlists(lake: LakePaths, holdout: LakePaths, options: SplitOptions) -> None:
    """Write the training playlists of ``lake`` as all playlists of ``holdout``, with new codes."""
    source, output = lake.table("playlists"), holdout.table("playlists")
    key = fingerprint(__name__, settings=asdict(options), inputs=[source])
    if is_current([output], key):
        return
    train = split_playlists(lake_playlists(lake), options).train
    number = write_playlist_subset(lake, holdout, train)
    mark_current([output], key, {"playlists": number})


def adopt(source: Path, target: Path) -> None:
    """Link an output and its sidecar into the evaluation lake, unless that was done before.

    What a stage has made there since then stays, so that it need not be made again.
    """
    made = sidecar(source)
    if not made.exists():
        return
    adopted = target.with_name(f"{target.name}.adopted.json")
    if adopted.exists() and adopted.read_bytes() == made.read_bytes():
        return
    link(source, target)
    link(made, sidecar(target))
    with atomic_path(adopted) as scratch:
        shutil.copyfile(made, scratch)
