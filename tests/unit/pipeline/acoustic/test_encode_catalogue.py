"""Vectors of the catalogue."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.encode_catalogue import count_bad_vectors, encode_catalogue
from embeat_pipeline.acoustic.track_reader import numbers
from embeat_pipeline.acoustic.train import encoder_path, train_encoder
from embeat_pipeline.common.schemas import TRACK_VECTORS
from embeat_serve.contract.audio_features import FEATURES, OPTIONAL, model_inputs
from embeat_serve.contract.lake import LakePaths
from embeat_serve.encoder import Encoder
from embeat_serve.errors import BrokenRelease


@pytest.fixture
def trained(lake_copy: LakePaths) -> LakePaths:
    train_encoder(lake_copy, TrainingConfig(batch_size=256, max_steps=2), device="cpu")
    return lake_copy


def test_every_track_with_features_gets_its_vector(trained: LakePaths) -> None:
    metadata = encode_catalogue(trained, device="cpu")
    table = pq.read_table(trained.table("track_vectors"))
    assert table.schema == TRACK_VECTORS
    assert table["track_code"].to_pylist() == list(range(1440))
    vectors = table["acoustic"].to_pylist()
    assert vectors[:5] == [None] * 5
    assert None not in vectors[5:]
    counts = ("tracks", "encoded", "without_features")
    assert [metadata[name] for name in counts] == [1440, 1435, 5]
    tracks = pq.read_table(trained.table("tracks")).slice(5).combine_chunks()
    columns = {name: numbers(tracks[name].combine_chunks()) for name in (*FEATURES, *OPTIONAL)}
    expected = Encoder.load(encoder_path(trained)).encode(model_inputs(columns))
    np.testing.assert_allclose(np.array(vectors[5:]), expected, atol=1e-6)


def test_two_runs_write_the_same_bytes_and_the_third_nothing(trained: LakePaths) -> None:
    path = trained.table("track_vectors")
    encode_catalogue(trained, device="cpu")
    content = path.read_bytes()
    path.unlink()
    encode_catalogue(trained, device="cpu")
    assert path.read_bytes() == content
    assert encode_catalogue(trained, device="cpu")["unchanged"]
    train_encoder(trained, TrainingConfig(batch_size=256, max_steps=3), device="cpu")
    assert "unchanged" not in encode_catalogue(trained, device="cpu")
    assert path.read_bytes() != content


def test_without_an_encoder_it_says_so(lake_copy: LakePaths) -> None:
    with pytest.raises(BrokenRelease, match=r"encoder\.npz"):
        encode_catalogue(lake_copy, device="cpu")
    assert not lake_copy.table("track_vectors").exists()


def test_bad_vectors_are_counted(trained: LakePaths) -> None:
    encode_catalogue(trained, device="cpu")
    path = trained.table("track_vectors")
    assert count_bad_vectors(path) == 0
    table = pq.read_table(path)
    vectors = table["acoustic"].to_pylist()
    vectors[7][0] = float("nan")
    vectors[8] = [0.0] * 64
    columns = [table["track_code"].to_pylist(), vectors]
    spoilt = dict(zip(TRACK_VECTORS.names, columns, strict=True))
    pq.write_table(type(table).from_pydict(spoilt, schema=TRACK_VECTORS), path)
    assert count_bad_vectors(path) == 2


def test_metadata_is_json(trained: LakePaths) -> None:
    json.dumps(encode_catalogue(trained, device="cpu"), allow_nan=False)
