"""Pairs of tracks to learn from: anchors, and for each a track that should lie near it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.csr_groups import ranges
from embeat_pipeline.acoustic.dataset import TrainingTracks, distinct
from embeat_pipeline.acoustic.loss import Places, Relations
from embeat_serve.errors import PipelineError

SAME = ("artist", "album", "recording")
"""Columns of the tracks by which pairs are compared."""
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
            pairs = self.propose(size)
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
    def propose(self, count: int) -> Pairs:
        """Try ``count`` anchors; return those that found a positive."""

    def _pick(self, rows: Tensor, count: int) -> Tensor:
        index = torch.randint(len(rows), (count,), generator=self.generator, device=self.device)
        return rows[index]

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.generator, device=self.device)


class Same:
    """Equality of codes within a batch; a missing code equals none but its own track's.

    Each column is sorted once, so that what is equal is looked up and not looked for: the work
    grows with the number of equal pairs.

    Args:
        tracks: with the columns.
        pairs: a batch of them.
        names: of the columns.
    """

    def __init__(self, tracks: TrainingTracks, pairs: Pairs, names: Sequence[str] = SAME):
        self.left: dict[str, Tensor] = {}
        self.right: dict[str, Tensor] = {}
        self._order: dict[str, Tensor] = {}
        self._ordered: dict[str, Tensor] = {}
        self._first: dict[str, Tensor] = {}
        self._size: dict[str, Tensor] = {}
        for name in names:
            code = getattr(tracks, name)
            left = distinct(code[pairs.anchors], pairs.anchors)
            right = distinct(code[pairs.positives], pairs.positives)
            self._ordered[name], self._order[name] = right.sort(stable=True)
            self._first[name], self._size[name] = self._found(name, left)
            self.left[name], self.right[name] = left, right

    def places(self, name: str, rows: slice) -> Places:
        """Where anchors and positives are equal, row after row."""
        row, index = ranges(self._first[name][rows], self._size[name][rows])
        return Places(row, self._order[name][index])

    def having(self, name: str, row: Tensor, code: Tensor) -> Places:
        """Where positives have the ``code`` (k,) that is asked for in ``row`` (k,)."""
        asked, index = ranges(*self._found(name, code))
        return Places(row[asked], self._order[name][index])

    def at(self, name: str, rows: slice, places: Places) -> Tensor:
        """(k,) bool, whether they are equal at ``places``."""
        return self.left[name][rows][places.row] == self.right[name][places.column]

    def _found(self, name: str, code: Tensor) -> tuple[Tensor, Tensor]:
        first = torch.searchsorted(self._ordered[name], code)
        return first, torch.searchsorted(self._ordered[name], code, right=True) - first


def joined(*parts: Places) -> Places:
    """All of them, one after the other."""
    return Places(*(torch.cat(each) for each in zip(*parts, strict=True)))


def with_own(places: Places, rows: slice) -> Places:
    """``places``, none of them a row's own column, and each row's own column."""
    column = torch.arange(rows.start, rows.stop, device=places.column.device)
    return joined(Places(column - rows.start, column), places)


def chosen(places: Places, mask: Tensor) -> Places:
    """Those that ``mask`` (k,) names."""
    return Places(places.row[mask], places.column[mask])
