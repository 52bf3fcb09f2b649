"""Draw pairs by metadata that the features do not contain: same album, artist or playlist.

Pairs drawn by thresholds on the features teach the encoder only these thresholds. Albums and
playlists are made by people, so they are independent evidence of similarity.
"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.csr_groups import Groups
from embeat_pipeline.acoustic.dataset import TrainingTracks
from embeat_pipeline.acoustic.loss import BlockRelations, Relations
from embeat_pipeline.acoustic.pairs.sampler import (
    SAME,
    CodeMatches,
    Pairs,
    PairSampler,
    concatenate,
    select,
    with_own,
)
from embeat_serve.errors import PipelineError

CANDIDATES = 4
"""Candidates drawn per anchor; the first that is another recording becomes its positive."""

GENRES = 4
"""Number of genres per batch that ``genre_anchors`` come from."""


class MetadataPairSampler(PairSampler):
    """Pairs from several supervision sources: album, artist, playlists, related artists, genre.

    Args:
        tracks: tracks to draw from; those of held-out artists are skipped.
        config: ``supervision_weights``, ``genre_anchors`` and batch size.
        playlists: table ``playlists``; None where it is not a source.
        related: table ``related_artists``; None where it is not a source.
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
        *_, related_weight, genre_weight = config.supervision_weights
        artist, other = related_artists(related if related_weight else None, self.device)
        has_tracks = self.artists.size(other) > 0
        self.related = Groups(artist[has_tracks], other[has_tracks])
        self.genres = Groups(tracks.genre[rows], rows.int())
        self.compared = (*SAME, "genre") if genre_weight else SAME
        # Sources at the end with weight 0 get no column: the shares are as long as the catalogue.
        used = max(number for number, weight in enumerate(config.supervision_weights) if weight) + 1
        is_available = torch.stack(
            [
                self.albums.size(tracks.album) > 1,
                self.artists.size(tracks.artist) > 1,
                self.memberships.size(torch.arange(len(tracks), device=self.device)) > 0,
                self.related.size(tracks.artist) > 0,
                self.genres.size(tracks.genre) > 1,
            ][:used],
            dim=1,
        )
        weights = is_available * torch.tensor(config.supervision_weights[:used], device=self.device)
        self.cumulative = weights.cumsum(dim=1)
        self.rows = rows[self.cumulative[rows, -1] > 0]
        self.anchors_of_genre = Groups(tracks.genre[self.rows], self.rows.int())
        if not len(self.rows):
            raise PipelineError(
                f"none of {len(tracks):,} tracks with audio features shares an album, artist or "
                "playlist with another; check the albums and artists of the dump"
            )

    def relations(self, pairs: Pairs) -> Relations:
        """Same artist or album is positive; other releases of the anchor are masked, and so are
        related artists and the genre where they are supervision sources."""
        same = CodeMatches(self.tracks, pairs, self.compared)
        artists = self.tracks.artist[pairs.anchors]
        left_out = self.config.other_positives == "left out"

        def of_rows(rows: slice) -> BlockRelations:
            album, artist, recording = (
                same.cells(name, rows) for name in ("album", "artist", "recording")
            )
            masked = [recording, same.cells_with("artist", *self.related.members_of(artists[rows]))]
            if "genre" in self.compared:
                masked.append(same.cells("genre", rows))
            if left_out:
                return BlockRelations(None, concatenate(album, artist, *masked))
            other_artist = select(album, ~same.is_match("artist", rows, album))
            positive = concatenate(artist, other_artist)
            other = ~same.is_match("recording", rows, positive)
            other &= positive.column != positive.row + rows.start
            return BlockRelations(with_own(select(positive, other), rows), concatenate(*masked))

        return of_rows

    def propose(self, count: int) -> Pairs:
        """Draw ``count`` anchors and return those that have a positive, with it."""
        anchors = self._pick(self.rows, count)
        if self.config.genre_anchors:
            anchors = self._concentrate(anchors)
        cumulative = self.cumulative[anchors]
        draws = self._uniform(count) * cumulative[:, -1]
        source = (cumulative <= draws[:, None]).sum(dim=1)
        candidates = torch.empty(count, CANDIDATES, dtype=torch.long, device=self.device)
        for number, (groups, group) in enumerate(self._groups(anchors)):
            here = (source == number).nonzero()[:, 0]
            candidates[here] = groups.draw(group[here], CANDIDATES, self.generator)
        recording = self.tracks.recording
        other = recording[anchors][:, None] != recording[candidates]
        choice = other.int().argmax(dim=1, keepdim=True)
        has_positive = other.any(dim=1)
        positives = candidates.gather(1, choice)[:, 0]
        return Pairs(anchors[has_positive], positives[has_positive])

    def _concentrate(self, anchors: Tensor) -> Tensor:
        """Return anchors with a share replaced by tracks of the genres of the first few."""
        genres = self.tracks.genre[anchors[:GENRES]]
        genres = genres[genres >= 0]
        if not len(genres):
            return anchors
        replaced = (self._uniform(len(anchors)) < self.config.genre_anchors).nonzero()[:, 0]
        genre = self._pick(genres, len(replaced))
        tracks = self.anchors_of_genre.draw(genre, 1, self.generator)[:, 0]
        return anchors.index_copy(0, replaced, tracks)

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
        """Draw a member of each group, -1 where it has none."""
        member = torch.full_like(group, -1, dtype=torch.long)
        filled = (groups.size(group) > 0).nonzero()[:, 0]
        member[filled] = groups.draw(group[filled], 1, self.generator)[:, 0]
        return member


def related_artists(related: Path | None, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return pairs of related artists, each once in both orders, as two (m,) int32."""
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
    """Return playlist and row number of every playlist entry to train on, as two (m,) int32."""
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
