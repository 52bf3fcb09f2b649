import pytest

from embeat_serve.errors import UsageError
from embeat_serve.filters.request import MAX_NAMES, Filters


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"year_min": 2000, "year_max": 1990}, "year_min"),
        ({"year_min": 1990.5}, "year_min"),
        ({"popularity_max": 101}, "popularity_max"),
        ({"tempo_min": -1}, "tempo_min"),
        ({"energy_max": float("nan")}, "energy_max"),
        ({"energy_max": True}, "energy_max"),
        ({"genres": "soul"}, "genres"),
        ({"genres": ("",)}, "genres"),
        ({"without_artists": [1]}, "without_artists"),
        ({"languages": "fr"}, "languages"),
        ({"languages": ("french",)}, "ISO 639"),
        ({"languages": ("f1",)}, "ISO 639"),
        ({"explicit": "no"}, "explicit"),
        ({"explicit": 0}, "explicit"),
        ({"instrumental": None}, "instrumental"),
    ],
)
def test_filters_that_mean_nothing_are_refused(changed: dict, named: str):
    with pytest.raises(UsageError, match=named):
        Filters(**changed)


def test_names_are_trimmed_and_each_is_there_once():
    assert Filters(genres=(" soul", "soul ")).genres == ("soul",)
    assert Filters(genres=tuple(map(str, range(MAX_NAMES))))
    with pytest.raises(UsageError, match="genres must be up to 100 names"):
        Filters(genres=tuple(map(str, range(MAX_NAMES + 1))))


def test_languages_are_codes_in_small_letters_and_each_is_there_once():
    assert Filters(languages=("FR", " yue", "fr")).languages == ("fr", "yue")
    assert Filters(languages=("fr",))
