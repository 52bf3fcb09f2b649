"""A small lake whose albums have a sound, and training tracks made to measure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_pipeline.acoustic.loss import Relations
from embeat_pipeline.common.schemas import ARTIST_GENRES, PLAYLISTS, RELATED_ARTISTS, TRACKS
from embeat_serve.contract.audio_features import CONTINUOUS, model_inputs
from embeat_serve.contract.lake import LakePaths

ARTISTS, ALBUMS_EACH, TRACKS_EACH = 60, 3, 8
WITHOUT_FEATURES = 5
"""The first so many tracks have no audio features."""

MakeTracks = Callable[..., TrainingTracks]


def table(schema: pa.Schema, **columns: Any) -> pa.Table:
    rows = len(next(iter(columns.values())))
    given = {name: columns.get(name, [None] * rows) for name in schema.names}
    return pa.table([pa.array(given[field.name], field.type) for field in schema], schema=schema)


@pytest.fixture(scope="session")
def acoustic_lake(tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """Tracks, genres, relations and playlists of 60 artists. Read only: copy it to change it."""
    lake = LakePaths(tmp_path_factory.mktemp("acoustic_lake"))
    lake.tables.mkdir()
    random = np.random.default_rng(11)
    album = np.repeat(np.arange(ARTISTS * ALBUMS_EACH), TRACKS_EACH)
    artist = album // ALBUMS_EACH
    count = len(album)
    sound = random.uniform(0.1, 0.9, (album.max() + 1, len(CONTINUOUS)))
    sound[:, CONTINUOUS.index("speechiness")] = 0.05
    features = np.clip(sound[album] + random.normal(0, 0.03, (count, len(CONTINUOUS))), 0, 1)
    features[:WITHOUT_FEATURES] = np.nan

    def nullable(values: np.ndarray, missing: float) -> list[Any]:
        lost = random.random(len(values)) < missing
        return [None if gone else value.item() for value, gone in zip(values, lost, strict=True)]

    tracks = table(
        TRACKS,
        track_code=np.arange(count),
        track_id=[f"track{code}" for code in range(count)],
        track_name=[f"Song {code}" for code in range(count)],
        artist_codes=[[code] for code in artist.tolist()],
        artist_names=[[f"Artist {code}"] for code in artist.tolist()],
        album_code=nullable(album, 0.2),
        recording_code=np.arange(count),
        popularity=nullable(random.integers(0, 101, count), 0.2),
        key=nullable(random.integers(0, 12, album.max() + 1)[album], 0.02),
        mode=nullable(random.integers(0, 2, album.max() + 1)[album], 0.02),
        time_signature=nullable(random.choice([3, 4, 4, 4, 6], count), 0.2),
        tempo=nullable(random.uniform(70, 170, album.max() + 1)[album], 0.02),
        loudness=nullable(random.uniform(-20, 0, count), 0.1),
        duration_ms=nullable(random.integers(100_000, 400_000, count), 0.1),
        release_year=nullable(random.integers(1960, 2024, count), 0.3),
        **{
            name: [None if np.isnan(value) else value for value in features[:, column]]
            for column, name in enumerate(CONTINUOUS)
        },
        source=["test"] * count,
    )
    pq.write_table(tracks, lake.table("tracks"))
    pq.write_table(
        table(
            ARTIST_GENRES,
            artist_code=np.repeat(np.arange(ARTISTS), 2),
            genre_code=np.stack([np.arange(ARTISTS) % 7, np.arange(ARTISTS) % 5 + 7], 1).ravel(),
            position=np.tile([0, 1], ARTISTS),
            score=[1.0] * 2 * ARTISTS,
            confidence=[1.0] * 2 * ARTISTS,
            source=["listed"] * 2 * ARTISTS,
        ),
        lake.table("artist_genres"),
    )
    related = np.arange(ARTISTS) // 2 * 2
    pq.write_table(
        table(
            RELATED_ARTISTS,
            artist_code=related,
            related_artist_code=np.where(np.arange(ARTISTS) % 2, related + 1, (related + 12) % 60),
            rank=np.arange(ARTISTS) % 2,
        ),
        lake.table("related_artists"),
    )
    lists = [
        random.choice(np.flatnonzero(artist % 6 == mood), 30, replace=False) for mood in range(6)
    ]
    pq.write_table(
        table(
            PLAYLISTS,
            playlist_code=np.arange(len(lists)),
            playlist_id=[f"playlist{code}" for code in range(len(lists))],
            source=["test"] * len(lists),
            track_codes=lists,
        ),
        lake.table("playlists"),
    )
    return lake


@pytest.fixture(scope="session")
def make_tracks() -> MakeTracks:
    """Training tracks from raw feature columns and codes; what is not given is all alike."""

    def make(count: int, features: dict[str, Any] | None = None, **columns: Any) -> TrainingTracks:
        plain = {name: np.full(count, 0.1) for name in CONTINUOUS}
        inputs = model_inputs(plain | (features or {}))

        def column(name: str, default: Any) -> torch.Tensor:
            return torch.as_tensor(np.broadcast_to(columns.get(name, default), count).copy())

        return TrainingTracks(
            track=torch.arange(count, dtype=torch.int32),
            discrete=torch.from_numpy(inputs.discrete),
            continuous=torch.from_numpy(inputs.continuous),
            artist=column("artist", 0).int(),
            album=column("album", 0).int(),
            recording=column("recording", np.arange(count)).int(),
            genre=column("genre", 0).int(),
            popularity=column("popularity", 0.0).float(),
            split=column("split", 0).byte(),
        )

    return make


@pytest.fixture(scope="session")
def dense() -> Callable[[Relations, int], tuple[Tensor, Tensor]]:
    """Positives, and what is masked and no positive, of a batch: two (n, n) matrices of bools."""

    def of_batch(relations: Relations, count: int) -> tuple[Tensor, Tensor]:
        positive, masked = torch.zeros(2, count, count, dtype=torch.bool)
        for start in range(0, count, 100):
            rows = slice(start, min(start + 100, count))
            found = relations(rows)
            masked[rows][found.masked] = True
            if found.positives is not None:
                cells = torch.stack(found.positives)
                assert cells.unique(dim=1).shape == cells.shape
                positive[rows][found.positives] = True
        if not positive.any():
            positive.fill_diagonal_(True)
        return positive, masked & ~positive

    return of_batch


@pytest.fixture
def lake_copy(acoustic_lake: LakePaths, tmp_path: Path) -> LakePaths:
    """A lake of its own with the tables of ``acoustic_lake``."""
    lake = LakePaths(tmp_path / "lake")
    lake.tables.mkdir(parents=True)
    for name in ("tracks", "artist_genres", "playlists", "related_artists"):
        lake.table(name).hardlink_to(acoustic_lake.table(name))
    return lake
