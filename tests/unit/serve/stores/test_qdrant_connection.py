import httpx
import pytest
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import UnexpectedResponse

from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, NoRelease, StoreUnreachable
from embeat_serve.stores.qdrant_connection import (
    META,
    address_of,
    answering,
    published_on,
    release_of,
    server_collection,
)


def test_a_collection_name_tells_its_release() -> None:
    for collection in (*Collection.ALL, META):
        assert release_of(server_collection("0123456789ab", collection)) == "0123456789ab"
    assert release_of("embeat_0123456789ab_other") is None
    assert release_of("somebody_elses") is None


def test_an_address_shows_no_secret() -> None:
    assert address_of("https://name:word@host:6333/x?key=z") == "https://host:6333"


def test_a_server_with_nothing_published() -> None:
    client = QdrantClient(":memory:")
    with pytest.raises(NoRelease, match="nothing is published on the Qdrant server"):
        published_on(client, "the Qdrant server")
    client.close()


def test_a_refused_request_and_a_release_that_is_gone_are_told_apart() -> None:
    def refusal(status: int) -> UnexpectedResponse:
        return UnexpectedResponse(status, "Refused", b"k3y", httpx.Headers())

    with pytest.raises(StoreUnreachable, match="refused: 403 Refused"), answering("here"):
        raise refusal(403)
    with pytest.raises(BrokenRelease, match="gone from here"), answering("here"):
        raise refusal(404)
