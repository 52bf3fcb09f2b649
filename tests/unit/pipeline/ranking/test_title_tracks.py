import numpy as np
import pytest

from embeat_pipeline.ranking.title_tracks import TitleTracks
from embeat_serve.titles.phrase_tracks import PhraseTracks, phrase_key
from embeat_serve.titles.title_model import COLUMNS, TitleModel

CODES = np.array([3, 5, 8, 9])


def tracks() -> TitleTracks:
    """Titles with "zz" point along the first axis; two playlists of *zzz* hold the track 20."""
    weights = np.zeros((2, COLUMNS), np.float16)
    weights[:, 0] = 1
    one = np.ones(1, np.float32)
    phrases = PhraseTracks(
        np.array([phrase_key("zzz")], np.uint64),
        np.array([2], np.uint32),
        np.array([0, 1]),
        np.array([20], np.uint32),
        np.array([2], np.uint16),
        np.array([10]),
    )
    terms, rarity = np.array(["zz", "zzz"], "U6"), np.array([9, 9], np.float32)
    model = TitleModel(terms, rarity, one, weights, np.zeros(COLUMNS, np.float32), phrases)
    vectors = np.zeros((4, 64), np.float32)
    vectors[:3, 0] = 0.2, 0.9, 0.5
    return TitleTracks(model, CODES, vectors)


@pytest.mark.parametrize(("number", "ids"), [(1, [5, 20]), (2, [5, 8, 20]), (9, [*CODES, 20])])
def test_a_title_finds_what_fits_best_and_what_playlists_of_such_names_hold(
    number: int, ids: list[int]
):
    found = tracks().candidates("zzz", number)
    assert found is not None
    assert found.ids.tolist() == ids
    assert found.title.matches.playlists == 2


def test_a_title_of_which_nothing_is_known_finds_nothing():
    assert tracks().candidates("qqq", 5) is None
    assert tracks().candidates("", 5) is None


def test_vectors_are_those_of_the_tracks():
    vectors = tracks().vectors_of(np.array([1, 5, 9, 30]))
    assert vectors[:, 0].tolist() == pytest.approx([0, 0.9, 0, 0])
    assert vectors.shape == (4, 64)
