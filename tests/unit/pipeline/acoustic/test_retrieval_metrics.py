"""Reciprocal ranks against a plain reading of their definition."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.acoustic.retrieval_metrics import reciprocal_ranks


@given(st.integers(0, 2**31), st.integers(2, 40))
def test_equals_a_plain_ranking(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    group, recording = random.integers(-1, 4, count), random.integers(0, count, count)
    found = reciprocal_ranks(
        torch.from_numpy(vectors),
        torch.arange(count),
        torch.from_numpy(group),
        torch.from_numpy(recording),
    ).tolist()
    for query in range(count):
        others = [row for row in range(count) if recording[row] != recording[query]]
        ranked = sorted(others, key=lambda row: -(vectors[query] @ vectors[row]))
        ranks = [
            rank
            for rank, row in enumerate(ranked, start=1)
            if group[row] == group[query] and group[row] >= 0
        ]
        if ranks:
            assert found[query] == np.float32(1 / ranks[0])
        else:
            assert np.isnan(found[query])


def test_ties_count_half() -> None:
    vectors = torch.tensor([[1.0, 0.0]] * 4)
    group, recording = torch.tensor([0, 0, 1, 2]), torch.arange(4)
    assert reciprocal_ranks(vectors, torch.tensor([0]), group, recording).item() == 0.5


def test_no_queries_give_no_ranks() -> None:
    none = torch.empty(0, dtype=torch.long)
    assert len(reciprocal_ranks(torch.empty(0, 64), none, none, none)) == 0
