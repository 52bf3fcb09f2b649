"""The positive test, bits and matrix product, against its definition in plain Python."""

from typing import Any

import numpy as np
import pytest
import torch

from embeat_pipeline.acoustic.config import COMPARED, TrainingConfig
from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_pipeline.acoustic.loss import BlockRelations, Cells
from embeat_pipeline.acoustic.pairs.upstream_positives import BatchTest, PositiveTest
from embeat_serve.contract.audio_features import CONTINUOUS, tempo_bucket

CONFIG = TrainingConfig()


def songs(count: int, seed: int) -> dict[str, np.ndarray]:
    """Songs alike enough that a fair share of pairs passes, with values missing."""
    random = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {name: random.uniform(0.4, 0.65, count) for name in CONTINUOUS}
    columns["speechiness"] = random.uniform(0.03, 0.1, count)
    columns["instrumentalness"] = random.uniform(0, 1, count)
    columns["key"] = random.integers(-1, 12, count).astype(float)
    columns["mode"] = random.integers(0, 2, count).astype(float)
    columns["time_signature"] = random.choice([0, 3, 4, 4, 6], count).astype(float)
    columns["tempo"] = random.choice([0.0, 65, 72, 85, 95, 118, 125], count)
    for name in ("energy", "mode"):
        columns[name][random.random(count) < 0.1] = np.nan
    return columns


def is_positive(left: dict[str, float], right: dict[str, float]) -> bool:
    """Upstream's thresholds, word by word."""

    def value(song: dict[str, float], name: str) -> float:
        return 0.5 if np.isnan(song[name]) else song[name]

    differences = [abs(value(left, name) - value(right, name)) for name in COMPARED]
    below = [0.2, 0.2, 0.3, 0.3, 0.2, 0.05]
    if any(d >= most for d, most in zip(differences, below, strict=True)):
        return False
    weights = [1, 1, 1, 0.5, 0.5, 1]
    if sum(w * d * d for w, d in zip(weights, differences, strict=True)) > 0.09:
        return False
    if value(left, "instrumentalness") < 0.5 <= value(right, "instrumentalness"):
        return False
    keys = left["key"], right["key"]
    modes = left["mode"], right["mode"]
    known_keys, known_modes = min(keys) >= 0, not np.isnan(modes).any()
    relative = False
    if known_keys and known_modes and modes[0] != modes[1]:
        major, minor = keys if modes[0] == 1 else keys[::-1]
        relative = (major - 3) % 12 == minor
    near = True
    if known_keys:
        up = (keys[1] - keys[0]) % 12
        near = up in (0, 1, 11) or up in (7, 2, 5, 10)  # semitones; one or two fifths
    same_mode = not known_modes or modes[0] == modes[1]
    if not (relative or (near and same_mode)):
        return False
    buckets = tempo_bucket(np.array([s["tempo"] or np.nan for s in (left, right)], np.float32))
    if buckets.min() > 0 and abs(int(buckets[0]) - int(buckets[1])) > 1:
        return False
    metres = [3 if s["time_signature"] == 6 else s["time_signature"] for s in (left, right)]
    return min(metres) == 0 or metres[0] == metres[1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_pair_is_judged_as_defined(make_tracks: Any, seed: int) -> None:
    count = 120
    columns = songs(count, seed)
    tracks: TrainingTracks = make_tracks(count, columns)
    rows = torch.arange(count)
    found, distance = PositiveTest(tracks, CONFIG)(rows[:, None], rows)
    each = [{name: float(values[row]) for name, values in columns.items()} for row in range(count)]
    expected = [
        [is_positive(a, b) and i != j for j, b in enumerate(each)] for i, a in enumerate(each)
    ]
    assert found.tolist() == expected
    assert 0.005 < found.float().mean() < 0.5
    assert (distance[found] <= CONFIG.max_distance).all()


def test_batch_test_agrees_pair_by_pair(make_tracks: Any, dense: Any) -> None:
    count = 300
    tracks = make_tracks(count, songs(count, 5), recording=np.arange(count) // 2)
    test = PositiveTest(tracks, CONFIG)
    random = torch.Generator().manual_seed(0)
    left, right = torch.randint(count, (2, 200), generator=random)
    batch = BatchTest(test, left, right)
    nothing = torch.empty(0, dtype=torch.long)
    found, _ = dense(lambda rows: BlockRelations(batch.cells(rows), Cells(nothing, nothing)), 200)
    assert found.equal(test(left[:, None], right)[0].fill_diagonal_(True))
    assert found.sum() > 200


def test_a_re_release_is_no_positive(make_tracks: Any) -> None:
    tracks = make_tracks(3, recording=[7, 7, 8])
    passes, _ = PositiveTest(tracks, CONFIG)(torch.tensor([0, 0]), torch.tensor([1, 2]))
    assert passes.tolist() == [False, True]
