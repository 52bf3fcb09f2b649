"""VectorStore: where a release is asked, embedded or on a server, behind one small interface.

``EdgeStore`` reads a release folder with the engine in this process; ``ServerStore`` asks a
Qdrant server. Both give the same answers to the same queries (``tests/serve/test_store.py``).
"""

from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.edge import EdgeStore
from embeat_serve.stores.opening import open_store, published_release
from embeat_serve.stores.server import ServerStore

__all__ = ["EdgeStore", "ServerStore", "VectorStore", "open_store", "published_release"]
