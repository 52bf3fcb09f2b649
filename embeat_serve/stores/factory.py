"""From settings to an open release."""

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
    """Open the published release: of the lake, or of the server where a URL is set.

    Returns:
        The store, its manifest, and the release's folder (None on a server; files of either
        are read with ``store.read_file``).

    Raises:
        NoRelease: nothing was published.
        BrokenRelease: what was published cannot be read.
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
    """Name of the release to serve now; cheap enough to ask again and again.

    Raises:
        NoRelease: nothing was published.
        StoreUnreachable: the server does not answer.
    """
    if settings.qdrant_url:
        from embeat_serve.stores.qdrant_server import address_of, connect, published_on

        client = connect(settings)
        try:
            return published_on(client, address_of(settings.qdrant_url))
        finally:
            client.close()
    return current_release(settings.lake)


def current_release(lake: LakePaths) -> str:
    """Name in ``CURRENT``.

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
    """Manifest of a release of this lake, checked for its format version.

    Raises:
        BrokenRelease: missing, unreadable or of another version.
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
    """Refuse a release this version cannot read.

    Raises:
        BrokenRelease: it has another format version.
    """
    if manifest.format_version != FORMAT_VERSION:
        raise BrokenRelease(
            f"release {manifest.release} has format version {manifest.format_version}, "
            f"expected {FORMAT_VERSION}; build it again with `python -m embeat_pipeline run`"
        )
