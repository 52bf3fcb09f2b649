"""A release's twin: made by the same stages, but without the playlists it is then asked about.

A release trained on every playlist has seen the answers. Its twin, in ``<lake>/evaluation``, is
trained on the training playlists only. Every output that does not depend on playlists is adopted
from the lake as a hard link, sidecar and all. Which ones those are is not known here but by the
stages: where a stage's key still matches it does nothing, otherwise it runs again.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.common import schemas
from embeat_pipeline.common.atomic import atomic_path, link, write_json
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.stage_cache import is_current, mark_current
from embeat_pipeline.interactions.playlists import Playlists, catalogue_size, read_playlists
from embeat_pipeline.interactions.split import SplitOptions, split_playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.encoder import Encoder
from embeat_serve.errors import PipelineError
from embeat_serve.stores.factory import read_manifest

INPUTS = ("tracks", "artists", "genre_map", "related_artists")
"""Tables that ingest made, which are the same in both lakes."""

OUTPUTS = ("artist_genres", "track_vectors")
"""Tables that stages made, which are adopted until their stage says otherwise."""

KEPT_RELEASES = 3


@dataclass(frozen=True)
class HoldoutRelease:
    """An evaluation lake and the release to ask there."""

    lake: LakePaths
    release: str | None
    """None: the one published there."""
    trained: tuple[str, ...] = ()
    """What was trained anew, because it depends on the playlists."""


def evaluation_lake(lake: LakePaths) -> LakePaths:
    """Where a lake's twins are made."""
    return LakePaths(lake.root / "evaluation")


def lake_playlists(lake: LakePaths) -> Playlists:
    """All playlists of the lake.

    Raises:
        PipelineError: the lake has no tables yet.
    """
    missing = [str(p) for p in map(lake.table, ("tracks", "playlists")) if not p.is_file()]
    if missing:
        raise PipelineError(
            f"evaluation needs {' and '.join(missing)}, which is not there; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    return read_playlists(lake.table("playlists"), catalogue_size(lake.table("tracks")))


def build_holdout_release(
    lake: LakePaths, options: SplitOptions, device: str = "auto"
) -> HoldoutRelease:
    """Make the twin of what the lake's tables and settings make; nothing is made twice.

    Args:
        lake: with all tables and the encoder.
        options: how the playlists are split.
        device: for training.

    Raises:
        PipelineError: a stage could not go on.
    """
    from embeat_pipeline.acoustic.config import TrainingConfig
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
    from embeat_pipeline.acoustic.train import train_encoder
    from embeat_pipeline.genres.assign import assign_genres
    from embeat_pipeline.index.build import build_release, fusion_path
    from embeat_pipeline.index.publish import collect_garbage
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours
    from embeat_pipeline.playlists.track2vec.fit import train_track2vec

    twin = evaluation_lake(lake)
    for name in INPUTS:
        link(lake.table(name), twin.table(name))
    encoder = Path(ReleaseFile.ENCODER)
    for output in (*(lake.table(name) for name in OUTPUTS), lake.models / encoder):
        adopt(output, twin.root / output.relative_to(lake.root))
    write_training_playlists(lake, twin, options)

    try:
        config = TrainingConfig(**Encoder.load(lake.models / encoder).config["training"])
    except (KeyError, TypeError) as error:
        raise PipelineError(
            f"{lake.models / encoder} was trained by another version ({error}); "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        ) from None
    made = {
        "artist_genres": assign_genres(twin),
        "encoder": train_encoder(twin, config, device),
        "track_vectors": encode_catalogue(twin, device),
        "playlist_vectors": train_track2vec(twin, device=device),
        **write_neighbours(twin),
    }
    if fusion_path(lake).is_file():
        link(fusion_path(lake), fusion_path(twin))
    else:
        fusion_path(twin).unlink(missing_ok=True)
    release = build_release(twin)["release"]
    collect_garbage(twin, keep=KEPT_RELEASES)
    trained = tuple(name for name, found in made.items() if not found.get("unchanged"))
    return HoldoutRelease(twin, release, trained)


def write_training_playlists(lake: LakePaths, twin: LakePaths, options: SplitOptions) -> None:
    """Write the training playlists of ``lake`` as the playlists of ``twin``, coded anew."""
    source, output = lake.table("playlists"), twin.table("playlists")
    key = fingerprint(__name__, settings=asdict(options), inputs=[source])
    if is_current([output], key):
        return
    train = split_playlists(lake_playlists(lake), options).train
    rows = pq.read_table(source).filter(pa.array(train))
    codes = pa.array(np.arange(rows.num_rows), pa.uint32())
    place = rows.schema.get_field_index("playlist_code")
    rows = rows.set_column(place, schemas.PLAYLISTS.field("playlist_code"), codes)
    write_table(output, schemas.PLAYLISTS, [rows])
    mark_current([output], key, {"playlists": rows.num_rows})


def adopt(source: Path, target: Path) -> None:
    """Take over an output and its sidecar, unless this very output was adopted before.

    What the twin made itself since then stays, so that it need not be made again.
    """
    sidecar = source.with_name(f"{source.name}.made.json")
    if not sidecar.exists():
        return
    adopted = target.with_name(f"{target.name}.adopted.json")
    if adopted.exists() and adopted.read_bytes() == sidecar.read_bytes():
        return
    link(source, target)
    link(sidecar, target.with_name(sidecar.name))
    with atomic_path(adopted) as scratch:
        shutil.copyfile(sidecar, scratch)


def record_twin(lake: LakePaths, release: str, twin: HoldoutRelease) -> None:
    """Remember which twin a release has, if the lake still holds what it was made from.

    Raises:
        BrokenRelease: the release cannot be read.
    """
    from embeat_pipeline.index.build import input_digests

    if read_manifest(lake, release).inputs == input_digests(lake):
        write_json(_register(lake), {**_registered(lake), release: twin.release})


def twin_of(lake: LakePaths, release: str) -> str | None:
    """Name of a release's twin in the evaluation lake; None where it has none (any more)."""
    twin = _registered(lake).get(release)
    manifest = evaluation_lake(lake).release(twin or "-") / ReleaseFile.MANIFEST
    return twin if manifest.is_file() else None


def _register(lake: LakePaths) -> Path:
    return evaluation_lake(lake).root / "twins.json"


def _registered(lake: LakePaths) -> dict[str, str]:
    try:
        return json.loads(_register(lake).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
