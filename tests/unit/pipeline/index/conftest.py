"""Fixtures of the index stage's tests: made-up lakes, with and without a release."""

from tests.support.index_lake import built, built_copy, lake, make_lake

__all__ = ["built", "built_copy", "lake", "make_lake"]
