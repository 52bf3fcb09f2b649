"""Ask a published Embeat release for music like a song.

with embeat_serve.open(lake="data_lake") as recommender:
    result = recommender.recommend("晴天 - Jay Chou", k=20)
"""

from os import PathLike
from typing import TYPE_CHECKING

from embeat_serve.errors import EmbeatError
from embeat_serve.filters.request import Filters
from embeat_serve.options import RecallOptions

if TYPE_CHECKING:
    from embeat_serve.recommender import Recommender

__all__ = ["EmbeatError", "Filters", "RecallOptions", "open"]


def open(
    lake: str | PathLike[str] | None = None,
    url: str | None = None,
    api_key: str | None = None,
) -> "Recommender":
    """Open the published release; close it, or use it in a ``with`` block.

    Args:
        lake: data lake to read it from; ``EMBEAT_LAKE`` or ``data_lake`` where None.
        url: Qdrant server to ask instead; ``EMBEAT_QDRANT_URL`` where both are None.
        api_key: the server's key; ``EMBEAT_QDRANT_API_KEY`` where None.

    Raises:
        UsageError: an ``EMBEAT_*`` variable cannot be read.
        NoRelease: nothing is published there.
        BrokenRelease: what is published cannot be read.
        StoreUnreachable: the Qdrant server does not answer.
    """
    # The pipeline imports this package for its contract and needs no engine.
    from embeat_serve.recommender import Recommender
    from embeat_serve.settings import Settings

    return Recommender(Settings.from_environment().having(lake=lake, url=url, api_key=api_key))
