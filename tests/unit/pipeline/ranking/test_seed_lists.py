import numpy as np
import pytest

from embeat_pipeline.interactions.playlists import read_playlists
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import read_inputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.ranking.artist_songs import ArtistSongs
from embeat_pipeline.ranking.seed_lists import SeedLists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.neighbour_codec import NeighbourList, unpack
from embeat_serve.contract.schema import Collection
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import open_store


@pytest.fixture(scope="module")
def seed_lists(published_lake: LakePaths) -> SeedLists:
    config = NeighbourConfig()
    model = NeighbourModel(read_inputs(published_lake, config), config)
    return SeedLists(model, ArtistSongs.read(published_lake).artists)


def as_rows(one: NeighbourList) -> dict[int, tuple]:
    assert one.shared is not None
    assert one.als is not None
    assert one.log_counts is not None
    columns = (one.strengths, one.several, one.shared, one.als, one.log_counts)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(one.codes.tolist(), rows, strict=True))


def test_lists_are_those_that_a_release_holds(published_lake: LakePaths, seed_lists: SeedLists):
    playlists = read_playlists(published_lake.table("playlists"), 4_000)
    frequency = playlists.frequency()
    known = np.flatnonzero(frequency)[::150]
    made = seed_lists.lists_of(known)
    store, _, _ = open_store(Settings(lake=published_lake))
    hits = store.retrieve(Collection.TRACKS_PLAYLIST, known.tolist())
    assert len(hits) == len(known) > 5
    for hit in hits:
        served = unpack(hit.track["neighbours"], hit.track["neighbour_confidence"])
        own = made[hit.id]
        assert as_rows(own) == as_rows(served)
        assert own.confidence == pytest.approx(served.confidence, abs=1e-4)
    store.close()


def test_a_track_in_no_playlist_has_the_list_of_its_artist(
    published_lake: LakePaths, seed_lists: SeedLists
):
    frequency = read_playlists(published_lake.table("playlists"), 4_000).frequency()
    artists = ArtistSongs.read(published_lake).artists
    cold = np.flatnonzero((frequency == 0) & (artists >= 0))[:20]
    made = seed_lists.lists_of(cold)
    store, _, _ = open_store(Settings(lake=published_lake))
    hits = store.retrieve(Collection.ARTISTS, np.unique(artists[cold]).tolist())
    served = {hit.id: hit.artist.get("neighbours") for hit in hits}
    assert any(served.values())
    for code in cold.tolist():
        text, own = served[int(artists[code])], made.get(code)
        if text is None:
            assert own is None or not len(own.codes)
        else:
            assert own is not None
            assert as_rows(own) == as_rows(unpack(text))
            assert own.confidence == 0
    store.close()
