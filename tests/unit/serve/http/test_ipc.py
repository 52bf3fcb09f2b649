"""Messages between the server and its workers."""

from dataclasses import fields
from pathlib import Path

from embeat_serve.contract.lake import LakePaths
from embeat_serve.http.ipc import from_message, to_message
from embeat_serve.options import PRESETS
from embeat_serve.settings import Settings

EVERYTHING_SET = Settings(
    lake=LakePaths(Path("somewhere")),
    qdrant_url="https://qdrant:6333",
    qdrant_api_key="ключ",
    qdrant_ca=Path("/etc/ca.pem"),
    qdrant_shards=6,
    qdrant_replicas=2,
    device="cuda",
    recall=PRESETS["upstream"],
)


def test_every_setting_reaches_a_worker():
    default = Settings()
    unset = [
        field.name
        for field in fields(Settings)
        if getattr(EVERYTHING_SET, field.name) == getattr(default, field.name)
    ]
    assert not unset, "give the new setting a value above"
    assert from_message(to_message(EVERYTHING_SET)) == EVERYTHING_SET
