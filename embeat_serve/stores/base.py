"""The interface of a vector store: what every part of serving asks of a release."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from embeat_serve.stores.query import Filter, Hit, Query

EVERYTHING = Filter()
"""Lets every point through."""


class VectorStore(Protocol):
    """A published release that answers queries."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer all queries, in their order. Each collection is asked once.

        Raises:
            ValueError: a query vector holds NaN or infinity, or has the wrong length.
            BrokenRelease: the release cannot be read.
            StoreUnreachable: the server does not answer.
        """
        ...

    def retrieve(
        self,
        collection: str,
        ids: Sequence[int],
        payload: bool | Sequence[str] = True,
        with_vector: bool = False,
    ) -> list[Hit]:
        """Points by id, in the order of ``ids``; unknown ids are left out. Scores are 0.

        Raises:
            BrokenRelease: the release cannot be read.
            StoreUnreachable: the server does not answer.
        """
        ...

    def count(self, collection: str, filter: Filter = EVERYTHING) -> int:
        """The exact number of points that match; raises as ``retrieve`` does."""
        ...

    def read_file(self, name: str) -> bytes:
        """Content of a file of the release (``ReleaseFile``).

        Raises:
            BrokenRelease: it is missing.
            StoreUnreachable: the server does not answer.
        """
        ...

    def read_array(self, name: str) -> NDArray[Any]:
        """A file of the release that holds one array. A file on disk is mapped, not copied.

        Raises:
            BrokenRelease: it is missing.
            ValueError: it holds something else.
        """
        ...

    def load(self) -> None:
        """Load the whole release now, so that it can be asked even after it was removed.

        Raises:
            BrokenRelease: it cannot be read.
        """
        ...

    def close(self) -> None:
        """Release its memory and connections. Closing twice is fine."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...
