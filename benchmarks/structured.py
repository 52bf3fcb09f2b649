"""Made-up tracks with the structure of real ones: artists with a sound, albums around it."""

import numpy as np
import torch
from torch import Tensor

from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_serve.contract.audio_features import CONTINUOUS, model_inputs

TO_AN_ALBUM, TO_AN_ARTIST = 13, 3
"""Tracks and albums."""
GENRES = 500
ARTIST_SPREAD, ALBUM_SPREAD, TRACK_SPREAD = 0.58, 0.29, 0.33
"""Deviations in log-odds. With them an anchor of upstream's recipe meets as many positives, and as
many anchors meet none, as upstream reports."""


def structured_tracks(count: int) -> TrainingTracks:
    """``count`` tracks on the CPU, always the same ones, none held out."""
    chance = np.random.default_rng(0)
    album = np.arange(count) // TO_AN_ALBUM
    artist = album // TO_AN_ARTIST
    albums, artists = album[-1] + 1, artist[-1] + 1
    columns = {}
    for name in CONTINUOUS:
        log_odds = chance.normal(0, ARTIST_SPREAD, artists)[artist]
        log_odds += chance.normal(0, ALBUM_SPREAD, albums)[album]
        log_odds += chance.normal(0, TRACK_SPREAD, count)
        columns[name] = 1 / (1 + np.exp(-log_odds))
    columns["speechiness"] *= 0.2
    columns["key"], columns["mode"] = chance.integers(0, 12, count), chance.random(count) < 0.65
    octaves = chance.normal(0, 0.3, artists)[artist] + chance.normal(0, 0.15, count)
    columns["tempo"] = 120 * 2**octaves
    columns["time_signature"] = chance.choice([3, *[4] * 9], count)
    discrete, continuous = model_inputs(columns)

    def codes(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(np.int32))

    return TrainingTracks(
        track=codes(np.arange(count)),
        discrete=torch.from_numpy(discrete),
        continuous=torch.from_numpy(continuous),
        artist=codes(artist),
        album=codes(album),
        recording=codes(np.arange(count)),
        genre=codes(artist % GENRES),
        popularity=torch.from_numpy(chance.random(count, np.float32)),
        split=torch.zeros(count, dtype=torch.uint8),
    )
