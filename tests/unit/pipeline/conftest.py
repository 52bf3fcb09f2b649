"""Fixtures shared by the tests of the pipeline."""

import pytest

from embeat_pipeline.interactions.playlists import Playlists
from tests.support.themed_playlists import make_themed_playlists


@pytest.fixture(scope="session")
def themed_playlists() -> Playlists:
    """300 playlists in ten themes, see ``make_themed_playlists``."""
    return make_themed_playlists()
