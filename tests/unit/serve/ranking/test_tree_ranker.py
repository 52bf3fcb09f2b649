from dataclasses import replace

import numpy as np
import pytest

from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.scoring import MAX_BLOCKED_SCORE, ScoringContext, score_channels
from embeat_serve.ranking.title_features import TITLE_FEATURES
from embeat_serve.ranking.tree_features import FEATURES
from embeat_serve.ranking.tree_ranker import CalibratedTrees, TreeRanker, applies
from embeat_serve.retrieval.channel import ChannelResult
from tests.support.plain_scoring import result_of
from tests.support.trees import NO_GENRE_VECTORS, ranker_by, trees_by

RESULTS = [
    result_of("playlist", 0, {1: 0.9, 2: 0.5}),
    result_of("same_artist", 0, {2: None, 3: None}, cosine=0.8),
    result_of("acoustic", 0, {4: None}, "genre", cosine=0.9),
]


def table(results: list[ChannelResult] = RESULTS) -> CandidateTable:
    scorer = ScoringContext(RecallOptions(), DEFAULT_MODEL).scorer(results)
    scored = score_channels(results, scorer)
    return scored.select(np.argsort(scored.ids))


def features(**columns: list[float]) -> np.ndarray:
    values = np.zeros((4, len(FEATURES)), np.float32)
    for name, column in columns.items():
        values[:, FEATURES.index(name)] = column
    return values


def test_a_score_is_the_product_of_both_stages():
    before = table()
    ranker = ranker_by("genre_similarity", [0.1, 0.5, 0.8])
    scored = ranker.rescore(before, features(genre_similarity=[0.2, 0.9, 0.6, 1.0]))
    odds = ranker.trees.slope * np.array([1, 3, 2]) + ranker.trees.intercept
    opinion = before.scores[:3] / before.scores[:3].max() / (1 + np.exp(-odds))
    assert scored.scores[:3] == pytest.approx(MAX_BLOCKED_SCORE + (1 - MAX_BLOCKED_SCORE) * opinion)
    assert scored.ids[np.argmax(scored.scores)] != before.ids[np.argmax(before.scores)]


def test_with_several_seeds_the_first_stage_counts_less():
    before, rows = table(), features(genre_similarity=[0, 0, 0, 0])
    ranker = ranker_by("genre_similarity", [0.5])
    one, several = (ranker.rescore(before, rows, seeds).scores[:3] for seeds in (1, 2))
    shares = before.scores[:3] / before.scores[:3].max()
    floor, span = MAX_BLOCKED_SCORE, 1 - MAX_BLOCKED_SCORE
    assert (several - floor) / span == pytest.approx((one - floor) / span / np.sqrt(shares))


def test_trees_that_see_the_title_are_added_to_the_others():
    before = table()
    trees, title_trees = ranker_by("als", [0.5]).trees, trees_by("title_fit", [0.1, 0.2, 0.3])
    ranker = TreeRanker(trees, title_trees, NO_GENRE_VECTORS)
    of_title = np.zeros((4, len(TITLE_FEATURES)), np.float32)
    of_title[:, TITLE_FEATURES.index("title_fit")] = [0, 1, 0.25, 1]
    rows = features(als=[0, 0, 1, 0])
    scored = ranker.rescore(before, rows, of_title=of_title)
    odds = title_trees.slope * np.array([0, 3, 3]) + title_trees.intercept
    opinion = before.scores[:3] / before.scores[:3].max() / (1 + np.exp(-odds))
    floor, span = MAX_BLOCKED_SCORE, 1 - MAX_BLOCKED_SCORE
    assert scored.scores[:3] == pytest.approx(floor + span * opinion)
    # Without a title, and without such trees, nothing changes.
    alone = TreeRanker(trees, CalibratedTrees(), NO_GENRE_VECTORS).rescore(before, rows).scores
    assert np.array_equal(ranker.rescore(before, rows).scores, alone)


def test_where_the_trees_see_no_difference_the_first_stage_decides():
    before = table()
    scored = ranker_by("als", [0.5]).rescore(before, features(als=[0, 0, 0, 0]))
    assert np.array_equal(np.argsort(-scored.scores), np.argsort(-before.scores))


def test_a_blocked_candidate_stays_below_all_others():
    before = table()
    ranker = ranker_by("genre_similarity", [0.0] * 300, sign=-1.0)
    scored = ranker.rescore(before, features(genre_similarity=[1, 1, 1, 0]))
    assert scored.scores[3] == before.scores[3]
    assert scored.scores[:3].min() >= scored.scores[3]


def test_scores_are_split_among_the_channels_that_found_a_track():
    ranker = ranker_by("same_artist", [0.5])
    scored = ranker.rescore(table(), features(same_artist=[1, 1, 0, 0]))
    candidates = scored.candidates({id: {} for id in range(1, 5)})
    scored.attach_evidence(candidates)
    for candidate in candidates:
        assert sum(candidate.channels().values()) == pytest.approx(candidate.score)
    by_id = {candidate.id: candidate.channels() for candidate in candidates}
    # Track 1 was found by playlists alone; the artist's part counts for what found it.
    assert list(by_id[1]) == ["playlist"]
    assert list(by_id[2]) == ["same_artist", "playlist"]
    assert by_id[2]["same_artist"] > 0.99 * sum(by_id[2].values())


def test_the_bytes_of_a_ranker_are_read_back_and_always_the_same():
    ranker = replace(ranker_by("als", [0.1, 0.2]), title_trees=trees_by("title_fit", [0.3]))
    again = TreeRanker.from_bytes(ranker.to_bytes())
    assert again.to_bytes() == ranker.to_bytes()
    rows = features(als=[0, 0.15, 0.3, 1])
    assert np.array_equal(again.trees.ensemble.scores(rows), ranker.trees.ensemble.scores(rows))
    assert again.trees.slope == ranker.trees.slope
    assert again.trees.intercept == ranker.trees.intercept
    assert len(again.title_trees.ensemble) == 1


def test_an_empty_ranker_has_no_trees():
    assert len(TreeRanker.from_bytes(TreeRanker.empty().to_bytes()).trees.ensemble) == 0


@pytest.mark.parametrize("content", [b"", b"no archive", ranker_by("als", [0.1]).to_bytes()[:-30]])
def test_other_bytes_are_refused(content: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        TreeRanker.from_bytes(content)


def test_trees_over_other_features_are_refused(monkeypatch: pytest.MonkeyPatch):
    content = ranker_by("als", [0.1]).to_bytes()
    monkeypatch.setattr("embeat_serve.ranking.tree_ranker.FEATURES_WITH_TITLE", FEATURES)
    with pytest.raises(ValueError, match="title_share, expected"):
        TreeRanker.from_bytes(content)


def test_trees_rank_songs_that_have_neighbour_lists():
    assert applies(RESULTS, is_artist=False)
    assert not applies(RESULTS[1:], is_artist=False)
    assert not applies([result_of("playlist", 0, {})], is_artist=False)
    assert not applies(RESULTS, is_artist=True)
