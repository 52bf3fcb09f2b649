"""What training is judged by as it goes: retrieval on artists it never sees."""

import copy
from typing import Any

import torch

from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.retrieval import reciprocal_ranks
from embeat_pipeline.acoustic.tracks import TrainingTracks

QUERIES = 1_000
CANDIDATES = 20_000
"""Tracks ranked: enough to tell encoders apart, few enough to take about a step's time."""


class Validation:
    """Mean reciprocal rank of a held-out artist's other tracks, and of the album's.

    Args:
        tracks: all tracks; the queries are those marked held out.
        seed: of the choice of queries and candidates.
    """

    def __init__(self, tracks: TrainingTracks, seed: int):
        generator = torch.Generator().manual_seed(seed)
        held_out = tracks.held_out.cpu().nonzero()[:, 0]
        queries = held_out[torch.randperm(len(held_out), generator=generator)[:QUERIES]]
        fill = torch.randint(len(tracks), (CANDIDATES,), generator=generator)
        artist = tracks.artist.cpu()
        theirs = torch.isin(artist, artist[queries]).nonzero()[:, 0]
        rows = torch.cat([queries, theirs, fill]).unique()
        device = tracks.artist.device
        self.queries = torch.searchsorted(rows, queries).to(device)
        rows = rows.to(device)
        self.discrete, self.continuous = tracks.discrete[rows], tracks.continuous[rows]
        self.recording = tracks.recording[rows]
        self.groups = {"artist": tracks.artist[rows], "album": tracks.album[rows]}

    @torch.no_grad()
    def __call__(self, model: EmbeatMLP) -> dict[str, float]:
        """``artist_mrr`` and ``album_mrr``, each 0..1; left out where no query can be asked."""
        model.eval()
        vectors = model(self.discrete, self.continuous)
        model.train()
        ranks = {
            name: reciprocal_ranks(vectors, self.queries, group, self.recording).nanmean().item()
            for name, group in self.groups.items()
        }
        return {f"{name}_mrr": round(mrr, 6) for name, mrr in ranks.items() if mrr == mrr}


class EarlyStopping:
    """Keeps the best weights seen, and says when ``patience`` validations brought no better.

    Args:
        patience: 0 never stops and keeps the last weights.
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.waited = 0
        self.best: dict[str, float] = {}
        self.weights: dict[str, Any] = {}

    def is_over(self, model: EmbeatMLP, validation: dict[str, float]) -> bool:
        """Whether to stop after this validation."""
        if not self.patience:
            self.best = validation
            return False
        if validation.get("artist_mrr", 0.0) > self.best.get("artist_mrr", -1.0):
            self.best, self.waited = validation, 0
            self.weights = copy.deepcopy(model.state_dict())
            return False
        self.waited += 1
        return self.waited >= self.patience

    def restore(self, model: EmbeatMLP) -> None:
        """Give ``model`` the best weights back, if any were kept."""
        if self.weights:
            model.load_state_dict(self.weights)
