"""Reading the tracks table."""

import numpy as np
import pyarrow as pa

from embeat_pipeline.acoustic.track_reader import codes, first_codes, track_batches
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.lake import LakePaths


def test_batches_cover_the_table_in_order(acoustic_lake: LakePaths) -> None:
    batches = list(track_batches(acoustic_lake.table("tracks"), ["track_code", "energy"]))
    read = np.concatenate([codes(batch.rows.column("track_code")) for batch in batches])
    usable = np.concatenate([batch.usable for batch in batches])
    assert read.tolist() == list(range(60 * 3 * 8))
    assert np.flatnonzero(~usable).tolist() == [0, 1, 2, 3, 4]
    energy = batches[0].rows.column("energy")[10].as_py()
    column = CONTINUOUS.index("energy")
    np.testing.assert_allclose(batches[0].inputs.continuous[10, column] + 0.5, energy, atol=1e-6)


def test_missing_codes_are_minus_one() -> None:
    assert codes(pa.array([4_000_000_000, None], pa.uint32())).tolist() == [4_000_000_000, -1]


def test_first_of_empty_and_missing_lists() -> None:
    lists = pa.array([[9], [], None, [3, 4], [5]], pa.list_(pa.uint32()))
    assert first_codes(lists).tolist() == [9, -1, -1, 3, 5]
    assert first_codes(lists.slice(3)).tolist() == [3, 5]
