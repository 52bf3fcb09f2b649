"""Masked, multi-positive InfoNCE, a block of rows at a time."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

BLOCK_ROWS = 256

Relations = Callable[[slice], tuple[Tensor | None, Tensor]]
"""Rows of a batch -> two boolean (rows, n) tensors: which columns are positives of each row, and
which are neither positive nor negative. No column is both. Without the first, each row's own is
its only positive."""


def masked_info_nce(
    anchors: Tensor,
    positives: Tensor,
    relations: Relations,
    temperature: float,
    block_rows: int = BLOCK_ROWS,
) -> Tensor:
    """Mean over the rows i of

        log sum_{j in P(i) + N(i)} exp(s_ij) - log sum_{j in P(i)} exp(s_ij),  s = a p^T / tau

    where P(i) are the row's positives, among them always j = i, and N(i) its negatives: the
    columns that are neither positive nor masked out. With one positive a row this is InfoNCE
    (van den Oord et al. 2018); the sum inside the logarithm is MIL-NCE's (Miech et al. 2020),
    which asks that some positive be near, not all of them.

    The gradient, softmax over P + N minus softmax over P, is computed on the way, so that never
    more than ``block_rows`` rows of the n x n matrices exist.

    Args:
        anchors: (n, d), L2-normalised.
        positives: (n, d), L2-normalised; row i belongs to anchor i.
        relations: positives and masked-out columns of a block of rows.
        temperature: tau.
        block_rows: rows at a time; bounds memory, changes no result beyond rounding.
    """
    return _MaskedInfoNCE.apply(anchors, positives, relations, temperature, block_rows)


class _MaskedInfoNCE(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        anchors: Tensor,
        positives: Tensor,
        relations: Relations,
        temperature: float,
        block_rows: int,
    ) -> Tensor:
        count = len(anchors)
        scaled = anchors / temperature
        row_loss = anchors.new_empty(count)
        anchor_gradient = torch.empty_like(anchors)
        positive_gradient = torch.zeros_like(positives)
        for start in range(0, count, block_rows):
            rows = slice(start, min(start + block_rows, count))
            logits = scaled[rows] @ positives.T
            positive, masked = relations(rows)
            among_all = logits.masked_fill(masked, -torch.inf).log_softmax(dim=1)
            row_loss[rows] = -among_all.diagonal(start)
            if positive is None:
                gradient = among_all.exp_()
                gradient.diagonal(start).sub_(1)
            else:
                among_positives = logits.masked_fill_(~positive, -torch.inf).log_softmax(dim=1)
                # Both are s_ii minus a log-sum; their difference is the row's loss, and finite
                # however far apart the sums are.
                row_loss[rows] += among_positives.diagonal(start)
                gradient = among_all.exp_().sub_(among_positives.exp_())
            torch.mm(gradient, positives, out=anchor_gradient[rows])
            positive_gradient.addmm_(gradient.T, anchors[rows])
        scale = 1 / (count * temperature)
        ctx.save_for_backward(anchor_gradient.mul_(scale), positive_gradient.mul_(scale))
        return row_loss.mean()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        anchor_gradient, positive_gradient = ctx.saved_tensors
        (of_loss,) = gradients
        return of_loss * anchor_gradient, of_loss * positive_gradient, None, None, None
