"""EmbeatMLP: two towers and a backbone."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from embeat_serve.contract import VECTOR_SIZE
from embeat_serve.features import CARDINALITY, CONTINUOUS

EMBEDDING_SIZE = {"key": 8, "mode": 4, "time_signature": 4, "tempo": 4}
TOWER = 64
BACKBONE = 256


class Block(nn.Module):
    """Linear, BatchNorm, PReLU with one slope."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        # BatchNorm has a bias of its own.
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.activation = nn.PReLU()

    def forward(self, values: Tensor) -> Tensor:
        """(n, inputs) -> (n, outputs)."""
        return self.activation(self.norm(self.linear(values)))


class EmbeatMLP(nn.Module):
    """Towers of 20 (discrete) and 7 (acoustic) -> 64 -> 64, backbone 128 -> 256 -> 256 -> 64.

    Args:
        tempo_rows: rows of the tempo embedding; buckets beyond are read as missing.
    """

    def __init__(self, tempo_rows: int = CARDINALITY["tempo"]):
        super().__init__()
        rows = CARDINALITY | {"tempo": tempo_rows}
        self.rows: Tensor
        self.register_buffer("rows", torch.tensor(list(rows.values())), persistent=False)
        self.embeddings = nn.ModuleList(
            nn.Embedding(rows[name], size) for name, size in EMBEDDING_SIZE.items()
        )
        self.discrete = nn.Sequential(
            Block(sum(EMBEDDING_SIZE.values()), TOWER), Block(TOWER, TOWER)
        )
        self.acoustic = nn.Sequential(Block(len(CONTINUOUS), TOWER), Block(TOWER, TOWER))
        self.backbone = nn.Sequential(
            Block(2 * TOWER, BACKBONE), Block(BACKBONE, BACKBONE), nn.Linear(BACKBONE, VECTOR_SIZE)
        )

    def forward(self, discrete: Tensor, continuous: Tensor) -> Tensor:
        """L2-normalised vectors (n, 64) of ``features.ModelInputs`` (n, 4) and (n, 7)."""
        known = torch.where(discrete < self.rows, discrete, 0).int()
        pairs = zip(self.embeddings, known.unbind(dim=1), strict=True)
        embedded = torch.cat([table(index) for table, index in pairs], dim=1)
        towers = torch.cat([self.discrete(embedded), self.acoustic(continuous)], dim=1)
        return functional.normalize(self.backbone(towers), dim=1)
