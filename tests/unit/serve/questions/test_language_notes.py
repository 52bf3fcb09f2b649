import pytest

from embeat_serve.filters.request import Filters
from embeat_serve.questions.language_notes import FEW_SONGS, LanguageQuery
from embeat_serve.stores.query import Hit
from tests.support.scripted_store import batch_on


def songs(number: int) -> list[Hit]:
    return [Hit(place, 0.0, {}) for place in range(number)]


@pytest.mark.parametrize(
    ("languages", "number", "note"),
    [
        (("sw",), 12, "only 12 songs of this release are known to be in sw"),
        (("fr",), 1, "only one song of this release is known to be in French"),
        (("yue",), 0, "no song of this release is known to be in Cantonese"),
        (("de", "fr", "it"), 9, "only 9 songs of this release are known to be in "),
        (("fr",), FEW_SONGS, None),
        ((), 0, None),
    ],
)
def test_few_songs_in_a_language_are_said(
    languages: tuple[str, ...], number: int, note: str | None
):
    batch, store = batch_on(
        {code: songs(number if not at else 0) for at, code in enumerate(languages)}
    )
    query = LanguageQuery(batch, Filters(languages=languages))
    batch.execute()
    said = "German, French or Italian" if len(languages) > 1 else ""
    assert query.notes() == (() if note is None else (note + said,))
    asked = [query.limit for queries in store.calls for query in queries]
    assert asked == ([FEW_SONGS] if languages else [])


def test_without_filters_nothing_is_counted():
    batch, store = batch_on({})
    query = LanguageQuery(batch, None)
    batch.execute()
    assert (query.notes(), store.calls) == ((), [])
