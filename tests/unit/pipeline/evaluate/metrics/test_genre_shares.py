import numpy as np
import polars as pl
import pytest

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.metrics.catalogue_metrics import catalogue_metrics
from embeat_pipeline.evaluate.metrics.genre_shares import genre_shares
from embeat_pipeline.interactions.playlists import membership
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.contract.lake import LakePaths


@pytest.fixture
def lake(tmp_path):
    """Artist 0 has genre 0, artist 1 genre 1, artist 2 none; genre 2 has no place on the map."""
    lake = LakePaths(tmp_path)
    lake.tables.mkdir()
    pl.DataFrame({"artist_code": [0, 0, 1], "genre_code": [0, 1, 1], "position": [0, 1, 0]}).select(
        pl.all().cast(pl.UInt32)
    ).write_parquet(lake.table("artist_genres"))
    pl.DataFrame(
        {"genre": ["pop", "rock", "noise"], "x": [0.1, 0.2, None], "y": [0.3, 0.4, None]}
    ).write_parquet(lake.table("genre_map"))
    return lake


def test_every_list_and_every_playlist_has_the_same_weight(lake):
    catalogue = Catalogue(pl.Series("track_id", ["a", "b", "c", "d"]), np.array([0, 1, 2, 0]))
    targets = membership(np.array([0, 1, 3]), np.array([0, 1, 2]), 4)
    queries = QuerySet(np.arange(2), np.arange(2, dtype=np.uint64), np.array([[3], [3]]), targets)
    ranked = np.array([[0, -1], [0, 1]])
    shares = {row["genre"]: row for row in genre_shares(lake, catalogue, queries, ranked)}
    assert set(shares) == {"pop", "rock"}
    # The first list is all pop; the second is half pop, half rock.
    assert shares["pop"]["recommended"] == pytest.approx(0.75)
    assert shares["rock"]["recommended"] == pytest.approx(0.25)
    # Track 2 has no genre, so only half of the second playlist counts.
    assert shares["pop"]["wanted"] == pytest.approx(2 / 3)
    assert shares["rock"]["wanted"] == pytest.approx(1 / 3)


def test_genres_that_nobody_wants_or_gets_are_left_out(lake):
    catalogue = Catalogue(pl.Series("track_id", ["a", "b"]), np.array([0, 0]))
    targets = membership(np.array([0, 1]), np.array([0]), 2)
    queries = QuerySet(np.arange(1), np.arange(1, dtype=np.uint64), np.array([[1]]), targets)
    shares = genre_shares(lake, catalogue, queries, np.array([[0]]))
    assert [row["genre"] for row in shares] == ["pop"]


def test_catalogue_metrics_are_of_the_first_twenty_of_all_lists():
    ranked = np.arange(60).reshape(2, 30)
    assert catalogue_metrics(ranked, 80)["coverage@20"] == 0.5
