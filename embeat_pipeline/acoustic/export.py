"""Write EmbeatMLP to ``encoder.npz``, which serving reads with numpy alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from embeat_pipeline.acoustic.model import EMBEDDING_SIZE, Block, EmbeatMLP
from embeat_pipeline.common.atomic import atomic_path
from embeat_serve.encoder import DIRECT


def write_encoder(path: Path, model: EmbeatMLP, config: Mapping[str, Any]) -> None:
    """Write weights with batch norm folded in, and ``config`` as JSON.

    The same input gives the same bytes.
    """
    text = np.array(json.dumps(config, ensure_ascii=False, sort_keys=True))
    with atomic_path(path) as scratch, scratch.open("wb") as file:
        np.savez(file, allow_pickle=False, config=text, **folded_arrays(model))


@torch.no_grad()
def folded_arrays(model: EmbeatMLP) -> dict[str, NDArray[np.float32]]:
    """Return float32 arrays as ``embeat_serve.encoder`` names them; weights (inputs, outputs)."""
    model.eval()
    arrays = {
        f"embedding_{name}": table.weight
        for name, table in zip(EMBEDDING_SIZE, model.embeddings, strict=True)
        if isinstance(table, nn.Embedding)
    }
    arrays["embedding_key"] = torch.cat([model.circles, arrays["embedding_key"]], dim=1)
    for name in DIRECT:
        direct = getattr(model, name)
        if direct is not None:
            arrays[name] = direct.weight.T
    towers = {"discrete": model.discrete, "acoustic": model.acoustic, "backbone": model.backbone}
    for tower, layers in towers.items():
        for number, layer in enumerate(layers):
            name = f"{tower}_{number}"
            linear = layer
            if isinstance(layer, Block):
                linear = fuse_linear_bn_eval(layer.linear, layer.norm)
                arrays[f"{name}_slope"] = layer.activation.weight[0]
            if isinstance(linear, nn.Linear):
                arrays[f"{name}_weight"], arrays[f"{name}_bias"] = linear.weight.T, linear.bias
    return {
        name: np.array(array.cpu().numpy(), np.float32, order="C") for name, array in arrays.items()
    }
