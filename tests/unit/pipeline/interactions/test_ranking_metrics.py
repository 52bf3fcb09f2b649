import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.interactions import ranking_metrics as metrics
from embeat_pipeline.interactions.playlists import membership

# Our name -> trec_eval's.
TREC = {
    "ndcg@20": "ndcg_cut_20",
    "ndcg@100": "ndcg_cut_100",
    "recall@100": "recall_100",
    "hit@20": "success_20",
    "r_precision": "Rprec",
    "mrr": "recip_rank",
}


@st.composite
def runs(draw):
    """Lists of any length up to 120, some empty, and targets, some never listed."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, catalogue = draw(st.integers(1, 8)), draw(st.integers(5, 400))
    k = draw(st.integers(1, 120))
    ranked = np.full((count, k), metrics.PADDING)
    targets = []
    for row in range(count):
        length = random.integers(0, min(k, catalogue) + 1)
        ranked[row, :length] = random.permutation(catalogue)[:length]
        targets.append(random.permutation(catalogue)[: random.integers(1, min(150, catalogue))])
    indptr = np.concatenate([[0], np.cumsum([len(codes) for codes in targets])])
    return ranked, membership(indptr, np.concatenate(targets), catalogue)


@settings(max_examples=60)
@given(runs())
def test_agrees_with_trec_eval(run):
    ranked, targets = run
    wanted = {
        str(row): {str(code): 1 for code in targets.indices[slice(*targets.indptr[row : row + 2])]}
        for row in range(len(ranked))
    }
    given_lists = {
        str(row): {str(code): float(-place) for place, code in enumerate(codes) if code >= 0}
        for row, codes in enumerate(ranked.tolist())
    }
    evaluator = pytrec_eval.RelevanceEvaluator(wanted, set(TREC.values()))
    theirs = evaluator.evaluate(given_lists)
    ours = metrics.ranking_metrics(ranked, targets)
    for row in range(len(ranked)):
        for name, trec_name in TREC.items():
            expected = theirs.get(str(row), {}).get(trec_name, 0.0)
            assert ours[name][row] == pytest.approx(expected, abs=1e-12), (name, row)


def test_perfect_list_scores_one():
    targets = membership(np.array([0, 3]), np.array([7, 2, 5]), 10)
    found = metrics.ranking_metrics(np.array([[2, 5, 7, -1]]), targets)
    assert {name: float(value[0]) for name, value in found.items()} == dict.fromkeys(TREC, 1.0)


def test_padding_and_empty_lists_score_nothing():
    targets = membership(np.array([0, 1, 2]), np.array([0, 9]), 10)
    found = metrics.ranking_metrics(np.full((2, 100), metrics.PADDING), targets)
    assert all((value == 0).all() for value in found.values())


def test_a_track_listed_twice_is_refused():
    targets = membership(np.array([0, 1]), np.array([4]), 10)
    with pytest.raises(ValueError, match="twice"):
        metrics.ranking_metrics(np.array([[4, 3, 4]]), targets)


def test_a_query_without_targets_is_refused():
    targets = membership(np.array([0, 0]), np.array([], np.int64), 10)
    with pytest.raises(ValueError, match="without targets"):
        metrics.ranking_metrics(np.array([[4]]), targets)


def test_distinct_artists():
    ranked = np.array([[0, 1, 2, 3, 4, 5], [0, 1, -1, -1, -1, -1], [-1] * 6])
    artist = np.array([9, 9, 8, 9, 7, 6])
    assert metrics.artists_at_5(ranked, artist).tolist() == [3, 1, 0]


def test_similarity_is_the_mean_over_pairs():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = 0
    ranked = np.stack([random.permutation(50)[:25] for _ in range(6)])
    ranked[5, 1:] = metrics.PADDING
    found = metrics.similarity_at_20(ranked, vectors)
    for row, value in zip(ranked[:5], found[:5], strict=True):
        listed = [code for code in row[:20] if code != 7]
        cosine = vectors[listed] @ vectors[listed].T
        pairs = cosine[np.triu_indices(len(listed), 1)]
        assert value == pytest.approx(pairs.mean(), abs=1e-5)
    assert found[5] == 0


def test_catalogue_metrics():
    even = np.arange(40).reshape(2, 20)
    assert metrics.coverage(even, 80) == 0.5
    assert metrics.gini(even, 40) == pytest.approx(0)
    same = np.tile(np.arange(20), (5, 1))
    assert metrics.coverage(same, 80) == 0.25
    assert metrics.gini(same, 80) == pytest.approx(0.75)
    assert metrics.gini(np.full((2, 3), metrics.PADDING), 80) == 0
