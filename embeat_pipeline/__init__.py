"""Dagster assets from raw dumps to a published release."""

__version__ = "0.2.0"
