"""The block-wise loss against a plain dense one."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from embeat_pipeline.acoustic.loss import Relations, masked_info_nce

COUNT, SIZE = 37, 8


def vectors(seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(COUNT, SIZE, generator=generator, dtype=dtype)
    return functional.normalize(drawn, dim=1).requires_grad_()


def random_relations(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    positive = torch.rand(COUNT, COUNT, generator=generator) < 0.2
    positive.fill_diagonal_(True)
    masked = (torch.rand(COUNT, COUNT, generator=generator) < 0.2) & ~positive
    return positive, masked


def of_rows(positive: Tensor, masked: Tensor) -> Relations:
    return lambda rows: (positive[rows], masked[rows])


def dense(
    anchors: Tensor, positives: Tensor, positive: Tensor, masked: Tensor, tau: float
) -> Tensor:
    total = anchors.new_zeros(())
    for row in range(COUNT):
        similarity = positives @ anchors[row] / tau
        among_all = similarity[~masked[row]].exp().sum()
        among_positives = similarity[positive[row]].exp().sum()
        total = total - (among_positives / among_all).log()
    return total / COUNT


@pytest.mark.parametrize("block_rows", [1, 10, COUNT, 1000])
@pytest.mark.parametrize("tau", [0.05, 0.5])
def test_loss_and_gradients_equal_the_dense_reference(block_rows: int, tau: float) -> None:
    anchors, positives = vectors(1), vectors(2)
    positive, masked = random_relations(3)
    loss = masked_info_nce(anchors, positives, of_rows(positive, masked), tau, block_rows)
    gradients = torch.autograd.grad(2 * loss, (anchors, positives))
    expected = dense(anchors, positives, positive, masked, tau)
    expected_gradients = torch.autograd.grad(2 * expected, (anchors, positives))
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients, expected_gradients)


def test_with_one_positive_and_no_mask_it_is_cross_entropy() -> None:
    anchors, positives = vectors(1), vectors(2)
    diagonal = torch.eye(COUNT, dtype=torch.bool)
    nothing = torch.zeros_like(diagonal)
    expected = functional.cross_entropy(anchors @ positives.T / 0.05, torch.arange(COUNT))
    gradients = torch.autograd.grad(expected, (anchors, positives))
    for relations in (of_rows(diagonal, nothing), lambda rows: (None, nothing[rows])):
        loss = masked_info_nce(anchors, positives, relations, 0.05, block_rows=10)
        torch.testing.assert_close(loss, expected)
        torch.testing.assert_close(torch.autograd.grad(loss, (anchors, positives)), gradients)


def test_float32_stays_finite_at_extreme_temperatures() -> None:
    anchors, positives = vectors(1, torch.float32), vectors(2, torch.float32)
    positive, masked = random_relations(3)
    loss = masked_info_nce(anchors, positives, of_rows(positive, masked), 1e-4)
    loss.backward()
    assert loss.isfinite()
    assert anchors.grad is not None
    assert anchors.grad.isfinite().all()
