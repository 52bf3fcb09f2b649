"""Reach a Qdrant server: client, names of collections and aliases, errors in one line.

Each release is a set of collections named ``embeat_<release>_<collection>``. One request moves
the aliases ``embeat_<collection>`` from one release to the next.
"""

import re
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, NoRelease, StoreUnreachable, UsageError
from embeat_serve.settings import Settings

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


META = "meta"
"""Collection of the files of a release: payload ``file`` (name) and ``content`` (base64)."""


_COLLECTION_NAME = re.compile(
    rf"embeat_(?P<release>[0-9A-Za-z-]+)_({'|'.join((*Collection.ALL, META))})"
)


TIMEOUT = 10
"""Seconds until a server that does not answer is called unreachable."""


def alias_of(collection: str) -> str:
    """The alias of a collection of the published release."""
    return f"embeat_{collection}"


def server_collection(release: str, collection: str) -> str:
    """The name of a collection of one release."""
    return f"embeat_{release}_{collection}"


def release_of(collection_name: str) -> str | None:
    """The release that a collection on the server belongs to; None if it belongs to none."""
    name = _COLLECTION_NAME.fullmatch(collection_name)
    return name["release"] if name else None


def connect(settings: Settings, timeout: int = TIMEOUT) -> "QdrantClient":
    """A client for the server in ``settings``; nothing is sent yet.

    Args:
        settings: with the URL, key and certificates of the server.
        timeout: seconds.

    Raises:
        UsageError: the URL is not valid, or the file of certificates cannot be read.
    """
    from qdrant_client import QdrantClient

    url = settings.qdrant_url or ""
    trusted: dict[str, Any] = {}
    address = address_of(url)
    if settings.qdrant_ca is not None:
        try:
            trusted["verify"] = ssl.create_default_context(cafile=settings.qdrant_ca)
        except OSError as error:
            raise UsageError(
                f"EMBEAT_QDRANT_CA names {settings.qdrant_ca}, which cannot be read as "
                f"certificates ({error.strerror or type(error).__name__}); expected a PEM file"
            ) from None
    with answering(address):
        return QdrantClient(
            url=url,
            api_key=settings.qdrant_api_key,
            timeout=timeout,
            check_compatibility=False,
            **trusted,
        )


def published_on(client: "QdrantClient", address: str) -> str:
    """The name of the release that the aliases name.

    Raises:
        NoRelease: there are no aliases.
        StoreUnreachable: no answer, or refused.
    """
    with answering(address):
        aliases = client.get_aliases().aliases
    for alias in aliases:
        release = release_of(alias.collection_name)
        if alias.alias_name == alias_of(META) and release:
            return release
    raise NoRelease(
        f"nothing is published on {address}; "
        f"run `python -m embeat_pipeline run` with EMBEAT_QDRANT_URL set"
    )


def address_of(url: str) -> str:
    """The URL without user name, password, path or query, so that it can be shown.

    Raises:
        UsageError: the URL is not valid.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # The URL may hold a password, so the message does not repeat it.
        raise UsageError("EMBEAT_QDRANT_URL must look like http://localhost:6333")
    return f"{parts.scheme}://{parts.hostname}{port}"


@contextmanager
def answering(address: str) -> Generator[None]:
    """Turn exceptions of the client into one line that names the server and never a key."""
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

    try:
        yield
    except ResourceExhaustedResponse:
        raise StoreUnreachable(
            f"the Qdrant server at {address} has too much to do; try again in a moment"
        ) from None
    except UnexpectedResponse as error:
        if error.status_code == 404:
            raise BrokenRelease(
                f"the release asked for is gone from {address}; open the published one again"
            ) from None
        denied = error.status_code in (401, 403)
        raise StoreUnreachable(
            f"the Qdrant server at {address} refused: {error.status_code} {error.reason_phrase}; "
            f"{'check EMBEAT_QDRANT_API_KEY' if denied else 'try again, or look into its log'}"
        ) from None
    except (ApiException, OSError, ValueError) as error:
        cause = getattr(error, "source", None) or error
        raise StoreUnreachable(
            f"the Qdrant server at {address} does not answer ({type(cause).__name__}); "
            f"check EMBEAT_QDRANT_URL, or unset it to read the lake"
        ) from None
