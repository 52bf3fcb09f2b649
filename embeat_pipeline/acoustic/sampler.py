"""Pairs of tracks to learn from: anchors, and for each a track that should lie near it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.loss import Relations
from embeat_pipeline.acoustic.tracks import TrainingTracks, distinct
from embeat_serve.errors import PipelineError

MAX_BLOCKS = 1_000
"""Blocks of anchors tried for one batch before giving up."""


@dataclass(frozen=True)
class Pairs:
    """A batch: row numbers (batch_size,) of anchors and of their positives."""

    anchors: Tensor
    positives: Tensor


class PairSampler(ABC):
    """Draws batches on the device of ``tracks``, from one seeded generator.

    Args:
        tracks: what to draw from, held-out artists left aside.
        config: recipe and batch size.

    Attributes:
        generator: all chance there is.
        spare: pairs found beyond the last batch, the beginning of the next.
    """

    def __init__(self, tracks: TrainingTracks, config: TrainingConfig):
        self.tracks, self.config = tracks, config
        self.device = tracks.artist.device
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        nothing = torch.empty(0, dtype=torch.long, device=self.device)
        self.spare = Pairs(nothing, nothing)

    def draw(self) -> Pairs:
        """Draw a batch. Anchors that find no positive are replaced by new ones.

        Raises:
            PipelineError: hardly any anchor finds a positive.
        """
        anchors, positives = [self.spare.anchors], [self.spare.positives]
        count = len(self.spare.anchors)
        # A batch larger than the catalogue would only repeat its tracks.
        size = min(self.config.batch_size, len(self.tracks))
        for _ in range(MAX_BLOCKS):
            if count >= size:
                break
            pairs = self._propose(size)
            anchors.append(pairs.anchors)
            positives.append(pairs.positives)
            count += len(pairs.anchors)
        else:
            raise PipelineError(
                f"found {count:,} of {size:,} training pairs among {MAX_BLOCKS * size:,} anchors: "
                "too few tracks share an album, artist or genre and sound alike; "
                "train with a larger dump, or with recipe='teachers'"
            )
        drawn = Pairs(torch.cat(anchors), torch.cat(positives))
        self.spare = Pairs(drawn.anchors[size:], drawn.positives[size:])
        return Pairs(drawn.anchors[:size], drawn.positives[:size])

    @abstractmethod
    def relations(self, pairs: Pairs) -> Relations:
        """Who is positive and who is masked out among the pairs of a batch, for the loss."""

    @abstractmethod
    def _propose(self, count: int) -> Pairs:
        """Try ``count`` anchors; return those that found a positive."""

    def _pick(self, rows: Tensor, count: int) -> Tensor:
        index = torch.randint(len(rows), (count,), generator=self.generator, device=self.device)
        return rows[index]

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.generator, device=self.device)


class Same:
    """Equality of codes within a batch; a missing code equals none but its own track's."""

    def __init__(self, tracks: TrainingTracks, pairs: Pairs):
        columns = {"artist": tracks.artist, "album": tracks.album, "recording": tracks.recording}
        self.left = {
            name: distinct(code[pairs.anchors], pairs.anchors) for name, code in columns.items()
        }
        self.right = {
            name: distinct(code[pairs.positives], pairs.positives) for name, code in columns.items()
        }

    def __call__(self, name: str, rows: slice) -> Tensor:
        """(rows, n) bool."""
        return self.left[name][rows, None] == self.right[name]
