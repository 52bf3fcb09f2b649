"""Open the published release that the settings name."""

import re
from pathlib import Path

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest
from embeat_serve.errors import BrokenRelease, NoRelease
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.qdrant_edge import EdgeStore

_RELEASE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def open_store(settings: Settings) -> tuple[VectorStore, Manifest, Path | None]:
    """Open the published release: of the server if a URL is set, else of the lake.

    Returns:
        The store, its manifest, and the folder of the release (None on a server; read files with
        ``store.read_file``).

    Raises:
        NoRelease: nothing was published.
        BrokenRelease: the published release cannot be read.
        StoreUnreachable: the server does not answer.
    """
    if settings.qdrant_url:
        from embeat_serve.stores.qdrant_server import ServerStore

        store = ServerStore.connect(settings)
        try:
            check_format(store.manifest)
        except BrokenRelease:
            store.close()
            raise
        return store, store.manifest, None
    name = published_release(settings)
    folder = settings.lake.release(name)
    manifest = read_manifest(settings.lake, name)
    return EdgeStore(folder), manifest, folder


def published_release(settings: Settings) -> str:
    """The name of the published release. It is cheap enough to be called often.

    Raises:
        NoRelease: nothing was published.
        StoreUnreachable: the server does not answer.
    """
    if settings.qdrant_url:
        from embeat_serve.stores.qdrant_connection import address_of, connect, published_on

        client = connect(settings)
        try:
            return published_on(client, address_of(settings.qdrant_url))
        finally:
            client.close()
    return current_release(settings.lake)


def current_release(lake: LakePaths) -> str:
    """The name in the file ``CURRENT`` of a lake.

    Raises:
        NoRelease: there is no such file.
        BrokenRelease: it does not hold a name.
    """
    try:
        name = lake.current.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise NoRelease(
            f"nothing is published in {lake.root}; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        ) from None
    except (OSError, ValueError) as error:
        raise BrokenRelease(f"{lake.current} cannot be read: {error}") from error
    if not _RELEASE_NAME.fullmatch(name):
        raise BrokenRelease(
            f"{lake.current} holds {name[:80]!r}, expected the name of a release; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    return name


def read_manifest(lake: LakePaths, release: str) -> Manifest:
    """The manifest of a release of this lake, of a format version that can be read.

    Raises:
        BrokenRelease: it is missing, unreadable or of another version.
    """
    folder = lake.release(release)
    again = f"run `python -m embeat_pipeline run --lake {lake.root}` to build and publish one"
    try:
        manifest = Manifest.read(folder)
    except FileNotFoundError:
        raise BrokenRelease(
            f"release {release} in {lake.index} is missing or unfinished; {again}"
        ) from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BrokenRelease(
            f"manifest of release {release} in {lake.index} cannot be read: {error}; {again}"
        ) from error
    check_format(manifest)
    return manifest


def check_format(manifest: Manifest) -> None:
    """Refuse a release that this version cannot read.

    Raises:
        BrokenRelease: it has another format version.
    """
    if manifest.format_version != FORMAT_VERSION:
        raise BrokenRelease(
            f"release {manifest.release} has format version {manifest.format_version}, "
            f"expected {FORMAT_VERSION}; build it again with `python -m embeat_pipeline run`"
        )
