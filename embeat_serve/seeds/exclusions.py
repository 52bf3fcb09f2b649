"""Look up the songs and artists that a list shall leave out: dislikes and blocked artists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.errors import UsageError
from embeat_serve.seeds.lookup_queries import SEED_FIELDS
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.parsing import (
    joined_key,
    looks_like_id,
    name_tokens,
    parse_artist_link,
    parse_track_id,
)
from embeat_serve.stores.batch import PendingHits, QueryBatch
from embeat_serve.stores.query import Condition, Filter, Hit, Match, Query, Words

MAX_DISLIKES = 100
"""Disliked songs of one request at most."""

NAMESAKES = 100
"""Artists of one name that are blocked at most."""


@dataclass(frozen=True)
class ExclusionRequest:
    """What a list shall leave out, checked but not looked up."""

    disliked_ids: tuple[str, ...] = ()
    """Track ids, each once."""
    artists: tuple[str, ...] = ()
    """Names, ids or links of artists."""

    @classmethod
    def of(cls, dislikes: Sequence[str], artists: Sequence[str]) -> Self:
        """Check the references of a request.

        Args:
            dislikes: ids, URIs or URLs of tracks.
            artists: names, ids or links of artists.

        Raises:
            UsageError: a dislike is no track reference, an artist is a link to something else, or
                there are too many dislikes.
        """
        references = [dislikes] if isinstance(dislikes, str) else dislikes
        ids = tuple(dict.fromkeys(parse_track_id(reference) for reference in references))
        if len(ids) > MAX_DISLIKES:
            raise UsageError(f"expected at most {MAX_DISLIKES} dislikes, found {len(ids)}")
        for text in artists:
            parse_artist_link(text)
        return cls(ids, tuple(artists))


@dataclass(frozen=True)
class Exclusions:
    """What a list leaves out."""

    disliked: tuple[Seed, ...] = ()
    """Songs, in the order of the request."""
    blocked: tuple[int, ...] = ()
    """Artist codes, ascending."""
    missing: tuple[str, ...] = ()
    """Texts of the request that the catalogue does not have."""


class ExclusionQuery:
    """Queries for dislikes and blocked artists, which go out with those of the seeds.

    Args:
        batch: the batch that the queries are added to.
        request: what to look up.
    """

    def __init__(self, batch: QueryBatch, request: ExclusionRequest):
        self._ids = request.disliked_ids
        self._tracks = batch.add(_disliked_query(self._ids)) if self._ids else None
        self._artists = [
            (text, [batch.add(query) for query in _artist_queries(text)])
            for text in request.artists
        ]

    def result(self) -> Exclusions:
        """Read the hits; the batch must have been executed.

        Raises:
            RuntimeError: it has not.
        """
        hits = self._tracks.hits if self._tracks else ()
        tracks = {hit.payload[TrackField.TRACK_ID]: hit for hit in hits}
        artists = {text: _called(text, lookups) for text, lookups in self._artists}
        blocked = {hit.id for hits in artists.values() for hit in hits}
        unknown_ids = [id for id in self._ids if id not in tracks]
        unknown_artists = [text for text, hits in artists.items() if not hits]
        return Exclusions(
            tuple(Seed.of(tracks[id]) for id in self._ids if id in tracks),
            tuple(sorted(blocked)),
            (*unknown_ids, *unknown_artists),
        )


def _disliked_query(ids: Sequence[str]) -> Query:
    is_disliked = Filter((Match(TrackField.TRACK_ID, tuple(ids)),))
    return Query(Collection.TRACKS, len(ids), filter=is_disliked, payload=SEED_FIELDS)


def _artist_queries(text: str) -> list[Query]:
    link = parse_artist_link(text)
    if link or looks_like_id(text):
        return [_artist_query(Match(ArtistField.ARTIST_ID, (link.id if link else text,)))]
    of_name = _artist_query(Match(ArtistField.NAME_KEY, (name_key(text),)))
    if joined_key(text) is None:
        return [of_name]
    return [of_name, _artist_query(Words(ArtistField.SEARCH_TEXT, name_tokens(text)))]


def _artist_query(condition: Condition) -> Query:
    fields = (ArtistField.ARTIST_NAME,) if isinstance(condition, Words) else False
    return Query(Collection.ARTISTS, NAMESAKES, filter=Filter((condition,)), payload=fields)


def _called(text: str, lookups: Sequence[PendingHits]) -> list[Hit]:
    """Artists of a name; those found by its words only where it differs in an "and" alone."""
    exact, *by_words = lookups
    hits = [hit for lookup in by_words for hit in lookup.hits]
    key = joined_key(text)
    others = [hit for hit in hits if joined_key(hit.artist.get("artist_name", "")) == key]
    return [*exact.hits, *others]
