"""The block-wise loss against a plain dense one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from embeat_pipeline.acoustic.loss import (
    BlockRelations,
    Cells,
    Positives,
    Relations,
    masked_info_nce,
)
from embeat_pipeline.acoustic.pairs.sampler import concatenate

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


def cells(mask: Tensor) -> Cells:
    return Cells(*mask.nonzero(as_tuple=True))


def of_rows(positive: Tensor, masked: Tensor) -> Relations:
    # Naming a masked cell twice, or one that is positive, must not matter.
    return lambda rows: BlockRelations(
        cells(positive[rows]), concatenate(cells(masked[rows]), cells((masked | positive)[rows]))
    )


def dense(
    anchors: Tensor, positives: Tensor, positive: Tensor, masked: Tensor, tau: float, form: str
) -> Tensor:
    total = anchors.new_zeros(())
    for row in range(COUNT):
        likelihood = (positives @ anchors[row] / tau).exp()
        share = likelihood[positive[row]] / likelihood[~masked[row]].sum()
        total = total - (share.log().mean() if form == "averaged" else share.sum().log())
    return total / COUNT


@pytest.mark.parametrize("form", ["together", "averaged"])
@pytest.mark.parametrize("block_rows", [None, 1, 10, COUNT, 1000])
@pytest.mark.parametrize("tau", [0.05, 0.5])
def test_loss_and_gradients_equal_the_dense_reference(
    block_rows: int | None, tau: float, form: Positives
) -> None:
    anchors, positives = vectors(1), vectors(2)
    positive, masked = random_relations(3)
    loss = masked_info_nce(anchors, positives, of_rows(positive, masked), tau, form, block_rows)
    gradients = torch.autograd.grad(2 * loss, (anchors, positives))
    expected = dense(anchors, positives, positive, masked, tau, form)
    expected_gradients = torch.autograd.grad(2 * expected, (anchors, positives))
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients, expected_gradients)


def test_with_one_positive_and_no_mask_it_is_cross_entropy() -> None:
    anchors, positives = vectors(1), vectors(2)
    diagonal = torch.eye(COUNT, dtype=torch.bool)
    nothing = torch.zeros_like(diagonal)
    expected = functional.cross_entropy(anchors @ positives.T / 0.05, torch.arange(COUNT))
    gradients = torch.autograd.grad(expected, (anchors, positives))
    for relations in (
        of_rows(diagonal, nothing),
        lambda rows: BlockRelations(None, cells(nothing[rows])),
    ):
        loss = masked_info_nce(anchors, positives, relations, 0.05, block_rows=10)
        torch.testing.assert_close(loss, expected)
        torch.testing.assert_close(torch.autograd.grad(loss, (anchors, positives)), gradients)


@given(
    st.integers(0, 2**31),
    st.floats(0.2, 10),
    st.sampled_from([None, 1, 10]),
    st.sampled_from(["together", "averaged"]),
)
@settings(max_examples=20)
def test_the_hardest_negatives_count_as_often_as_told(
    seed: int, weight: float, block_rows: int | None, form: Positives
) -> None:
    anchors, positives = vectors(seed), vectors(seed + 1)
    positive, masked = random_relations(seed + 2)
    score = anchors @ positives.T / 0.1
    negative = score.masked_fill(masked | positive, -torch.inf)
    # Of 37 columns a tenth is four.
    hard = negative >= negative.topk(4, dim=1).values[:, -1:]
    total = (score.exp() * (1 + (weight - 1) * hard)).masked_fill(masked, 0).sum(dim=1)
    share = score.exp() / total[:, None]
    if form == "averaged":
        expected = -(share.log() * positive).sum(dim=1) / positive.sum(dim=1)
    else:
        expected = -(share * positive).sum(dim=1).log()
    loss = masked_info_nce(
        anchors, positives, of_rows(positive, masked), 0.1, form, block_rows, weight
    )
    torch.testing.assert_close(loss, expected.mean())
    torch.testing.assert_close(
        torch.autograd.grad(loss, (anchors, positives)),
        torch.autograd.grad(expected.mean(), (anchors, positives)),
    )


def test_rows_with_few_negatives_have_all_of_them_counted() -> None:
    anchors, positives = vectors(1), vectors(2)
    own = torch.eye(COUNT, dtype=torch.bool)
    masked = ~own
    masked[:, :2] = False
    masked &= ~own
    loss = masked_info_nce(anchors, positives, of_rows(own, masked), 0.1, hardest_weight=3.0)
    score = (anchors @ positives.T / 0.1).exp().masked_fill(masked, 0)
    share = score.diagonal() / (3 * score.sum(dim=1) - 2 * score.diagonal())
    torch.testing.assert_close(loss, -share.log().mean())


@pytest.mark.parametrize("form", ["together", "averaged"])
def test_float32_stays_finite_at_extreme_temperatures(form: Positives) -> None:
    anchors, positives = vectors(1, torch.float32), vectors(2, torch.float32)
    positive, masked = random_relations(3)
    loss = masked_info_nce(anchors, positives, of_rows(positive, masked), 1e-4, form)
    loss.backward()
    assert loss.isfinite()
    assert anchors.grad is not None
    assert anchors.grad.isfinite().all()
