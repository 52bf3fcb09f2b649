"""Members of groups (albums, artists, genres, playlists), to draw or read many at once."""

import torch
from torch import Tensor


class Groups:
    """Members of every group in one CSR: ``members[offsets[g]:offsets[g + 1]]``.

    Args:
        group: (m,) codes of groups; a negative code stands for no group.
        member: (m,) int32 members of these groups.
    """

    def __init__(self, group: Tensor, member: Tensor):
        belongs = group >= 0
        group, member = group[belongs].long(), member[belongs]
        # Stable, so that members come in a defined order.
        self.members = member[torch.argsort(group, stable=True)]
        sizes = torch.bincount(group, minlength=1)
        self.offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])

    def size(self, group: Tensor) -> Tensor:
        """Return the number of members of each group; 0 for an unknown group."""
        exists = (group >= 0) & (group < len(self.offsets) - 1)
        index = torch.where(exists, group, 0).long()
        return torch.where(exists, self.offsets[index + 1] - self.offsets[index], 0)

    def members_of(self, group: Tensor) -> tuple[Tensor, Tensor]:
        """Return all members of each group: index into ``group`` (k,) and member (k,) int32."""
        size = self.size(group)
        index_of_group, index = ranges(self.offsets[torch.where(size > 0, group, 0).long()], size)
        return index_of_group, self.members[index]

    def draw(self, group: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``count`` members of each group with replacement, (groups, count) int64.

        Every group must have a member.
        """
        size = self.size(group)[:, None]
        # Double precision: a genre may have more members than float32 has steps in 0..1.
        uniform = torch.rand(
            (len(group), count), generator=generator, device=group.device, dtype=torch.float64
        )
        place = (uniform * size).long()
        return self.members[self.offsets[group.long()][:, None] + place].long()


def ranges(first: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Return i and ``first[i] + j`` for every i and every j below ``size[i]``, as two (k,)."""
    place = torch.arange(len(size), device=size.device).repeat_interleave(size)
    before = size.cumsum(0) - size
    within = torch.arange(len(place), device=size.device) - before[place]
    return place, first[place] + within
