"""Switch a Qdrant server to a release by moving its aliases, and remove older releases."""

from collections.abc import Container

from qdrant_client import QdrantClient, models

from embeat_serve.contract.schema import Collection
from embeat_serve.stores.qdrant_connection import META, alias_of, release_of, server_collection


def switch_aliases(client: QdrantClient, release: str) -> str | None:
    """Move all aliases to ``release`` in one request.

    Returns:
        The release served before; None where there was none, or where it was this one.
    """
    targets = {
        alias_of(collection): server_collection(release, collection)
        for collection in (*Collection.ALL, META)
    }
    current = {alias.alias_name: alias.collection_name for alias in client.get_aliases().aliases}
    previous = release_of(current.get(alias_of(META), ""))
    if previous == release:
        return None
    moves: list[models.DeleteAliasOperation | models.CreateAliasOperation] = []
    for alias, target in targets.items():
        if alias in current:
            deletion = models.DeleteAlias(alias_name=alias)
            moves.append(models.DeleteAliasOperation(delete_alias=deletion))
        creation = models.CreateAlias(collection_name=target, alias_name=alias)
        moves.append(models.CreateAliasOperation(create_alias=creation))
    client.update_collection_aliases(moves)
    return previous


def remove_other_releases(client: QdrantClient, kept: Container[str | None]) -> None:
    """Delete the collections of every release that is not in ``kept``."""
    for description in client.get_collections().collections:
        release = release_of(description.name)
        if release is not None and release not in kept:
            client.delete_collection(description.name)
