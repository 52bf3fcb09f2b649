"""What training is judged by as it goes: retrieval on artists it never sees."""

import copy
from typing import Any

import torch

from embeat_pipeline.acoustic.dataset import Role, TrainingTracks
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.retrieval_metrics import reciprocal_ranks

QUERIES = 1_000
CANDIDATES = 20_000
"""Tracks ranked: enough to tell encoders apart, few enough to take about a step's time."""


class Validation:
    """Mean reciprocal rank of a held-out artist's other tracks, and of the album's.

    Args:
        tracks: all tracks; the queries are those kept for validation.
        seed: of the choice of queries and candidates.
    """

    def __init__(self, tracks: TrainingTracks, seed: int):
        generator = torch.Generator().manual_seed(seed)
        kept = (tracks.role == Role.VALIDATION).cpu().nonzero()[:, 0]
        queries = kept[torch.randperm(len(kept), generator=generator)[:QUERIES]]
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

    Best is the largest mean of what was validated.

    Args:
        patience: 0 never stops and keeps the last weights.
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.waited = 0
        self.best: dict[str, float] = {}
        self.weights: dict[str, Any] = {}

    @property
    def is_over(self) -> bool:
        """Whether to stop."""
        return 0 < self.patience <= self.waited

    def see(self, model: EmbeatMLP, validation: dict[str, float]) -> None:
        """Take note of a validation of ``model``."""
        if not self.patience:
            self.best = validation
        elif not self.best or _mean(validation) > _mean(self.best):
            self.best, self.waited = validation, 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1

    def restore(self, model: EmbeatMLP) -> None:
        """Give ``model`` the best weights back, if any were kept."""
        if self.weights:
            model.load_state_dict(self.weights)


def _mean(validation: dict[str, float]) -> float:
    found = [value for name, value in validation.items() if name != "step"]
    return sum(found) / len(found) if found else 0.0
