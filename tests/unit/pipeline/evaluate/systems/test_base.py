import numpy as np

from embeat_pipeline.evaluate.systems.base import rank, top_columns
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn
from embeat_pipeline.interactions.queries import draw_queries


def test_blocks_of_queries_do_not_change_the_lists(parts, monkeypatch):
    train, _, test = parts
    queries = draw_queries(test, 5)
    model = ItemKnn(train.tracks)
    whole = rank(model, queries)
    monkeypatch.setattr("embeat_pipeline.evaluate.systems.base.BLOCK_SCORES", 3_000)
    assert np.array_equal(whole, rank(model, queries))


def test_ties_go_to_the_lower_code():
    assert top_columns(np.array([[1, 3, 1, 3]], np.float32), 3).tolist() == [[1, 3, 0]]
