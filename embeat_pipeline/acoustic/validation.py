"""Validate a training by retrieval on held-out artists, and stop it early."""

import copy
from typing import Any

import torch

from embeat_pipeline.acoustic.dataset import Split, TrainingTracks
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.retrieval_metrics import reciprocal_ranks

QUERIES = 1_000
CANDIDATES = 20_000
"""Tracks ranked: enough to compare encoders, few enough to take about a step's time."""


class Validation:
    """Mean reciprocal rank of the first track of the same held-out artist, and of the same album.

    Args:
        tracks: all tracks; those of the validation split are the queries.
        seed: seed of the choice of queries and candidates.
    """

    def __init__(self, tracks: TrainingTracks, seed: int):
        generator = torch.Generator().manual_seed(seed)
        held_out = (tracks.split == Split.VALIDATION).cpu().nonzero()[:, 0]
        queries = held_out[torch.randperm(len(held_out), generator=generator)[:QUERIES]]
        others = torch.randint(len(tracks), (CANDIDATES,), generator=generator)
        artist = tracks.artist.cpu()
        same_artist = torch.isin(artist, artist[queries]).nonzero()[:, 0]
        rows = torch.cat([queries, same_artist, others]).unique()
        device = tracks.artist.device
        self.queries = torch.searchsorted(rows, queries).to(device)
        rows = rows.to(device)
        self.discrete, self.continuous = tracks.discrete[rows], tracks.continuous[rows]
        self.recording = tracks.recording[rows]
        self.groups = {"artist": tracks.artist[rows], "album": tracks.album[rows]}

    @torch.no_grad()
    def __call__(self, model: EmbeatMLP) -> dict[str, float]:
        """Return ``artist_mrr`` and ``album_mrr``, each 0..1; left out where there is no query."""
        model.eval()
        vectors = model(self.discrete, self.continuous)
        model.train()
        ranks = {
            name: reciprocal_ranks(vectors, self.queries, group, self.recording).nanmean().item()
            for name, group in self.groups.items()
        }
        return {f"{name}_mrr": round(mrr, 6) for name, mrr in ranks.items() if mrr == mrr}


class EarlyStopping:
    """Keep the best weights, and stop after ``patience`` validations without better ones.

    The best weights have the largest mean over the metrics of a validation.

    Args:
        patience: number of validations; 0 never stops and keeps the last weights.
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.waited = 0
        self.best: dict[str, float] = {}
        self.weights: dict[str, Any] = {}

    @property
    def is_over(self) -> bool:
        """Whether training should stop."""
        return 0 < self.patience <= self.waited

    def update(self, model: EmbeatMLP, validation: dict[str, float]) -> None:
        """Record the metrics of a validation of ``model``."""
        if not self.patience:
            self.best = validation
        elif not self.best or _mean(validation) > _mean(self.best):
            self.best, self.waited = validation, 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1

    def restore(self, model: EmbeatMLP) -> None:
        """Load the best weights into ``model``, if any were kept."""
        if self.weights:
            model.load_state_dict(self.weights)


def _mean(validation: dict[str, float]) -> float:
    values = [value for name, value in validation.items() if name != "step"]
    return sum(values) / len(values) if values else 0.0
