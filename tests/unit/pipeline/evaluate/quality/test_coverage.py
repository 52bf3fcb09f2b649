import numpy as np

import embeat_serve
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists
from embeat_pipeline.evaluate.inputs.release_client import open_client, single_release_lake
from embeat_pipeline.evaluate.quality.coverage import (
    attribution,
    catalogue_coverage,
    catalogue_seeds,
)
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn
from embeat_serve.contract.lake import LakePaths
from embeat_serve.options import RecallOptions


def test_seeds_are_drawn_once_each_and_anew_with_another_seed():
    drawn = catalogue_seeds(1_000, 0, 50)
    assert len(set(drawn.tolist())) == 50
    assert (drawn == catalogue_seeds(1_000, 0, 50)).all()
    assert (drawn != catalogue_seeds(1_000, 1, 50)).any()
    assert 300 < catalogue_seeds(1_000, 0, 400).mean() < 700


def test_the_release_answers_songs_that_item_knn_cannot(published_lake: LakePaths):
    catalogue = read_catalogue(published_lake)
    train = lake_playlists(published_lake)
    with open_client(published_lake, None, workers=1) as ask:
        found = catalogue_coverage(
            ask,
            RecallOptions(),
            catalogue,
            models={"item-kNN": ItemKnn(train.tracks)},
            seed=0,
            number=80,
        )
    known = (train.frequency()[catalogue_seeds(len(catalogue), 0, 80)] > 0).mean()
    assert found["item-kNN"]["answered"] <= known < 1
    assert found["product"]["answered"] > 0.99
    assert 0 < found["product"]["coverage@20"] < 1


def test_reasons_are_real(published_lake: LakePaths):
    catalogue = read_catalogue(published_lake)
    seeds = catalogue.ids(np.arange(0, 400, 40)[:, None])
    with (
        single_release_lake(published_lake, None) as root,
        embeat_serve.open(lake=root) as recommender,
    ):
        found = attribution(recommender, seeds, RecallOptions(), length=10)
    assert found["songs"] == 100
    assert found["lowered"] > 0.6
