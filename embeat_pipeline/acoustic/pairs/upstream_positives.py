"""Test whether two tracks sound alike, by upstream's thresholds."""

import numpy as np
import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import COMPARED, TrainingConfig
from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_pipeline.acoustic.loss import Cells
from embeat_pipeline.acoustic.pairs.sampler import with_own
from embeat_serve.contract.audio_features import CARDINALITY, CONTINUOUS, DISCRETE

TRAITS = (
    CARDINALITY["key"] * CARDINALITY["mode"]
    + 2
    + sum(CARDINALITY[name] for name in ("tempo", "time_signature"))
)
"""Number of bits of a mask: pitches, tempo buckets, metres, vocal or not."""

_SLACK = 1e-4
"""Added to the squared limit where a less exact matrix product screens the pairs."""


class PositiveTest:
    """Acoustic test of any number of pairs at once.

    Discrete features (key, mode, tempo, metre, vocal or not) are two 64-bit masks per track: the
    bits of its own values, and the bits of the values it accepts in a partner. A missing value
    accepts all. Missing continuous features count as 0.5, as they do in the model.

    Args:
        tracks: n tracks on one device.
        config: the thresholds.
    """

    def __init__(self, tracks: TrainingTracks, config: TrainingConfig):
        device = tracks.continuous.device
        columns = [CONTINUOUS.index(name) for name in COMPARED]
        self.compared = tracks.continuous[:, columns].nan_to_num()
        self.recording = tracks.recording
        self.weight = torch.tensor(config.distance_weight, device=device)
        self.max_difference = torch.tensor(config.max_difference, device=device)
        self.max_distance = config.max_distance
        vocal = (
            tracks.continuous[:, CONTINUOUS.index("instrumentalness")] < config.vocal_below - 0.5
        )
        self._profile = _profile(tracks.discrete.int(), vocal)
        self._is, self._accepts = (table.to(device) for table in _masks(config))

    def __call__(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Test pairs of row numbers, broadcast against each other.

        Returns:
            Whether ``right`` is a positive of anchor ``left`` (a re-release of one recording is
            not), and their weighted distance; both of the broadcast shape.
        """
        difference = (self.compared[left] - self.compared[right]).abs_()
        distance = (difference.square() * self.weight).sum(dim=-1).sqrt_()
        passes = (difference < self.max_difference).all(dim=-1)
        passes &= distance <= self.max_distance
        traits = self.traits(right)
        passes &= (self.accepted(left) & traits) == traits
        passes &= self.recording[left] != self.recording[right]
        return passes, distance

    def traits(self, track: Tensor) -> Tensor:
        """Return the values of tracks, as bits (int64)."""
        return self._is[self._profile[track].int()]

    def accepted(self, track: Tensor) -> Tensor:
        """Return the values that tracks accept in a partner, as bits (int64)."""
        return self._accepts[self._profile[track].int()]


class BatchTest:
    """``PositiveTest`` of every anchor of a batch with every positive of the batch.

    One matrix product screens the pairs, by distance and by discrete traits at once. About one
    pair in a hundred passes and is tested in full.
    """

    def __init__(self, test: PositiveTest, left: Tensor, right: Tensor):
        self.test, self.left, self.right = test, left, right
        scale = test.weight.sqrt()
        anchors, positives = test.compared[left] * scale, test.compared[right] * scale
        one = torch.ones(len(left), 1, device=left.device)
        accepted, traits = as_columns(test.accepted(left)), as_columns(test.traits(right))
        # |a - p|^2 = (|a|^2, 1, a) . (1, |p|^2, -2 p), and 1 for each trait not accepted.
        self.a = torch.cat(
            [anchors.square().sum(1, keepdim=True), one, anchors, 1 - accepted], dim=1
        )
        self.p = torch.cat(
            [one, positives.square().sum(1, keepdim=True), -2 * positives, traits], dim=1
        )
        self.limit = test.max_distance**2 + _SLACK

    def cells(self, rows: slice) -> Cells:
        """Return the cells of positives of these rows, each row's own among them."""
        near = (self.a[rows] @ self.p.T) <= self.limit
        near.diagonal(rows.start).fill_(False)
        row, column = _true_cells(near)
        passes = self.test(self.left[rows][row], self.right[column])[0]
        return with_own(Cells(row[passes], column[passes]), rows)


def _true_cells(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return row and column of every True of a matrix."""
    if mask.device.type != "cpu":
        row, column = mask.nonzero(as_tuple=True)
        return row, column
    # NumPy skips False values eight at a time, which takes a sixth of the time.
    flat = torch.from_numpy(np.flatnonzero(mask.numpy()))
    row = flat.div(mask.shape[1], rounding_mode="floor")
    return row, flat - row * mask.shape[1]


def as_columns(bits: Tensor) -> Tensor:
    """Return the bits of (n,) int64, lowest first, as (n, ``TRAITS``) float32."""
    return (bits[:, None] >> torch.arange(TRAITS, device=bits.device) & 1).float()


def _profile(discrete: Tensor, vocal: Tensor) -> Tensor:
    """Return one number (int16) for every combination of discrete values and vocal or not."""
    profile = vocal.int()
    for column, name in enumerate(DISCRETE):
        profile = profile * CARDINALITY[name] + discrete[:, column]
    return profile.to(torch.int16)


def _masks(config: TrainingConfig) -> tuple[Tensor, Tensor]:
    """Return the values of each profile, and those it accepts, as bits: two (profiles,) int64."""
    sizes = [2, *(CARDINALITY[name] for name in DISCRETE)]
    vocal, key, mode, metre, tempo = torch.cartesian_prod(*map(torch.arange, sizes)).unbind(1)
    pitch = key * CARDINALITY["mode"] + mode
    groups = (
        (pitch, _pitches_match(config)),
        (tempo, _tempos_match(config)),
        (metre, _metres_match()),
        (vocal, torch.tensor([[True, True], [False, True]])),
    )
    is_ = torch.zeros_like(vocal)
    accepts = torch.zeros_like(vocal)
    first_bit = 0
    for value, match in groups:
        bits = 1 << torch.arange(first_bit, first_bit + len(match))
        is_ |= bits[value]
        accepts |= (match * bits).sum(dim=1)[value]
        first_bit += len(match)
    return is_, accepts


def _pitches_match(config: TrainingConfig) -> Tensor:
    """Return (39, 39) bool: same mode and near keys, or relative keys. Index 0 means missing."""
    sizes = CARDINALITY["key"], CARDINALITY["mode"]
    key, mode = torch.cartesian_prod(*map(torch.arange, sizes)).unbind(1)
    known_key, known_mode = key > 0, mode > 0
    steps = (key[:, None] - key) % 12
    fifths = steps * 7 % 12
    near = torch.minimum(steps, 12 - steps) <= config.max_semitones
    near |= torch.minimum(fifths, 12 - fifths) <= config.max_fifths
    near |= ~(known_key[:, None] & known_key)
    both_modes = known_mode[:, None] & known_mode
    same_mode = (mode[:, None] == mode) | ~both_modes
    # The relative minor (mode index 1) lies nine semitones above its major (index 2).
    minor_below = (mode[:, None] == 2) & (mode == 1) & (steps == 3)
    relative = both_modes & known_key[:, None] & known_key & (minor_below | minor_below.T)
    return (same_mode & near) | relative


def _tempos_match(config: TrainingConfig) -> Tensor:
    bucket = torch.arange(CARDINALITY["tempo"])
    near = (bucket[:, None] - bucket).abs() <= config.max_tempo_buckets
    return near | (bucket == 0) | (bucket == 0)[:, None]


def _metres_match() -> Tensor:
    metre = torch.arange(CARDINALITY["time_signature"])
    return (metre[:, None] == metre) | (metre == 0) | (metre == 0)[:, None]
