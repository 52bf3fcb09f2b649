"""Lists of artists for tracks in no playlist: what sound adds, on artists made to look unknown.

    python benchmarks/cold_lists.py --lake DIR

Needs a lake that was evaluated (``python -m embeat_pipeline evaluate``). A quarter of its artists
are hidden: none of their tracks is in a training playlist any more, and an encoder is trained
without them there. Validation playlists are then asked about from their hidden tracks, 1 (three
draws) and 5 at a time, where the artists have

    some      two fifths of their tracks back in the playlists, and their genres
    genres    their genres alone
    nothing   neither

Prints mean nDCG@20 with its 95% interval over playlists, of the lists as they are and without
sound, of the tracks nearest by sound, of the artists' own tracks nearest by sound, and of the
tracks in most playlists of the genre that the artists nearest by sound have most.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray
from playlist_sources import answers, main_artists, ndcg, seed_lists, without
from scipy import sparse

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
from embeat_pipeline.acoustic.train import train_encoder
from embeat_pipeline.common import schemas
from embeat_pipeline.common.atomic import link
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.evaluate.holdout.release import INGEST_TABLES, evaluation_lake
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import Playlists, mix, uniform
from embeat_pipeline.interactions.queries import QuerySet, draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_pipeline.interactions.split import SplitOptions, split_playlists
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.acoustic_bridge import mean_artist_vectors
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs, read_inputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.encoder import Encoder

RESULTS = Path(__file__).parent / "results" / "cold_lists.json"
HIDDEN, STILL_HIDDEN = 0.25, 0.6
"""Share of the artists, and of their tracks where some are in playlists."""
DRAWS = {1: 3, 5: 1}

Ranker = Callable[[QuerySet], NDArray[np.int64]]


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    lake = LakePaths(parser.parse_args().lake)
    holdout = evaluation_lake(lake)
    playlists = lake_playlists(lake)
    validation = playlists.select(split_playlists(playlists, SplitOptions()).validation)
    artist_of = main_artists(lake, playlists.tracks.shape[1])
    config = NeighbourConfig()
    full = read_inputs(holdout, config)
    lots = mix(np.arange(full.genres.shape[0], dtype=np.uint64), 5)
    # One more, for tracks of an unknown artist.
    hidden = np.append(uniform(lots, 1) < HIDDEN, False)[artist_of]
    with tempfile.TemporaryDirectory() as scratch:
        vectors = encoded_without(holdout, hidden, LakePaths(Path(scratch)))
        sounds = mean_artist_vectors(vectors, artist_of, full.genres.shape[0])
        column = pq.read_table(vectors).column("acoustic").combine_chunks()
    sound = np.zeros((len(column), VECTOR_SIZE), np.float32)
    sound[np.asarray(column.is_valid())] = column.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
    still = uniform(mix(np.arange(len(hidden), dtype=np.uint64), 9), 2) < STILL_HIDDEN
    nobodys = sparse.csr_array(full.genres.shape, dtype=np.float32)
    found = {}
    for name, unseen, genres in (
        ("some", hidden & still, full.genres),
        ("genres", hidden, full.genres),
        ("nothing", hidden, nobodys),
    ):
        known = replace(shown(full, ~unseen), genres=genres, artist_vectors=sounds)
        model = NeighbourModel(known, config)
        systems: dict[str, Ranker] = {
            "lists": lists_of(model, config, artist_of),
            "lists without sound": lists_of(model, without(config, "acoustic_weight"), artist_of),
            "nearest by sound": by_sound(sound, None),
            "same artist by sound": by_sound(sound, artist_of),
            "popular in the genre": popular_in_genre(model, full.genres, artist_of),
        }
        for system, ranker in systems.items():
            for count, draws in DRAWS.items():
                values = [
                    ndcg(ranker(asked), asked)
                    for asked in (questions(validation, unseen, count, n) for n in range(draws))
                ]
                interval = bootstrap.intervals(np.mean(values, axis=0)[None])[0]
                found[f"{name}, {system}, {count}"] = vars(interval)
                print(
                    f"{name:<10}{system:<24}{count:>3} seeds {interval.mean:.4f} "
                    f"[{interval.low:.4f}, {interval.high:.4f}], {interval.count} playlists",
                    flush=True,
                )
    content = {"ndcg@20": found, "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def encoded_without(holdout: LakePaths, hidden: NDArray[np.bool_], lake: LakePaths) -> Path:
    """Make table ``track_vectors`` of an encoder that saw no playlist with the hidden tracks."""
    for name in (*INGEST_TABLES, "artist_genres"):
        link(holdout.table(name), lake.table(name))
    rows = pl.read_parquet(holdout.table("playlists"))
    seen = pl.Series(np.flatnonzero(~hidden).astype(np.uint32)).implode()
    kept = pl.element().filter(pl.element().is_in(seen))
    rows = rows.with_columns(pl.col("track_codes").list.eval(kept))
    write_table(lake.table("playlists"), schemas.PLAYLISTS, [rows.to_arrow()])
    training = Encoder.load(holdout.models / ReleaseFile.ENCODER).config["training"]
    train_encoder(lake, TrainingConfig(**training))
    encode_catalogue(lake)
    return lake.table("track_vectors")


def shown(full: NeighbourInputs, seen: NDArray[np.bool_]) -> NeighbourInputs:
    """The material without the tracks that are not seen."""
    kept = np.flatnonzero(seen[full.track_codes])
    return replace(
        full,
        track_codes=full.track_codes[kept],
        playlists=full.playlists[:, kept].tocsr(),
        vectors=full.vectors[kept],
        artists=full.artists[kept],
        albums=full.albums[kept],
    )


def questions(validation: Playlists, hidden: NDArray[np.bool_], count: int, draw: int) -> QuerySet:
    """Seeds from among the hidden tracks; targets are all others."""
    tracks = validation.tracks
    asked = sparse.csr_array(tracks.multiply(hidden[None, :]))
    asked.eliminate_zeros()
    drawn = draw_queries(Playlists(validation.keys, asked), count, draw)
    rest = sparse.csr_array(tracks[drawn.playlists] - drawn.seed_matrix())
    rest.eliminate_zeros()
    rest.sort_indices()
    return replace(drawn, targets=rest)


def lists_of(model: NeighbourModel, config: NeighbourConfig, artist_of: NDArray) -> Ranker:
    """The playlist channel."""

    def ranker(queries: QuerySet) -> NDArray[np.int64]:
        # Sources are made before they are weighed.
        model.config = config
        return answers(seed_lists(model, np.unique(queries.seeds), artist_of), queries)

    return ranker


def by_sound(sound: NDArray[np.float32], artist_of: NDArray[np.int64] | None) -> Ranker:
    """Tracks nearest to one of the seeds; of its artist, where artists are given."""

    def ranker(queries: QuerySet) -> NDArray[np.int64]:
        ranked = np.full((len(queries), 20), PADDING, np.int64)
        for row, seeds in enumerate(queries.seeds):
            if artist_of is None:
                codes = np.arange(len(sound))
            else:
                codes = np.flatnonzero(np.isin(artist_of, artist_of[seeds]))
            codes = codes[~np.isin(codes, seeds)]
            cosines = (sound[codes] @ sound[seeds].T).max(axis=1)
            best = codes[np.argsort(-cosines, kind="stable")[:20]]
            ranked[row, : len(best)] = best
        return ranked

    return ranker


def popular_in_genre(
    model: NeighbourModel, genres: sparse.csr_array, artist_of: NDArray[np.int64]
) -> Ranker:
    """Tracks in most playlists, of the genre that the nearest artists have most."""
    material, bridge = model.inputs, model.artists.bridge
    popular = np.argsort(-material.counts, kind="stable")

    def ranker(queries: QuerySet) -> NDArray[np.int64]:
        ranked = np.full((len(queries), 20), PADDING, np.int64)
        number = min(model.config.acoustic_artists, len(bridge.references))
        for row, seeds in enumerate(queries.seeds):
            weights = bridge._nearest_weights(artist_of[seeds], number)
            share = (weights @ genres[bridge.references]).toarray().sum(axis=0)
            of_genre = genres[:, [int(share.argmax())]].toarray().ravel() > 0
            best = popular[np.append(of_genre, False)[material.artists[popular]]][:20]
            ranked[row, : len(best)] = material.track_codes[best]
        return ranked

    return ranker


if __name__ == "__main__":
    main()
