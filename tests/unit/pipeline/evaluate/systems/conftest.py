"""Playlists of a few themes, split."""

import pytest

from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.split import SplitOptions, split_playlists


@pytest.fixture(scope="session")
def parts(themed_playlists: Playlists) -> tuple[Playlists, Playlists, Playlists]:
    """Training, validation and test playlists."""
    split = split_playlists(themed_playlists, SplitOptions(test_share=0.2, validation_share=0.2))
    train, validation, test = (
        themed_playlists.select(rows) for rows in (split.train, split.validation, split.test)
    )
    return train, validation, test
