import pytest

from embeat_pipeline.settings import PipelineSettings
from embeat_serve.errors import UsageError


def test_settings_are_read_from_variables():
    environment = {
        "EMBEAT_DEVICE": "cpu",
        "EMBEAT_QDRANT_SHARDS": "6",
        "EMBEAT_QDRANT_REPLICAS": "2",
    }
    assert PipelineSettings.from_environment(environment) == PipelineSettings("cpu", 6, 2)
    assert PipelineSettings.from_environment({"EMBEAT_DEVICE": ""}) == PipelineSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMBEAT_DEVICE", "tpu"),
        ("EMBEAT_QDRANT_SHARDS", "0"),
        ("EMBEAT_QDRANT_SHARDS", "some"),
        ("EMBEAT_QDRANT_REPLICAS", "1001"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name: str, value: str):
    with pytest.raises(UsageError, match=name):
        PipelineSettings.from_environment({name: value})
