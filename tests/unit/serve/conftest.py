"""Fixtures of the serving package: a small release made by hand."""

from tests.support.handmade_release import catalogue, make_release, recommender

__all__ = ["catalogue", "make_release", "recommender"]
