"""The playlist channel says the same whether a release is read here or on a Qdrant server."""

from itertools import chain

import numpy as np
import pytest
from qdrant_client import QdrantClient

from embeat_pipeline.index.qdrant_upload import upload_release
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection
from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.retrieval.retriever import channels_of, retrieve
from embeat_serve.seeds.models import Seed
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.factory import current_release
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.qdrant_server import ServerStore

# The client's in-memory mode tells what it does without.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

LISTED = RecallOptions(channels=("playlist",))


def test_lists_are_the_same_on_a_server(catalogue: LakePaths) -> None:
    name = current_release(catalogue)
    client = QdrantClient(":memory:")
    upload_release(catalogue, name, client)
    with EdgeStore(catalogue.release(name)) as edge, ServerStore(client) as server:
        codes = range(0, edge.count(Collection.TRACKS), 5)
        seeds = [Seed.of(hit) for hit in edge.retrieve(Collection.TRACKS, codes, ("artist_codes",))]

        def asked(store: VectorStore, number: int) -> list[list[ChannelResult]]:
            starts = range(0, min(len(seeds), 40) - number, 7)
            requests = [
                RetrievalRequest(seeds[start : start + number], LISTED, 20) for start in starts
            ]
            return [retrieve(store, one, channels_of(one)).results() for one in requests]

        for number in (1, 5, 25):
            here, there = asked(edge, number), asked(server, number)
            for ours, theirs in zip(chain(*here), chain(*there), strict=True):
                np.testing.assert_equal(tuple(ours), tuple(theirs))
            assert any(len(answer.ids) for answers in here for answer in answers)
            # Some have a list of their own, some that of their artist.
            if number == 25:
                confidences = {answer.confidence for answers in here for answer in answers}
                assert len(confidences) > 1
                assert 0.0 in confidences
