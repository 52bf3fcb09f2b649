"""What the parts of one evaluation share: inputs, options and a timer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from embeat_pipeline.evaluate.holdout.release import HoldoutRelease
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import PlaylistSplit
from embeat_pipeline.evaluate.options import EvaluationOptions, EvaluationQueries
from embeat_pipeline.evaluate.systems.baselines import BaselineInputs
from embeat_serve.contract.lake import LakePaths


@dataclass
class Timer:
    """Collects the seconds that each section takes."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Time a block under ``name``."""
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)


@dataclass(frozen=True)
class EvaluationContext:
    """Inputs of one evaluation of a holdout release."""

    lake: LakePaths
    """The lake that is evaluated."""
    holdout: HoldoutRelease
    """The release that is queried, in a lake of its own."""
    catalogue: Catalogue
    data: PlaylistSplit
    queries: EvaluationQueries
    options: EvaluationOptions
    device: str
    timer: Timer = field(default_factory=Timer)

    @property
    def baseline_inputs(self) -> BaselineInputs:
        """What the baselines are fitted to."""
        return BaselineInputs(
            self.data.train.tracks, self.catalogue.main_artist, self.lake, self.options.seed
        )
