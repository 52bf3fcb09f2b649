"""Encode many tracks with PyTorch: the vectors of ``embeat_serve.encoder``, up to rounding.

On a CPU it runs one thread per core, each on batches of its own. NumPy would share each of its
small matrix products among the cores, and wait for the slowest core every time.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from embeat_pipeline.acoustic.model import PlainSound, Signals
from embeat_serve.contract.audio_features import ModelInputs
from embeat_serve.encoder import Encoder, profile

CPU_ROWS = 1_024
"""Rows encoded at a time on a CPU: their 256 hidden values stay within a core's cache."""


class TorchEncoder:
    """An encoder on ``device``; any number of threads may share an instance."""

    def __init__(self, encoder: Encoder, device: torch.device):
        self.device = device
        arrays = encoder.arrays
        self.slopes = {name: float(arrays[name]) for name in arrays if name.endswith("_slope")}
        self.arrays = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        self.profiles = torch.from_numpy(encoder.profiles).to(device)
        # The linear path of the discrete inputs, with the last layer's bias.
        direct = encoder.direct_profiles + arrays["backbone_2_bias"]
        self.direct_profiles = torch.from_numpy(direct).to(device)
        weight, bias = self.arrays["acoustic_0_weight"], self.arrays["acoustic_0_bias"]
        past = self.arrays.get("direct_acoustic", weight.new_zeros(len(weight), 0))
        # One product for both paths of the acoustic inputs.
        self.of_sound = torch.cat([weight, past], dim=1)
        self.bias_of_sound = torch.cat([bias, bias.new_zeros(past.shape[1])])
        self.tower = len(bias)
        self.sound = (PlainSound() if encoder.layout is None else Signals(encoder.layout)).to(
            device
        )
        self.from_acoustic = torch.from_numpy(encoder.from_acoustic).to(device)

    @torch.inference_mode()
    def encode(self, inputs: ModelInputs) -> NDArray[np.float32]:
        """Return vectors (n, 64), as ``Encoder.encode`` does."""
        numbers = torch.from_numpy(profile(inputs.discrete)).to(self.device)
        continuous = torch.from_numpy(inputs.continuous).to(self.device)
        rows = CPU_ROWS if self.device.type == "cpu" else max(len(numbers), 1)
        parts = zip(numbers.split(rows), continuous.split(rows), strict=True)
        return torch.cat([self._encode(*part) for part in parts]).cpu().numpy()

    def _encode(self, numbers: Tensor, continuous: Tensor) -> Tensor:
        first = torch.addmm(self.bias_of_sound, self.sound(continuous), self.of_sound)
        hidden = functional.leaky_relu(first[:, : self.tower], self.slopes["acoustic_0_slope"])
        hidden = self._layer("acoustic_1", hidden)
        hidden = torch.addmm(self.profiles[numbers], hidden, self.from_acoustic)
        hidden = functional.leaky_relu_(hidden, self.slopes["backbone_0_slope"])
        hidden = self._layer("backbone_1", hidden)
        vectors = self.direct_profiles[numbers]
        if first.shape[1] > self.tower:
            vectors += first[:, self.tower :]
        vectors.addmm_(hidden, self.arrays["backbone_2_weight"])
        return functional.normalize(vectors)

    def _layer(self, name: str, values: Tensor) -> Tensor:
        bias, weight = self.arrays[f"{name}_bias"], self.arrays[f"{name}_weight"]
        # PReLU with one slope is a leaky ReLU, which PyTorch can do in place.
        return functional.leaky_relu_(
            torch.addmm(bias, values, weight), self.slopes[f"{name}_slope"]
        )
