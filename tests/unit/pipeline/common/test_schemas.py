"""The clean tables' schemas: what every stage may rely on."""

import pyarrow as pa
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.schema import VECTOR_SIZE, VectorName


@pytest.mark.parametrize("name", SCHEMAS)
def test_first_column_is_the_code_rows_are_ordered_by(name: str) -> None:
    if name == "rejects":  # a log, in the order things were refused
        return
    first = SCHEMAS[name].field(0)
    assert first.name.endswith("_code")
    assert first.type == pa.uint32()


@pytest.mark.parametrize("name", SCHEMAS)
def test_codes_are_of_one_type_everywhere(name: str) -> None:
    for field in SCHEMAS[name]:
        if field.name.endswith("_code"):
            assert field.type == pa.uint32(), field
        if field.name.endswith("_codes"):
            assert field.type == pa.list_(pa.uint32()), field


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_survive_parquet(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    import pyarrow.parquet as parquet

    path = tmp_path_factory.mktemp("schema") / f"{name}.parquet"
    parquet.write_table(SCHEMAS[name].empty_table(), path)
    assert parquet.read_schema(path).equals(SCHEMAS[name])


def test_vector_tables_hold_the_vectors_serving_asks_for() -> None:
    vector = pa.list_(pa.float32(), VECTOR_SIZE)
    assert SCHEMAS["track_vectors"].field(VectorName.ACOUSTIC).type == vector
    assert SCHEMAS["playlist_vectors"].field(VectorName.PLAYLIST).type == vector


def test_tracks_hold_every_feature_the_encoder_reads() -> None:
    tracks = SCHEMAS["tracks"]
    assert {*CONTINUOUS, "key", "mode", "time_signature", "tempo"} <= set(tracks.names)
