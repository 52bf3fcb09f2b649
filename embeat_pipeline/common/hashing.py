"""Hash 64-bit integers, for random choices that stay the same whatever else a lake holds."""

import numpy as np
from numpy.typing import NDArray

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""Odd step between the states of SplitMix64: 2**64 divided by the golden ratio."""


def splitmix64(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit words by the finaliser of SplitMix64, a bijection.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with the
    constants of Stafford's mix 13. The n-th output of the generator from seed s is
    ``splitmix64(s + n * GOLDEN_GAMMA)``.

    Args:
        state: words of any shape.
    """
    with np.errstate(over="ignore"):
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
