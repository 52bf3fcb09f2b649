"""Files that tell a build process which points of a collection to change."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.index.incremental.point_digests import Changes

CHANGED = "changed.parquet"
REMOVED = "removed.parquet"


def write_changes(changes: Changes, folder: Path) -> None:
    """Write the codes to change and to remove into a new folder."""
    folder.mkdir(parents=True)
    for name, codes in ((CHANGED, changes.changed), (REMOVED, changes.removed)):
        pq.write_table(pa.table({"code": codes.astype(np.uint32)}), folder / name)


def read_changes(folder: Path) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the codes to change and the codes to remove, ascending."""
    changed, removed = (
        pq.read_table(folder / name).column("code").to_numpy() for name in (CHANGED, REMOVED)
    )
    return changed, removed
