"""Fixtures of the index stage's integration tests: a made-up lake with one release."""

from tests.support.index_lake import built

__all__ = ["built"]
