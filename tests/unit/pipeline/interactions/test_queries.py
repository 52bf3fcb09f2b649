import numpy as np
import pytest

from embeat_pipeline.interactions.queries import (
    MIN_TARGETS,
    STRATA,
    draw_queries,
    frequency_thirds,
    strata,
)


@pytest.mark.parametrize("num_seeds", [1, 5, 25])
def test_seeds_and_targets_make_up_the_playlist(themed_playlists, num_seeds):
    queries = draw_queries(themed_playlists, num_seeds)
    assert len(queries) > 0
    assert queries.seeds.shape == (len(queries), num_seeds)
    whole = themed_playlists.tracks[queries.playlists]
    assert (abs(queries.seed_matrix() + queries.targets - whole)).sum() == 0
    assert np.diff(queries.targets.indptr).min() >= MIN_TARGETS


def test_small_playlists_are_not_asked_about(themed_playlists):
    queries = draw_queries(themed_playlists, 25, min_tracks=40)
    assert themed_playlists.sizes[queries.playlists].min() >= 40
    asked = draw_queries(themed_playlists, 25).playlists
    assert themed_playlists.sizes[asked].min() >= 25 + MIN_TARGETS


def test_draw_depends_on_playlist_and_seed_alone(themed_playlists):
    rows = np.arange(40, 80)
    whole = draw_queries(themed_playlists, 5)
    part = draw_queries(themed_playlists.select(rows), 5)
    inside = np.isin(whole.playlists, rows[part.playlists])
    assert np.array_equal(whole.seeds[inside], part.seeds)
    assert not np.array_equal(whole.seeds, draw_queries(themed_playlists, 5, seed=1).seeds)


def test_more_seeds_include_the_fewer(themed_playlists):
    one, five = draw_queries(themed_playlists, 1), draw_queries(themed_playlists, 5)
    assert np.array_equal(one.playlists, five.playlists)
    assert (one.seeds == five.seeds).any(axis=1).all()


def test_strata_cover_all_queries(themed_playlists):
    queries = draw_queries(themed_playlists, 1)
    frequency = themed_playlists.frequency()
    frequency[queries.seeds[:7, 0]] = 0
    is_novel = np.arange(len(themed_playlists)) % 2 == 0
    found = strata(queries, frequency, is_novel)
    for kind, values in found.items():
        assert set(values.tolist()) <= set(STRATA[kind])
    assert (found["vocabulary"][:7] == "out").all()
    assert (found["popularity"][:7] == "tail").all()
    assert np.array_equal(found["overlap"] == "novel", is_novel[queries.playlists])


def test_thirds_of_all_entries():
    frequency = np.array([0] * 50 + [1] * 24 + [5] * 6 + [30])
    assert frequency_thirds(frequency) == (5, 30)
    assert frequency_thirds(np.zeros(3, np.int64)) == (1, 1)
