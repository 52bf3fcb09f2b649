"""What the product says of its own accord: names of songs, artists and genres, and nothing else.

Names of playlists are what people wrote for themselves, and some of them hurt. Nobody reads them
who did not type them.
"""

import json

import pytest

from embeat_serve.catalogue.autocomplete import search
from embeat_serve.errors import SeedNotFound
from embeat_serve.recommender import Recommender
from tests.support.handmade_release import TITLES

BEGINNINGS = [(title[:length], title) for title in TITLES for length in (3, 7, len(title) - 2)]

OF_SONGS = {"night", "kitchen", "warehouse"}
"""Words of the titles that songs of this catalogue have, too."""


def said(recommender: Recommender, text: str) -> str:
    """All that is shown to who typed a text, but for the names of songs that were found."""
    shown: list[object] = []
    with recommender.opened() as release:
        found = search(release, text)
        shown += found.did_you_mean
        shown += [hit.payload for hit in (*found.songs, *found.artists)]
    for ask in (recommender.ask, lambda typed, **more: recommender.recommend(title=typed, **more)):
        try:
            shown.append(ask(text, explain=True, k=30).to_dict())
        except SeedNotFound as error:
            shown += [str(error), *error.suggestions]
    return json.dumps(shown, ensure_ascii=False, default=str).casefold()


@pytest.mark.parametrize(("typed", "title"), BEGINNINGS)
def test_no_name_of_a_playlist_is_completed(recommender: Recommender, typed: str, title: str):
    shown = said(recommender, typed)
    assert shown
    assert title not in shown
    words = [word for word in title.split() if len(word) > 4 and word not in typed]
    assert not [word for word in words if word not in OF_SONGS and word in shown]


@pytest.mark.parametrize("typed", ["rainy evenimg", "warehoose at night", "sundaykitchen"])
def test_no_name_of_a_playlist_is_offered_for_a_misspelt_one(recommender: Recommender, typed: str):
    shown = said(recommender, typed)
    assert not [title for title in TITLES if title in shown]
