"""The network EmbeatMLP: two towers and a backbone."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from embeat_pipeline.acoustic.config import Inputs
from embeat_serve.contract.audio_features import (
    BELOW,
    CARDINALITY,
    CENTRE,
    CIRCLES,
    CONTINUOUS,
    SPREAD,
    Layout,
    key_circles,
    layout,
)
from embeat_serve.contract.schema import VECTOR_SIZE

EMBEDDING_SIZE = {"key": 8, "mode": 4, "time_signature": 4, "tempo": 4}
TOWER = 64
BACKBONE = 256


class _Prelu(torch.autograd.Function):
    """PReLU with one slope (He et al. 2015).

    PyTorch's own has no vectorised gradient on CPUs; this one takes a fifth of its time.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(values, slope)
        return functional.leaky_relu(values, slope.item())

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        values, slope = ctx.saved_tensors
        (gradient,) = gradients
        below = values.clamp(max=0).flatten().to(slope.dtype)
        of_slope = gradient.flatten().to(slope.dtype).dot(below).reshape(1)
        return torch.ops.aten.leaky_relu_backward(gradient, values, slope.item(), False), of_slope


class Block(nn.Module):
    """A layer: linear, batch norm, PReLU with one slope."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        # BatchNorm has a bias of its own.
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.activation = nn.PReLU()

    def forward(self, values: Tensor) -> Tensor:
        """Map (n, inputs) to (n, outputs)."""
        normed = self.norm(self.linear(values))
        if not normed.is_cpu:
            return self.activation(normed)
        return _Prelu.apply(normed, self.activation.weight)


class Signals(nn.Module):
    """``audio_features.signals`` in PyTorch."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.columns = layout.columns
        self.centre: Tensor
        self.spread: Tensor
        self.known: Tensor
        self.column: Tensor
        self.low: Tensor
        self.scale: Tensor
        constants = {
            "centre": CENTRE[: layout.columns],
            "spread": SPREAD[: layout.columns],
            "known": layout.known,
            **layout.pieces._asdict(),
        }
        for name, values in constants.items():
            self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, continuous: Tensor) -> Tensor:
        """Map (n, 13), or only the columns in use, to (n, width)."""
        continuous = continuous[:, : self.columns]
        is_known = ~continuous.isnan()
        values = continuous.nan_to_num() * self.spread
        placed = torch.where(is_known, continuous + self.centre, float(BELOW))
        pieces = placed.index_select(1, self.column)
        pieces.sub_(self.low).mul_(self.scale).clamp_(0, 1)
        return torch.cat([values, is_known.index_select(1, self.known).float(), pieces], dim=1)


class PlainSound(nn.Module):
    """The features unchanged, with missing ones in the middle of their range."""

    def forward(self, continuous: Tensor) -> Tensor:
        """Map (n, 13) to (n, 7)."""
        return continuous[:, : len(CONTINUOUS)].nan_to_num()


class EmbeatMLP(nn.Module):
    """Towers of discrete and acoustic inputs (64, 64), and a backbone (128, 256, 256, 64).

    Args:
        inputs: ``plain``: 20 embedded and 7 acoustic inputs, as upstream. ``signals``: keys also
            as points on circles, and ``audio_features.signals``.
        tempo_rows: rows of the tempo embedding; higher buckets are read as missing.
        direct: whether signals also reach the vector by a linear path past the towers, which
            separates songs that differ little.
        optional: number of ``audio_features.OPTIONAL`` among the signals.
    """

    def __init__(
        self,
        inputs: Inputs = "signals",
        tempo_rows: int = CARDINALITY["tempo"],
        direct: bool = True,
        optional: int = 0,
    ):
        super().__init__()
        plain = inputs == "plain"
        rows = CARDINALITY | {"tempo": tempo_rows}
        self.rows: Tensor
        self.register_buffer("rows", torch.tensor(list(rows.values())), persistent=False)
        self.circles: Tensor
        circles = torch.from_numpy(key_circles()[:, : 0 if plain else CIRCLES])
        self.register_buffer("circles", circles, persistent=False)
        self.embeddings = nn.ModuleList(
            nn.Embedding(rows[name], size) for name, size in EMBEDDING_SIZE.items()
        )
        read = layout(optional)
        self.sound = PlainSound() if plain else Signals(read)
        embedded = sum(EMBEDDING_SIZE.values()) + circles.shape[1]
        sound = len(CONTINUOUS) if plain else read.width
        self.discrete = nn.Sequential(Block(embedded, TOWER), Block(TOWER, TOWER))
        self.acoustic = nn.Sequential(Block(sound, TOWER), Block(TOWER, TOWER))
        self.backbone = nn.Sequential(
            Block(2 * TOWER, BACKBONE), Block(BACKBONE, BACKBONE), nn.Linear(BACKBONE, VECTOR_SIZE)
        )
        direct = direct and not plain
        self.direct_discrete = nn.Linear(embedded, VECTOR_SIZE, bias=False) if direct else None
        self.direct_acoustic = nn.Linear(sound, VECTOR_SIZE, bias=False) if direct else None

    def forward(self, discrete: Tensor, continuous: Tensor) -> Tensor:
        """Return L2-normalised vectors (n, 64) of ``audio_features.ModelInputs``."""
        indexes = torch.where(discrete < self.rows, discrete, 0).int()
        tables = [table.weight for table in self.embeddings if isinstance(table, nn.Embedding)]
        tables[0] = torch.cat([self.circles, tables[0]], dim=1)
        pairs = zip(tables, indexes.unbind(dim=1), strict=True)
        embedded = torch.cat([functional.embedding(index, table) for table, index in pairs], dim=1)
        sound = self.sound(continuous)
        towers = torch.cat([self.discrete(embedded), self.acoustic(sound)], dim=1)
        vectors = self.backbone(towers)
        if self.direct_discrete is not None and self.direct_acoustic is not None:
            vectors = vectors + self.direct_discrete(embedded) + self.direct_acoustic(sound)
        # Also in mixed precision, lengths of exactly 1 need float32.
        return functional.normalize(vectors.float(), dim=1)
