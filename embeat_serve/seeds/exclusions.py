"""What a question says besides what the list shall be like: songs and artists to leave out.

They are looked up in the same store call as the seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.errors import UsageError
from embeat_serve.seeds.lookup_queries import SEED_FIELDS
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.parsing import looks_like_id, parse_link, parse_track_id
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Filter, Hit, Match, Query

MAX_DISLIKES = 100
"""Most songs of one question that the list shall not be like."""

NAMESAKES = 100
"""Artists of one name that are blocked at most."""


@dataclass(frozen=True)
class Exclusions:
    """Answers to ``queries``.

    Attributes:
        disliked: songs, in the order given.
        blocked: artist codes.
        missing: what the catalogue does not have.
    """

    disliked: tuple[Seed, ...] = ()
    blocked: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()


class ExclusionQuery:
    """Looks up dislikes and blocked artists along with whatever a store is asked first.

    Raises:
        UsageError: a dislike is no track reference, an artist is a link to something else, or
            there are too many.

    Attributes:
        calls: store calls made for this alone: 0 or 1.
    """

    def __init__(self, store: VectorStore, dislikes: Sequence[str], artists: Sequence[str]):
        if isinstance(dislikes, str):
            dislikes = [dislikes]
        self._ids = tuple(dict.fromkeys(parse_track_id(reference) for reference in dislikes))
        if len(self._ids) > MAX_DISLIKES:
            raise UsageError(f"expected at most {MAX_DISLIKES} dislikes, found {len(self._ids)}")
        self._artists = tuple(artists)
        self._queries = self._songs() + [_artist_query(text) for text in self._artists]
        self._store = store
        self._answers: list[list[Hit]] | None = None
        self.calls = 0

    @property
    def store(self) -> VectorStore:
        """The store, whose next query brings the answers along."""
        return cast(VectorStore, self) if self._queries else self._store

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """See ``VectorStore.query``."""
        if self._answers is not None:
            return self._store.query(queries)
        found = self._store.query([*queries, *self._queries])
        self._answers = found[len(queries) :]
        return found[: len(queries)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def found(self) -> Exclusions:
        """What was found; asks only where nothing was asked yet."""
        if not self._queries:
            return Exclusions()
        if self._answers is None:
            self.query([])
            self.calls = 1
        answers = list(self._answers or ())
        songs = (
            {hit.payload[TrackField.TRACK_ID]: hit for hit in answers.pop(0)} if self._ids else {}
        )
        nameless = [text for text, hits in zip(self._artists, answers, strict=True) if not hits]
        return Exclusions(
            tuple(Seed(songs[id].payload, songs[id].id) for id in self._ids if id in songs),
            tuple(sorted({hit.id for hits in answers for hit in hits})),
            (*(id for id in self._ids if id not in songs), *nameless),
        )

    def _songs(self) -> list[Query]:
        if not self._ids:
            return []
        where = Filter((Match(TrackField.TRACK_ID, self._ids),))
        return [Query(Collection.TRACKS, len(self._ids), filter=where, payload=SEED_FIELDS)]


def _artist_query(text: str) -> Query:
    link = parse_link(text)
    if link and link.kind != "artist":
        raise UsageError(f"expected an artist, found a link to a {link.kind}: {text!r}")
    if link or looks_like_id(text):
        where = Match(ArtistField.ARTIST_ID, (link.id if link else text,))
    else:
        where = Match(ArtistField.NAME_KEY, (name_key(text),))
    return Query(Collection.ARTISTS, NAMESAKES, filter=Filter((where,)), payload=False)
