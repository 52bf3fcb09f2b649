"""A worker's session and loop, in this process."""

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import NoRelease
from embeat_serve.http import handlers, ipc
from embeat_serve.http.worker import REOPEN_SECONDS, WorkerSession, respond, serve
from embeat_serve.settings import Settings

READY = ipc.Request("ready", {})
GENRES = ipc.Request("genres", {})


def test_a_session_opens_the_release_once_it_is_published(catalogue: LakePaths, tmp_path: Path):
    now = [0.0]
    lake = LakePaths(tmp_path / "lake")
    session = WorkerSession(Settings(lake=lake), clock=lambda: now[0])
    with pytest.raises(NoRelease):
        session.handle(READY)
    shutil.copytree(catalogue.root, lake.root)
    with pytest.raises(NoRelease):
        session.handle(READY)  # too soon after the last attempt
    now[0] += REOPEN_SECONDS
    assert session.handle(READY).media_type == "application/json"
    assert session.release == "0123456789ab"
    session.close()
    assert session.release is None


def test_a_session_reopens_a_release_that_went_away(
    catalogue: LakePaths, monkeypatch: pytest.MonkeyPatch
):
    calls: list[str] = []

    def fail_once(*_: object) -> dict[str, str]:
        calls.append("genres")
        if len(calls) == 2:
            raise NoRelease("gone")
        return {}

    monkeypatch.setitem(handlers.HANDLERS, "genres", fail_once)
    session = WorkerSession(Settings(lake=catalogue))
    for _ in range(2):
        assert session.handle(GENRES).body == b"{}"
    assert len(calls) == 3
    session.close()


@pytest.mark.parametrize("opened_before", [True, False])
def test_a_session_gives_up_after_it_has_reopened_the_release(
    catalogue: LakePaths, monkeypatch: pytest.MonkeyPatch, opened_before: bool
):
    calls: list[str] = []

    def fail(*_: object) -> dict[str, str]:
        calls.append("genres")
        raise NoRelease("gone")

    session = WorkerSession(Settings(lake=catalogue))
    if opened_before:
        session.handle(READY)
    monkeypatch.setitem(handlers.HANDLERS, "genres", fail)
    with pytest.raises(NoRelease):
        session.handle(GENRES)
    assert len(calls) == 1 + opened_before
    session.close()


def test_errors_become_answers(catalogue: LakePaths):
    session = WorkerSession(Settings(lake=catalogue))
    missing = respond(session, ipc.Request("recommend", {"text": "Hello - Kraftwerk"}))
    assert (missing.status, missing.body, missing.release) == (404, b"", None)
    assert missing.suggestions[0] == "Hello - Adele"
    wrong = respond(session, ipc.Request("recommend", {}))
    assert wrong.status == 422
    assert "exactly one" in wrong.detail
    session.close()


def test_a_defect_becomes_an_answer_without_its_details(
    catalogue: LakePaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*_: object) -> dict[str, str]:
        raise ZeroDivisionError("a secret")

    monkeypatch.setitem(handlers.HANDLERS, "genres", fail)
    session = WorkerSession(Settings(lake=catalogue))
    answer = respond(session, GENRES)
    assert (answer.status, answer.detail) == (500, "the request could not be answered")
    assert "a secret" in capsys.readouterr().err
    session.close()


def _answers(settings: Settings, *requests: ipc.Request) -> list[ipc.Answer]:
    first = ipc.pack_frame({}, ipc.to_message(settings))
    frames = [request.to_frame() for request in requests]
    output = BytesIO()
    serve(BytesIO(b"".join([first, *frames])), output)
    output.seek(0)
    read: Callable[[], tuple[dict[str, object], bytes] | None] = lambda: ipc.read_frame(output)  # noqa: E731
    return [ipc.Answer.from_frame(*frame) for frame in iter(read, None) if frame]


def test_each_request_gets_one_answer_until_the_input_ends(catalogue: LakePaths):
    answers = _answers(Settings(lake=catalogue), READY, GENRES)
    assert [answer.status for answer in answers] == [200, 200]
    assert {answer.release for answer in answers} == {"0123456789ab"}


def test_a_worker_without_settings_ends():
    output = BytesIO()
    serve(BytesIO(), output)
    assert output.getvalue() == b""
