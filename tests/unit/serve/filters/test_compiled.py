import pytest

from embeat_serve.errors import UsageError
from embeat_serve.filters.compiled import NO_FILTER, RELAXABLE_FILTERS, compile_filters
from embeat_serve.filters.request import Filters
from embeat_serve.stores.query import Between, Match


def test_no_filter_asks_for_nothing():
    assert not Filters()
    assert compile_filters(Filters(), genre_codes={}, artist_codes=[], languages=[]) is NO_FILTER
    assert compile_filters(None, genre_codes={}, artist_codes=[], languages=[]) is NO_FILTER
    assert NO_FILTER.filter().must == NO_FILTER.filter().must_not == ()


def test_filters_in_the_words_of_a_store():
    filters = Filters(year_min=1990, tempo_max=120, genres=("Soul",), explicit=False)
    bound = compile_filters(filters, genre_codes={"soul": 3}, artist_codes=[7], languages=[])
    assert list(bound.rules) == ["tempo", "year", "genres"]
    assert bound.filter().must == (
        Between("tempo", None, 120),
        Between("year", 1990, None),
        Match("genre_codes", (3,)),
    )
    assert bound.filter(("tempo", "genres")).must == (Between("year", 1990, None),)
    assert bound.filter().must_not == (Match("artist_codes", (7,)), Between("explicit", 1, 1))
    assert set(bound.fields) == {"tempo", "year", "genre_codes", "artist_codes", "explicit"}


def test_every_filter_can_give_way_except_explicit_and_artists():
    filters = Filters(
        year_min=1990,
        explicit=True,
        popularity_min=1,
        tempo_min=60,
        energy_min=0.1,
        genres=("Soul",),
        without_genres=("Techno",),
        without_artists=("Nobody",),
        instrumental=True,
        same_language=True,
        languages=("fr",),
    )
    codes = {"soul": 3, "techno": 4}
    bound = compile_filters(filters, genre_codes=codes, artist_codes=[7], languages=["en", "en"])
    assert list(bound.rules) == [spec.name for spec in RELAXABLE_FILTERS]
    assert bound.rules["same_language"].must == (Match("language", ("en",)),)
    assert bound.rules["languages"].must == (Match("language", ("fr",)),)
    assert bound.always.must == (Between("explicit", 1, 1),)
    assert bound.always.must_not == (Match("artist_codes", (7,)),)
    assert bound.unmet == ()


def test_a_payload_fails_by_the_names_of_its_filters():
    filters = Filters(year_min=1990, tempo_max=120, without_genres=("Soul",))
    bound = compile_filters(filters, genre_codes={"soul": 3}, artist_codes=[], languages=[])
    assert bound.failed({"year": 1990, "tempo": 120.0, "genre_codes": [1]}) == frozenset()
    assert bound.failed({"year": 1989, "genre_codes": [1, 3]}) == {
        "year",
        "tempo",
        "without_genres",
    }


def test_a_song_is_in_one_of_the_languages_or_fails():
    filters = Filters(languages=("fr", "it"))
    bound = compile_filters(filters, genre_codes={}, artist_codes=[], languages=["en"])
    assert bound.failed({"language": "it"}) == frozenset()
    assert bound.failed({"language": "en"}) == {"languages"}
    assert bound.failed({}) == {"languages"}


def test_a_language_of_no_seed_is_unmet():
    bound = compile_filters(
        Filters(same_language=True), genre_codes={}, artist_codes=[], languages=[]
    )
    assert bound.unmet == ("same_language",)
    assert not bound


def test_an_unknown_genre_is_refused_by_its_name():
    with pytest.raises(UsageError, match="no genre 'sole' in the catalogue; did you mean: soul"):
        compile_filters(
            Filters(genres=("sole",)), genre_codes={"soul": 3}, artist_codes=[], languages=[]
        )
