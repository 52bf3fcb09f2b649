"""Get songs like a song, several songs or an artist from a published Embeat release.

with embeat_serve.open(lake="data_lake") as recommender:
    result = recommender.recommend("晴天 - Jay Chou", k=20)
"""

from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING

from embeat_serve.errors import (
    BrokenRelease,
    EmbeatError,
    InvalidFeatures,
    NoRelease,
    SeedNotFound,
    StoreUnreachable,
    Unavailable,
    UsageError,
)

if TYPE_CHECKING:
    from embeat_serve.filters.request import Filters
    from embeat_serve.options import RecallOptions
    from embeat_serve.recommender import Recommender
    from embeat_serve.results import Recommendations, SeedSong, Song

__all__ = [
    "BrokenRelease",
    "EmbeatError",
    "Filters",
    "InvalidFeatures",
    "NoRelease",
    "RecallOptions",
    "Recommendations",
    "Recommender",
    "SeedNotFound",
    "SeedSong",
    "Song",
    "StoreUnreachable",
    "Unavailable",
    "UsageError",
    "open",
]

# The pipeline imports this package for the contract alone and needs no engine.
_LAZY = {
    "Filters": "embeat_serve.filters.request",
    "RecallOptions": "embeat_serve.options",
    "Recommendations": "embeat_serve.results",
    "Recommender": "embeat_serve.recommender",
    "SeedSong": "embeat_serve.results",
    "Song": "embeat_serve.results",
}
"""Name -> module that is imported when the name is first used."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def open(
    lake: str | PathLike[str] | None = None,
    url: str | None = None,
    api_key: str | None = None,
) -> "Recommender":
    """Open the published release. Close it, or use it in a ``with`` block.

    Args:
        lake: data lake to read; ``EMBEAT_LAKE`` or ``data_lake`` if None.
        url: Qdrant server to ask instead; ``EMBEAT_QDRANT_URL`` if both are None.
        api_key: of the server; ``EMBEAT_QDRANT_API_KEY`` if None.

    Raises:
        UsageError: an ``EMBEAT_*`` variable has a wrong value.
        NoRelease: nothing is published there.
        BrokenRelease: the published release cannot be read.
        StoreUnreachable: the Qdrant server does not answer.
    """
    from embeat_serve.recommender import Recommender
    from embeat_serve.settings import Settings

    settings = Settings.from_environment().with_overrides(lake=lake, url=url, api_key=api_key)
    return Recommender(settings)
