"""Playlists as assets: a vector for every track that is in one."""

import time
from collections.abc import Iterator

import dagster as dg

from embeat_pipeline.orchestration.materialization import asset_result
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.playlists.config import NEIGHBOUR_INPUTS


@dg.asset(
    group_name="playlists",
    deps=["playlists"],
    kinds={"gensim", "parquet"},
    description="Track2Vec: tracks that are played together lie in one direction; the length of "
    "a vector says how many playlists it rests on.",
)
def playlist_vectors(lake: LakeResource) -> dg.MaterializeResult:
    """Train the playlist vectors."""
    from embeat_pipeline.acoustic.curve import training_curves
    from embeat_pipeline.playlists.track2vec.fit import train_track2vec

    started = time.perf_counter()
    metadata = train_track2vec(lake.paths, device=lake.device)
    seconds = time.perf_counter() - started
    history = metadata["history"]
    losses = [epoch["loss"] for epoch in history]
    judged = [
        {"step": epoch["epoch"] + 1, "ndcg@20": epoch["ndcg@20"]}
        for epoch in history
        if "ndcg@20" in epoch
    ]
    shown = {
        **metadata,
        "history": dg.MetadataValue.json(history),
        "curves": dg.MetadataValue.md(
            training_curves(
                losses, judged, retrieval="held-out playlists", step="start and epochs:"
            ).markdown()
        ),
    }
    return asset_result(shown, lake.paths.table("playlist_vectors"), seconds=seconds)


NEIGHBOURS = {
    "track_neighbours": "Neighbour lists of the tracks in playlists: what is played together, by "
    "tracks, vectors, artists, albums and genres.",
    "artist_neighbours": "Neighbour lists of artists, for their tracks that are in no playlist: "
    "what is played with them, with their genres, and with artists that sound like them.",
}


@dg.multi_asset(
    name="neighbours",
    specs=[
        dg.AssetSpec(
            name,
            deps=NEIGHBOUR_INPUTS,
            group_name="playlists",
            kinds={"parquet"},
            description=text,
        )
        for name, text in NEIGHBOURS.items()
    ],
)
def list_neighbours(lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """List the neighbours of tracks and artists."""
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours

    started = time.perf_counter()
    made = write_neighbours(lake.paths)
    seconds = time.perf_counter() - started
    for name, metadata in made.items():
        path = lake.paths.table(name)
        yield asset_result(metadata, path, asset_key=name, seconds=seconds)


ASSETS = [playlist_vectors, list_neighbours]
CHECKS: list[dg.AssetChecksDefinition] = []
