"""The hash behind every stable random choice."""

import numpy as np

from embeat_pipeline.common.hashing import GOLDEN_GAMMA, splitmix64


def test_it_is_splitmix64() -> None:
    states = np.arange(1, 4, dtype=np.uint64) * GOLDEN_GAMMA
    # The first numbers of the reference implementation from seed 0.
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert splitmix64(states).tolist() == expected


def test_different_words_stay_different() -> None:
    words = np.arange(100_000, dtype=np.uint64)
    assert len(np.unique(splitmix64(words))) == len(words)
