"""Resources: what every asset is given.

Here belongs what assets share and stage code must not know of: the lake of the run, the device,
and that a lake is worked on by one run at a time. Stage logic does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import dagster as dg

from embeat_pipeline.common.file_lock import lake_lock
from embeat_serve.contract.lake import LakePaths


class LakeResource(dg.ConfigurableResource):
    """The data lake that a run reads and writes.

    A step has the lake to itself: it waits until no other run works on the lake, wherever that run
    was started. A run of the command line holds the lake from its first step to its last.

    Attributes:
        lake_root: folder that holds raw, tables, models, index and reports.
        raw_root: folder of the raw dump; empty means the lake's own ``raw``.
        device: ``auto``, ``cpu`` or ``cuda``, for training and encoding.
    """

    lake_root: str
    raw_root: str = ""
    device: str = "auto"

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Lock the lake while a step runs; a sensor, which belongs to no run, only looks."""
        if context.run is None:
            yield self
            return

        def say_so() -> None:
            if context.log:
                context.log.info(f"Waiting until no other run works on {self.lake_root}.")

        with lake_lock(self.paths, on_wait=say_so):
            yield self

    @property
    def paths(self) -> LakePaths:
        """Where things lie in the lake."""
        return LakePaths(Path(self.lake_root))

    @property
    def raw(self) -> Path:
        """Folder of the raw dump."""
        return Path(self.raw_root) if self.raw_root else self.paths.raw
