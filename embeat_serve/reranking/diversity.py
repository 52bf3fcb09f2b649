"""The rules that keep a list diverse: its titles, albums and artists.

The shares they enforce are options (``RecallOptions``), counted by ``ListLimits``. The order of a
list is made diverse by ``sequencing``.
"""

from embeat_serve.reranking.constraints import Rule
from embeat_serve.reranking.ranked_tracks import RankedTrack
from embeat_serve.reranking.selection_state import SelectionState


class UniqueTitles(Rule):
    """No title twice, by whatever artists."""

    name = "unique_titles"

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        return state.title_counts[track.identity.title] > 0


class AlbumMaxShare(Rule):
    """Not too many tracks of one album."""

    name = "album_max_share"

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        if track.album is None:
            return False
        return state.album_counts[track.album] >= state.limits.per_album


class OtherArtistMaxShare(Rule):
    """Not too many tracks by one artist who is not an artist of the seeds."""

    name = "other_artist_max_share"

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        others = track.identity.artists - state.seed_artists
        most = state.limits.per_other_artist
        return any(state.artist_counts[code] >= most for code in others)


class SameArtistMaxShare(Rule):
    """Not too many tracks by one artist of the seeds, nor by all of them together."""

    name = "same_artist_max_share"

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        shared = track.identity.artists & state.seed_artists
        most = state.limits.per_seed_artist
        if any(state.artist_counts[code] >= most for code in shared):
            return True
        return track.by_seed_artist and state.by_seed_artists >= state.limits.all_seed_artists
