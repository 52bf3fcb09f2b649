"""What every asset is given: the lake it works in and the device it computes on.

Here belongs what assets share and plain stage code must not know of: Dagster resources and the
shape of materialization metadata. Stage logic does not.
"""

from pathlib import Path

import dagster as dg

from embeat_serve.contract.lake import LakePaths


class LakeResource(dg.ConfigurableResource):
    """The data lake a run reads and writes.

    Attributes:
        lake_root: folder that holds raw, tables, models, index and reports.
        raw_root: folder of the raw dump; empty means the lake's own ``raw``.
        device: ``auto``, ``cpu`` or ``cuda``, for training and encoding.
    """

    lake_root: str
    raw_root: str = ""
    device: str = "auto"

    @property
    def paths(self) -> LakePaths:
        """Where things lie in the lake."""
        return LakePaths(Path(self.lake_root))

    @property
    def raw(self) -> Path:
        """Folder of the raw dump."""
        return Path(self.raw_root) if self.raw_root else self.paths.raw
