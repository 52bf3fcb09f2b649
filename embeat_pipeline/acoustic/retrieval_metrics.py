"""Reciprocal rank of the first relevant track, as retrieval metric of an encoder."""

import torch
from torch import Tensor

QUERY_BLOCK = 128


def reciprocal_ranks(vectors: Tensor, queries: Tensor, group: Tensor, recording: Tensor) -> Tensor:
    """Return 1 / rank of the first track of each query's group, with all n tracks ranked by cosine.

    The query and other releases of its recording are not ranked. Tracks exactly as near as the
    first relevant one count half.

    Args:
        vectors: (n, d), L2-normalised.
        queries: (q,) row numbers.
        group: (n,) codes, negative where unknown.
        recording: (n,) codes.

    Returns:
        (q,) float32, NaN for queries without another track of their group.
    """
    parts = [
        _block(vectors, rows, group, recording) for rows in queries.split(QUERY_BLOCK) if len(rows)
    ]
    return torch.cat(parts) if parts else vectors.new_empty(0)


def _block(vectors: Tensor, rows: Tensor, group: Tensor, recording: Tensor) -> Tensor:
    cosine = vectors[rows] @ vectors.T
    cosine.masked_fill_(recording[rows, None] == recording, -torch.inf)
    relevant = (group[rows, None] == group) & (group[rows, None] >= 0)
    best = cosine.masked_fill(~relevant, -torch.inf).amax(dim=1, keepdim=True)
    before = (cosine > best).sum(dim=1) + ((cosine == best).sum(dim=1) - 1) / 2
    return torch.where(best[:, 0] > -torch.inf, 1 / (1 + before), torch.nan)
