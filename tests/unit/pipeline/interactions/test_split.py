import numpy as np
import pytest

from embeat_pipeline.interactions.playlists import membership
from embeat_pipeline.interactions.split import SplitOptions, alike_pairs, novel, split_playlists

OPTIONS = SplitOptions(test_share=0.2, validation_share=0.2)


def jaccard(playlists):
    dense = playlists.tracks.toarray()
    shared = dense @ dense.T
    sizes = dense.sum(axis=1)
    return shared / (sizes[:, None] + sizes[None, :] - shared)


def test_every_playlist_is_in_one_part(themed_playlists):
    split = split_playlists(themed_playlists, OPTIONS)
    assert np.all(split.train.astype(int) + split.validation + split.test == 1)
    assert 30 < split.test.sum() < 90
    assert split.validation.any()


@pytest.mark.parametrize("threshold", [0.1, 0.2, 0.5])
def test_no_near_duplicates_straddle_train_and_validation(themed_playlists, threshold):
    options = SplitOptions(
        test_share=0.2, validation_share=0.4, duplicate_jaccard=threshold, seed=3
    )
    split = split_playlists(themed_playlists, options)
    across = jaccard(themed_playlists)[np.ix_(split.train, split.validation)]
    assert across.size == 0 or across.max() <= threshold


def test_novel_means_unlike_every_training_playlist(themed_playlists):
    split = split_playlists(themed_playlists, OPTIONS)
    found = novel(themed_playlists.select(split.test), themed_playlists.select(split.train), 0.2)
    closest = jaccard(themed_playlists)[np.ix_(split.test, split.train)].max(axis=1)
    assert np.array_equal(found, closest <= 0.2)
    assert 0 < found.sum() < len(found), "the made-up playlists hold copies and originals"


def test_split_does_not_move_when_the_lake_grows(themed_playlists):
    options = SplitOptions(test_share=0.2, validation_share=0.0)
    half = np.arange(150)
    whole = split_playlists(themed_playlists, options)
    part = split_playlists(themed_playlists.select(half), options)
    assert np.array_equal(part.test, whole.test[half])


def test_seed_moves_the_split_and_only_the_seed(themed_playlists):
    first, again, other = (
        split_playlists(themed_playlists, SplitOptions(seed=seed)).test for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_large_sets_are_capped(themed_playlists):
    split = split_playlists(themed_playlists, SplitOptions(test_share=0.5, max_test=30))
    assert split.test.sum() < 60


def test_nothing_to_compare():
    empty = membership(np.array([0]), np.array([], np.int64), 4)
    rows, columns, index = alike_pairs(empty, empty, 0.2)
    assert rows.size == columns.size == index.size == 0
