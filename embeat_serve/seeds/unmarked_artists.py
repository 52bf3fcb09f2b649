"""Tell which words of a question are the name of an artist, where nothing before them says so.

Most words are the name of some band, so a name alone is no proof. The songs that have the words in
their titles or credits are: of "radiohead" nearly all are Radiohead's, of "summer" hardly any are
Summer's.
"""

from collections.abc import Container, Sequence

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.seeds.lookup_queries import ARTIST_FIELDS
from embeat_serve.seeds.matching import has_tracks, popularity_rank
from embeat_serve.seeds.parsing import joined_key, name_tokens
from embeat_serve.stores.batch import PendingHits, QueryBatch
from embeat_serve.stores.query import Filter, Hit, Match, Query, Words

MAX_ARTISTS = 100
"""Artists that are read of those with one of the names, the most popular."""

MAX_CONFIRMED = 12
"""Names of which the songs are looked at."""

SONGS = 20
"""Songs with the words of a name that are looked at, the most popular."""

LEAST_SHARE = 0.8
"""Share of them that must be the artist's. Of single words that name an artist, it keeps two of
three, and "radiohead" and "metallica" among them; "love", "queen" and "journey" it leaves out."""

LEAST_FAME, LEAST_TRACKS = 40, 10
LEAST_FAME_OF_WORD, LEAST_TRACKS_OF_WORD = 50, 40
"""Popularity, or tracks, from which on an artist is known, and one whose name is a single word."""


class UnmarkedArtistQuery:
    """Artists that may be named; their look-up travels with the queries of others.

    Args:
        batch: the batch that the query is added to.
        names: words that may be names.
        words: those of them that are single words.
    """

    def __init__(self, batch: QueryBatch, names: Sequence[str], words: Container[str] = ()):
        self._names = dict.fromkeys(names)
        self._words = words
        keys = dict.fromkeys(key for name in names for key in _keys(name))
        is_named = Filter((Match(ArtistField.NAME_KEY, tuple(keys)),))
        query = Query(
            Collection.ARTISTS,
            MAX_ARTISTS,
            order_by=ArtistField.POPULARITY_RANK,
            filter=is_named,
            payload=ARTIST_FIELDS,
        )
        self._lookup = batch.add(query) if keys else None
        self._songs: dict[str, tuple[set[int], PendingHits]] = {}

    def add_song_queries(self, batch: QueryBatch) -> None:
        """Add queries for the songs with the words of each name that a known artist has."""
        hits = self._lookup.hits if self._lookup else []
        for name in self._names:
            codes = {
                hit.id
                for hit in hits
                if _is_called(hit, name) and _is_known(hit, name in self._words)
            }
            if codes and len(self._songs) < MAX_CONFIRMED:
                self._songs[name] = codes, batch.add(_song_query(name))

    def result(self) -> frozenset[str]:
        """The names whose songs are their artist's; the batches must have been executed.

        Raises:
            RuntimeError: they have not.
        """
        shares = {
            name: sum(not codes.isdisjoint(hit.track.get("artist_codes", ())) for hit in songs.hits)
            / max(len(songs.hits), 1)
            for name, (codes, songs) in self._songs.items()
        }
        return frozenset(name for name, share in shares.items() if share >= LEAST_SHARE)


def _keys(name: str) -> tuple[str, ...]:
    """Keys that an artist of the name may have: with "The", or another "and"."""
    key = name_key(name)
    joined = joined_key(name)
    others = () if joined is None else (joined.replace(" & ", " "),)
    return (key, f"the {key}", *others)


def _is_called(artist: Hit, name: str) -> bool:
    key = artist.artist.get("name_key")
    if key in _keys(name)[:2]:
        return True
    joined = joined_key(name)
    return joined is not None and joined_key(artist.artist.get("artist_name", "")) == joined


def _is_known(artist: Hit, is_word: bool) -> bool:
    fame, tracks = popularity_rank(artist), artist.artist.get("num_tracks", 0)
    least_fame = LEAST_FAME_OF_WORD if is_word else LEAST_FAME
    least_tracks = LEAST_TRACKS_OF_WORD if is_word else LEAST_TRACKS
    return has_tracks(artist) and (fame >= least_fame or tracks >= least_tracks)


def _song_query(name: str) -> Query:
    return Query(
        Collection.TRACKS,
        SONGS,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter((Words(TrackField.SEARCH_TEXT, name_tokens(name)),)),
        payload=(TrackField.ARTIST_CODES,),
    )
