"""Pairs that belong together for reasons the features do not hold: one album, artist, playlist.

Upstream's thresholds teach the encoder nothing but themselves. What people put on one album, or
into one playlist, is outside evidence of what sounds alike.
"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.csr_groups import Groups
from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_pipeline.acoustic.loss import Related, Relations
from embeat_pipeline.acoustic.pairs.sampler import (
    SAME,
    Pairs,
    PairSampler,
    Same,
    chosen,
    joined,
    with_own,
)
from embeat_serve.errors import PipelineError

CANDIDATES = 4
"""Drawn per anchor; the first that is another recording becomes its positive."""
GENRES = 4
"""Genres that ``genre_anchors`` come from at a time."""


class MetadataPairSampler(PairSampler):
    """The recipe ``teachers``.

    Args:
        tracks: what to draw from, held-out artists left aside.
        config: ``teacher_weights``, ``genre_anchors`` and batch size.
        playlists: table ``playlists``; without it none teach.
        related: table ``related_artists``; likewise.
    """

    def __init__(
        self,
        tracks: TrainingTracks,
        config: TrainingConfig,
        playlists: Path | None = None,
        related: Path | None = None,
    ):
        super().__init__(tracks, config)
        rows = (~tracks.held_out).nonzero()[:, 0]
        self.albums = Groups(tracks.album[rows], rows.int())
        self.artists = Groups(tracks.artist[rows], rows.int())
        playlist, row = playlist_entries(playlists, tracks)
        self.playlists = Groups(playlist, row)
        self.memberships = Groups(row, playlist)
        *_, related_weight, genre_weight = config.teacher_weights
        artist, other = related_artists(related if related_weight else None, self.device)
        there = self.artists.size(other) > 0
        self.related = Groups(artist[there], other[there])
        self.genres = Groups(tracks.genre[rows], rows.int())
        self.compared = (*SAME, "genre") if genre_weight else SAME
        # A column less where the last teach nothing: the shares are as long as the catalogue.
        used = max(number for number, weight in enumerate(config.teacher_weights) if weight) + 1
        taught = torch.stack(
            [
                self.albums.size(tracks.album) > 1,
                self.artists.size(tracks.artist) > 1,
                self.memberships.size(torch.arange(len(tracks), device=self.device)) > 0,
                self.related.size(tracks.artist) > 0,
                self.genres.size(tracks.genre) > 1,
            ][:used],
            dim=1,
        )
        weights = taught * torch.tensor(config.teacher_weights[:used], device=self.device)
        self.shares = weights.cumsum(dim=1)
        self.rows = rows[self.shares[rows, -1] > 0]
        self.crowds = Groups(tracks.genre[self.rows], self.rows.int())
        if not len(self.rows):
            raise PipelineError(
                f"none of {len(tracks):,} tracks with audio features shares an album, artist or "
                "playlist with another; check the albums and artists of the dump"
            )

    def relations(self, pairs: Pairs) -> Relations:
        """One artist or album is positive; another release of the anchor is masked, and so are
        related artists and the genre where they teach."""
        same = Same(self.tracks, pairs, self.compared)
        artists = self.tracks.artist[pairs.anchors]
        left_out = self.config.other_positives == "left out"

        def of_rows(rows: slice) -> Related:
            album, artist, recording = (
                same.places(name, rows) for name in ("album", "artist", "recording")
            )
            masked = [recording, same.having("artist", *self.related.every(artists[rows]))]
            if "genre" in self.compared:
                masked.append(same.places("genre", rows))
            if left_out:
                return Related(None, joined(album, artist, *masked))
            further = chosen(album, ~same.at("artist", rows, album))
            positive = joined(artist, further)
            other = ~same.at("recording", rows, positive)
            other &= positive.column != positive.row + rows.start
            return Related(with_own(chosen(positive, other), rows), joined(*masked))

        return of_rows

    def propose(self, count: int) -> Pairs:
        """Try ``count`` anchors; return those that found a positive."""
        anchors = self._pick(self.rows, count)
        if self.config.genre_anchors:
            anchors = self._crowded(anchors)
        shares = self.shares[anchors]
        teacher = (shares <= (self._uniform(count) * shares[:, -1])[:, None]).sum(dim=1)
        candidates = torch.empty(count, CANDIDATES, dtype=torch.long, device=self.device)
        for number, (groups, group) in enumerate(self._groups(anchors)):
            here = (teacher == number).nonzero()[:, 0]
            candidates[here] = groups.draw(group[here], CANDIDATES, self.generator)
        recording = self.tracks.recording
        other = recording[anchors][:, None] != recording[candidates]
        choice = other.int().argmax(dim=1, keepdim=True)
        found = other.any(dim=1)
        return Pairs(anchors[found], candidates.gather(1, choice)[found, 0])

    def _crowded(self, anchors: Tensor) -> Tensor:
        """``anchors``, a share of them exchanged for others of the genres of the first few."""
        genres = self.tracks.genre[anchors[:GENRES]]
        genres = genres[genres >= 0]
        if not len(genres):
            return anchors
        moved = (self._uniform(len(anchors)) < self.config.genre_anchors).nonzero()[:, 0]
        genre = self._pick(genres, len(moved))
        return anchors.index_copy(0, moved, self.crowds.draw(genre, 1, self.generator)[:, 0])

    def _groups(self, anchors: Tensor) -> list[tuple[Groups, Tensor]]:
        artist = self.tracks.artist[anchors]
        return [
            (self.albums, self.tracks.album[anchors]),
            (self.artists, artist),
            (self.playlists, self._one_of(self.memberships, anchors)),
            (self.artists, self._one_of(self.related, artist)),
            (self.genres, self.tracks.genre[anchors]),
        ]

    def _one_of(self, groups: Groups, group: Tensor) -> Tensor:
        """A member of each group, -1 where it has none."""
        member = torch.full_like(group, -1, dtype=torch.long)
        filled = (groups.size(group) > 0).nonzero()[:, 0]
        member[filled] = groups.draw(group[filled], 1, self.generator)[:, 0]
        return member


def related_artists(related: Path | None, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pairs of related artists, each in both orders and once, (m,) and (m,) int32."""
    if related is None:
        nothing = torch.empty(0, dtype=torch.int32, device=device)
        return nothing, nothing
    table = pq.read_table(related, columns=["artist_code", "related_artist_code"])
    left, right = (column.to_numpy().astype(np.int64) for column in table.columns)
    left, right = np.concatenate([left, right]), np.concatenate([right, left])
    both = np.unique((left << 32 | right)[left != right])
    pairs = np.stack([both >> 32, both & 0xFFFFFFFF]).astype(np.int32)
    left, right = torch.from_numpy(pairs).to(device)
    return left, right


def playlist_entries(playlists: Path | None, tracks: TrainingTracks) -> tuple[Tensor, Tensor]:
    """Playlist code and row number of every playlist entry that may be trained on, (m,) int32."""
    device = tracks.artist.device
    nothing = torch.empty(0, dtype=torch.int32, device=device)
    if playlists is None:
        return nothing, nothing
    code = tracks.track.cpu().numpy()
    row_of_track = np.full(int(code.max(initial=-1)) + 2, -1, np.int32)
    row_of_track[code] = np.where(tracks.held_out.cpu().numpy(), -1, np.arange(len(code)))
    parts = []
    with pq.ParquetFile(playlists) as file:
        for batch in file.iter_batches(columns=["playlist_code", "track_codes"]):
            lists = batch.column("track_codes")
            entries = lists.flatten().to_numpy()
            row = row_of_track[np.minimum(entries, len(row_of_track) - 1)]
            playlist = np.repeat(batch.column("playlist_code").to_numpy(), np.diff(lists.offsets))
            parts.append(np.stack([playlist.astype(np.int32), row])[:, row >= 0])
    playlist, row = torch.from_numpy(np.concatenate(parts, axis=1)).to(device)
    return playlist, row
