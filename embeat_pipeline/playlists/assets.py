"""Assets of the playlists stage: vectors of tracks in playlists, and neighbour lists."""

from collections.abc import Iterator

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version, file_digest
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.playlists.config import NEIGHBOUR_INPUTS
from embeat_pipeline.playlists.titles.config import TITLE_INPUTS


@dg.asset(
    group_name="playlists",
    code_version=code_version("embeat_pipeline.playlists.track2vec.playlist_vectors"),
    deps=["playlists"],
    kinds={"gensim", "parquet"},
    description="Track2Vec: tracks of the same playlists point in the same direction; the length "
    "of a vector says how many playlists it rests on.",
)
def playlist_vectors(lake: LakeResource) -> dg.MaterializeResult:
    """Train the playlist vectors."""
    from embeat_pipeline.common.plots import to_markdown_image
    from embeat_pipeline.common.training_curves import plot_training
    from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec

    metadata, seconds = timed(train_track2vec, lake.paths, device=lake.device)
    history = metadata["history"]
    figure = plot_training(
        [epoch["loss"] for epoch in history],
        [
            {"step": epoch["epoch"] + 1, "ndcg@20": epoch["ndcg@20"]}
            for epoch in history
            if "ndcg@20" in epoch
        ],
        validation_label="held-out playlists",
        step_label="start, then epochs",
    )
    shown = {
        **metadata,
        "history": dg.MetadataValue.json(history),
        "curves": dg.MetadataValue.md(to_markdown_image(figure, "training curves")),
    }
    return asset_result(shown, table=lake.paths.table("playlist_vectors"), seconds=seconds)


NEIGHBOURS = {
    "track_neighbours": "Neighbour lists of tracks in playlists: by shared playlists, vectors, "
    "artists, albums and genres.",
    "artist_neighbours": "Neighbour lists of artists, used for their tracks without a list: by "
    "shared playlists, genres, and acoustically near artists.",
}
"""Table -> its description."""


@dg.multi_asset(
    name="neighbours",
    specs=[
        dg.AssetSpec(
            name,
            deps=NEIGHBOUR_INPUTS,
            group_name="playlists",
            code_version=code_version("embeat_pipeline.playlists.neighbours.lists"),
            kinds={"parquet"},
            description=text,
        )
        for name, text in NEIGHBOURS.items()
    ],
)
def list_neighbours(lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """List the neighbours of tracks and artists."""
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours

    tables, seconds = timed(write_neighbours, lake.paths)
    for name, metadata in tables.items():
        path = lake.paths.table(name)
        yield asset_result(metadata, table=path, asset_key=name, seconds=seconds)


@dg.asset(
    group_name="playlists",
    code_version=code_version("embeat_pipeline.playlists.titles.title_model"),
    deps=list(TITLE_INPUTS),
    kinds={"duckdb"},
    description="What music is played in playlists of a title: the place of every term of their "
    "names among playlist vectors, sounds and genres.",
)
def title_model(lake: LakeResource) -> dg.MaterializeResult:
    """Fit the title model."""
    from embeat_pipeline.playlists.titles.title_model import model_path, write_title_model

    metadata, seconds = timed(write_title_model, lake.paths)
    version = file_digest(model_path(lake.paths))
    return asset_result(metadata, data_version=version, seconds=seconds)


ASSETS = [playlist_vectors, list_neighbours, title_model]
CHECKS: list[dg.AssetChecksDefinition] = []
