"""Messages between the server and its workers."""

import asyncio
from dataclasses import fields
from io import BytesIO
from pathlib import Path

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.http.ipc import (
    Answer,
    Request,
    from_message,
    pack_frame,
    read_frame,
    receive_frame,
    to_message,
)
from embeat_serve.options import PRESETS
from embeat_serve.settings import Settings

EVERYTHING_SET = Settings(
    lake=LakePaths(Path("somewhere")),
    qdrant_url="https://qdrant:6333",
    qdrant_api_key="ключ",
    qdrant_ca=Path("/etc/ca.pem"),
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


def test_a_frame_holds_an_object_and_bytes():
    stream = BytesIO(pack_frame({"text": "晴天\ud800"}, b"\x00\xff") + pack_frame({}))
    assert read_frame(stream) == ({"text": "晴天\ud800"}, b"\x00\xff")
    assert read_frame(stream) == ({}, b"")
    assert read_frame(stream) is None


@pytest.mark.parametrize("length", [0, 3, 8, 12, 20])
def test_a_frame_that_is_cut_off_is_the_end(length: int):
    frame = pack_frame({"a": 1}, b"0123456789")
    assert read_frame(BytesIO(frame[:length])) is None


def test_an_answer_survives_its_frame():
    answer = Answer(
        status=404, seconds=0.5, body=b"{}", release="one", detail="no 晴天", suggestions=("a", "b")
    )
    frame = read_frame(BytesIO(answer.to_frame()))
    assert frame is not None
    assert Answer.from_frame(*frame) == answer


def test_the_server_reads_the_same_frames():
    async def receive() -> None:
        stream = asyncio.StreamReader()
        stream.feed_data(Request("song", {"id": "x"}).to_frame())
        stream.feed_eof()
        assert await receive_frame(stream) == ({"handler": "song", "arguments": {"id": "x"}}, b"")
        with pytest.raises(asyncio.IncompleteReadError):
            await receive_frame(stream)

    asyncio.run(receive())
