"""Draw pairs by upstream's recipe: acoustic thresholds on the features that are encoded."""

import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.csr_groups import Groups
from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_pipeline.acoustic.loss import BlockRelations, Relations
from embeat_pipeline.acoustic.pairs.sampler import CodeMatches, Pairs, PairSampler, concatenate
from embeat_pipeline.acoustic.pairs.upstream_positives import BatchTest, PositiveTest
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.errors import PipelineError


class UpstreamPairSampler(PairSampler):
    """Pairs of an anchor and the cheapest track of its album that passes ``PositiveTest``."""

    def __init__(self, tracks: TrainingTracks, config: TrainingConfig):
        super().__init__(tracks, config)
        self.test = PositiveTest(tracks, config)
        speechiness = tracks.continuous[:, CONTINUOUS.index("speechiness")] + 0.5
        rows = ((speechiness < config.max_speechiness) & ~tracks.held_out).nonzero()[:, 0]
        self.codes = (tracks.album, tracks.artist, tracks.genre)
        self.pools = tuple(Groups(code[rows], rows.int()) for code in self.codes)
        choices = range(3) if config.fallback == "artist" else range(1)
        self.fallback = torch.full_like(tracks.album, -1, dtype=torch.int8)
        for choice in reversed(choices):
            self.fallback[self.pools[choice].size(self.codes[choice]) > 1] = choice
        self.has_genre = self.pools[-1].size(tracks.genre) > 1
        self.rows = rows[(self.fallback[rows] >= 0) | self.has_genre[rows]]
        if not len(self.rows):
            raise PipelineError(
                f"none of {len(tracks):,} tracks with audio features shares an album, artist or "
                "genre with another; check the albums and artists of the dump"
            )

    def relations(self, pairs: Pairs) -> Relations:
        """Pairs that pass the test are positive; same artist, album or recording is masked."""
        test = BatchTest(self.test, pairs.anchors, pairs.positives)
        same = CodeMatches(self.tracks, pairs)

        def of_rows(rows: slice) -> BlockRelations:
            masked = [same.cells(name, rows) for name in ("artist", "album", "recording")]
            return BlockRelations(test.cells(rows), concatenate(*masked))

        return of_rows

    def propose(self, count: int) -> Pairs:
        """Draw ``count`` anchors and return those that have a positive, with it."""
        anchors = self._pick(self.rows, count)
        candidates = self._candidates(anchors)
        passes, distance = self.test(anchors[:, None], candidates)
        cost = self._cost(anchors[:, None], candidates, distance).masked_fill_(~passes, torch.inf)
        lowest, choice = cost.min(dim=1)
        has_positive = lowest < torch.inf
        positives = candidates.gather(1, choice[:, None])[:, 0]
        return Pairs(anchors[has_positive], positives[has_positive])

    def _candidates(self, anchors: Tensor) -> Tensor:
        from_genre = self._uniform(len(anchors)) < self.config.genre_share
        from_genre &= self.has_genre[anchors]
        # Anchors without a fallback draw from their genre, or only themselves.
        pool = torch.where(from_genre, 2, self.fallback[anchors])
        candidates = anchors[:, None].repeat(1, self.config.candidates)
        for choice, (groups, code) in enumerate(zip(self.pools, self.codes, strict=True)):
            here = (pool == choice).nonzero()[:, 0]
            drawn = groups.draw(code[anchors[here]], self.config.candidates, self.generator)
            candidates[here] = drawn
        return candidates

    def _cost(self, left: Tensor, right: Tensor, distance: Tensor) -> Tensor:
        config, tracks = self.config, self.tracks
        popular = tracks.popularity[right].pow(config.popularity_exponent)
        cost = distance / (config.popularity_floor + (1 - config.popularity_floor) * popular)
        bonuses = (config.album_bonus, config.artist_bonus, config.genre_bonus)
        for code, bonus in zip(self.codes, bonuses, strict=True):
            shared = (code[left] == code[right]) & (code[left] >= 0)
            cost -= shared * bonus
        return cost
