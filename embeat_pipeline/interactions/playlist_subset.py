"""Write some playlists of a lake as all playlists of another, to train without the others."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common import schemas
from embeat_pipeline.common.parquet import write_table
from embeat_serve.contract.lake import LakePaths


def write_playlist_subset(lake: LakePaths, target: LakePaths, rows: NDArray[np.bool_]) -> int:
    """Write the playlists of ``rows`` (playlists,) to ``target``, with new codes.

    Returns:
        Number of playlists written.
    """
    chosen = pq.read_table(lake.table("playlists")).filter(pa.array(rows))
    codes = pa.array(np.arange(chosen.num_rows), pa.uint32())
    place = chosen.schema.get_field_index("playlist_code")
    chosen = chosen.set_column(place, schemas.PLAYLISTS.field("playlist_code"), codes)
    write_table(target.table("playlists"), schemas.PLAYLISTS, [chosen])
    return chosen.num_rows
