"""``embeat_serve.encoder`` in PyTorch, for whole catalogues: the same vectors to rounding.

On a CPU it runs in as many threads as there are cores, each on batches of its own. NumPy would
share every one of its small matrix products among the cores, and wait for the slowest each time.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from embeat_pipeline.acoustic.model import PlainSound, Signals
from embeat_serve.encoder import Encoder, profile
from embeat_serve.features import ModelInputs

CPU_ROWS = 1_024
"""Rows encoded at a time on a CPU: their 256 hidden values stay within a core's cache."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class TorchEncoder:
    """Encodes on ``device``; one instance serves any number of threads."""

    def __init__(self, encoder: Encoder, device: torch.device):
        self.device = device
        arrays = encoder.arrays
        self.slopes = {name: float(arrays[name]) for name in arrays if name.endswith("_slope")}
        self.arrays = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        self.profiles = torch.from_numpy(encoder.profiles).to(device)
        self.direct_profiles = torch.from_numpy(encoder.direct_profiles).to(device)
        self.sound = (PlainSound() if encoder.layout is None else Signals(encoder.layout)).to(
            device
        )
        self.from_acoustic = torch.from_numpy(encoder.from_acoustic).to(device)

    @torch.inference_mode()
    def encode(self, inputs: ModelInputs) -> NDArray[np.float32]:
        """As ``Encoder.encode``."""
        numbers = torch.from_numpy(profile(inputs.discrete)).to(self.device)
        continuous = torch.from_numpy(inputs.continuous).to(self.device)
        rows = CPU_ROWS if self.device.type == "cpu" else max(len(numbers), 1)
        parts = zip(numbers.split(rows), continuous.split(rows), strict=True)
        return torch.cat([self._encode(*part) for part in parts]).cpu().numpy()

    def _encode(self, numbers: Tensor, continuous: Tensor) -> Tensor:
        sound = self.sound(continuous)
        hidden = self._layer("acoustic_0", sound)
        hidden = self._layer("acoustic_1", hidden)
        hidden = torch.addmm(self.profiles[numbers], hidden, self.from_acoustic)
        hidden = functional.leaky_relu_(hidden, self.slopes["backbone_0_slope"])
        hidden = self._layer("backbone_1", hidden)
        weight, bias = self.arrays["backbone_2_weight"], self.arrays["backbone_2_bias"]
        vectors = torch.addmm(bias, hidden, weight)
        if "direct_acoustic" in self.arrays:
            vectors.addmm_(sound, self.arrays["direct_acoustic"])
            vectors += self.direct_profiles[numbers]
        return functional.normalize(vectors)

    def _layer(self, name: str, values: Tensor) -> Tensor:
        bias, weight = self.arrays[f"{name}_bias"], self.arrays[f"{name}_weight"]
        # PReLU with one slope is a leaky ReLU, which PyTorch can do in place.
        return functional.leaky_relu_(
            torch.addmm(bias, values, weight), self.slopes[f"{name}_slope"]
        )


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``map(work, items)`` in one thread a core, a few items ahead and no more."""
    threads = torch.get_num_threads()
    waiting: deque[Future[Result]] = deque()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        # Threads started later take the number last set anywhere.
        torch.set_num_threads(threads)
