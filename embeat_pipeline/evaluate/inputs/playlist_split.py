"""Read a lake's playlists and split them into train, validation and test."""

from dataclasses import dataclass

from embeat_pipeline.interactions.playlists import Playlists, catalogue_size, read_playlists
from embeat_pipeline.interactions.split import Split, SplitOptions, split_playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError


@dataclass(frozen=True)
class PlaylistSplit:
    """All playlists of a lake, and the three parts they are split into."""

    playlists: Playlists
    train: Playlists
    """What the holdout release is trained on."""
    validation: Playlists
    """What the baselines' parameters are tuned on."""
    test: Playlists
    """What queries are drawn from."""
    split: Split
    """Which of ``playlists`` are in which part."""


def lake_playlists(lake: LakePaths) -> Playlists:
    """Read all playlists of the lake.

    Raises:
        PipelineError: the lake has no tables yet.
    """
    missing = [str(p) for p in map(lake.table, ("tracks", "playlists")) if not p.is_file()]
    if missing:
        raise PipelineError(
            f"evaluation needs {' and '.join(missing)}, which is not there; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    return read_playlists(lake.table("playlists"), catalogue_size(lake.table("tracks")))


def load_split(lake: LakePaths, options: SplitOptions) -> PlaylistSplit:
    """Read the lake's playlists and split them.

    Raises:
        PipelineError: the lake has no tables yet.
    """
    playlists = lake_playlists(lake)
    split = split_playlists(playlists, options)
    return PlaylistSplit(
        playlists,
        train=playlists.select(split.train),
        validation=playlists.select(split.validation),
        test=playlists.select(split.test),
        split=split,
    )
