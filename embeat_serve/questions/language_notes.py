"""Say where a release has hardly a song in the languages that a request asks for."""

from functools import lru_cache

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.filters.request import Filters
from embeat_serve.questions.places import places
from embeat_serve.questions.question import PartKind
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Filter, Match, Query

FEW_SONGS = 100
"""Songs in a language below which the answer says how many there are."""


class LanguageQuery:
    """Counts the songs in the languages of a request, up to ``FEW_SONGS``.

    Args:
        batch: the batch that the query is added to.
        filters: of the request.
    """

    def __init__(self, batch: QueryBatch, filters: Filters | None):
        self._codes = filters.languages if filters else ()
        condition = Match(TrackField.LANGUAGE, self._codes)
        query = Query(Collection.TRACKS, FEW_SONGS, filter=Filter((condition,)))
        self._pending = batch.add(query) if self._codes else None

    def notes(self) -> tuple[str, ...]:
        """One sentence where there are few songs; the batch must have been executed.

        Raises:
            RuntimeError: it has not.
        """
        if self._pending is None or len(self._pending.hits) >= FEW_SONGS:
            return ()
        count = len(self._pending.hits)
        songs = f"only {count} songs" if count else "no song"
        songs = "only one song" if count == 1 else songs
        are = "are" if count > 1 else "is"
        return (f"{songs} of this release {are} known to be in {_listed(self._codes)}",)


def _listed(codes: tuple[str, ...]) -> str:
    *others, last = [_names().get(code, code) for code in codes]
    return f"{', '.join(others)} or {last}" if others else last


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    languages = (place for place in places().values() if place.kind is PartKind.LANGUAGE)
    return {place.languages[0]: place.name for place in languages}
