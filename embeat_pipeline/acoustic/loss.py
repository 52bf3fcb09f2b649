"""The loss: masked InfoNCE with several positives, computed a block of rows at a time."""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

BLOCK_VALUES = 1 << 20
"""Logits computed at a time: few enough for a core's cache, enough for fast matrix products."""

HARDEST_SHARE = 0.1
"""Share of a batch that counts as a row's hardest negatives."""

Positives = Literal["together", "averaged"]


class Cells(NamedTuple):
    """Cells of a block of rows: k row numbers, counted from the block's first, and k columns."""

    row: Tensor
    column: Tensor


class BlockRelations(NamedTuple):
    """Cells of a block of rows that are positive or masked; all others are negatives."""

    positives: Cells | None
    """Positives of each row, once each, its own among them; None where its own is the only one."""
    masked: Cells
    """Cells left out of the loss. Duplicates count once, and positives stay positive."""


Relations = Callable[[slice], BlockRelations]


def masked_info_nce(
    anchors: Tensor,
    positives: Tensor,
    relations: Relations,
    temperature: float,
    form: Positives = "together",
    block_rows: int | None = None,
    hardest_weight: float = 1.0,
) -> Tensor:
    """Return the mean over the rows i of

        log sum_{j in P(i) + N(i)} exp(s_ij) - f_{j in P(i)}(s_ij),  s = a p^T / tau

    where P(i) are the row's positives, among them always j = i, and N(i) its negatives: the
    columns that are neither positive nor masked. f is the mean for ``averaged``, which requires
    all positives to be near (Khosla et al. 2020, L_out), and log sum exp for ``together``, which
    requires some to be (Miech et al. 2020, MIL-NCE). With one positive per row both are InfoNCE
    (van den Oord et al. 2018).

    The gradient is the softmax over P + N minus the weights of P in f. It is computed together
    with the loss, so only ``block_rows`` rows of the n x n matrices exist at a time.

    Args:
        anchors: (n, d), L2-normalised.
        positives: (n, d), L2-normalised; row i belongs to anchor i.
        relations: gives the positive and masked cells of a block of rows.
        temperature: tau.
        form: f.
        block_rows: rows at a time; bounds memory and changes no result beyond rounding.
        hardest_weight: factor in the sum of each row's hardest negatives, the ``HARDEST_SHARE`` of
            columns with the highest scores.
    """
    rows = block_rows or max(1, BLOCK_VALUES // max(len(anchors), 1))
    settings = _Settings(temperature, form, rows, hardest_weight)
    return _MaskedInfoNCE.apply(anchors, positives, relations, settings)


class _Settings(NamedTuple):
    """Settings of ``masked_info_nce``, as it documents them."""

    temperature: float
    form: Positives
    block_rows: int
    hardest_weight: float


class _MaskedInfoNCE(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        anchors: Tensor,
        positives: Tensor,
        relations: Relations,
        settings: _Settings,
    ) -> Tensor:
        temperature, form, block_rows, hardest_weight = settings
        count = len(anchors)
        scaled = anchors / temperature
        row_loss = anchors.new_empty(count)
        anchor_gradient = torch.empty_like(anchors)
        positive_gradient = torch.zeros_like(positives)
        for start in range(0, count, block_rows):
            rows = slice(start, min(start + block_rows, count))
            logits = scaled[rows] @ positives.T
            row, column = own = _own(rows, logits.device)
            near, masked = relations(rows)
            if near is not None:
                row, column = near
            score, own_score = logits[row, column], logits[own]
            logits[masked] = -torch.inf
            if hardest_weight != 1:
                logits[row, column] = -torch.inf
                _harden(logits, hardest_weight)
            logits[row, column] = score
            highest = logits.amax(dim=1, keepdim=True)
            exponents = logits.sub_(highest).exp_()
            total = exponents.sum(dim=1)
            # Both parts are relative to the own positive's score: they may be huge, and only their
            # difference matters.
            row_loss[rows] = highest[:, 0] - own_score + total.log()
            share = torch.ones_like(score)
            if near is not None:
                share, sums = _WEIGHTS[form](row, score, own_score)
                row_loss[rows] -= sums
            exponents.index_put_((row, column), -share * total[row], accumulate=True)
            part = 1 / total[:, None]
            torch.mul(exponents @ positives, part, out=anchor_gradient[rows])
            positive_gradient.addmm_(exponents.T, anchors[rows] * part)
        scale = 1 / (count * temperature)
        ctx.save_for_backward(anchor_gradient.mul_(scale), positive_gradient.mul_(scale))
        return row_loss.mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        anchor_gradient, positive_gradient = ctx.saved_tensors
        (of_loss,) = gradients
        return of_loss * anchor_gradient, of_loss * positive_gradient, None, None


def _own(rows: slice, device: torch.device) -> Cells:
    column = torch.arange(rows.start, rows.stop, device=device)
    return Cells(column - rows.start, column)


def _harden(negatives: Tensor, weight: float) -> None:
    """Multiply the highest scores of each row by ``weight``, in place; -inf stays -inf."""
    number = math.ceil(HARDEST_SHARE * negatives.shape[1])
    score, column = negatives.topk(number, dim=1)
    negatives.scatter_(1, column, score + math.log(weight))


def _together(row: Tensor, score: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Return each positive's weight in its row's log sum exp, and that sum less the own score."""
    highest = torch.full_like(own, -torch.inf).scatter_reduce(0, row, score, "amax")
    exponents = (score - highest[row]).exp_()
    total = torch.zeros_like(own).index_add(0, row, exponents)
    return exponents / total[row], highest - own + total.log()


def _averaged(row: Tensor, score: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Return each positive's weight in its row's mean, and that mean less the own score."""
    share = 1 / torch.bincount(row, minlength=len(own)).to(score.dtype)[row]
    return share, torch.zeros_like(own).index_add(0, row, (score - own[row]) * share)


_WEIGHTS = {"together": _together, "averaged": _averaged}
