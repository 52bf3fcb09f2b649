"""Progress of long work, in a log and in a terminal."""

import sys

import pytest

from embeat_pipeline.common import progress as module
from embeat_pipeline.common.progress import progress


def test_log_gets_a_line_now_and_then_and_one_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    with progress("encode", total=20_000, unit="tracks") as advance:
        for _ in range(20):
            advance(1_000, note="loss 1.5")
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert 2 <= len(lines) < 20
    assert "s left" in lines[0]
    assert lines[-1].startswith("  encode: 20,000 of 20,000 tracks, ")
    assert lines[-1].endswith("loss 1.5")
    assert "left" not in lines[-1]


def test_unknown_total_shows_what_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_SECONDS", 0.0)
    with progress("read", total=None, unit="rows") as advance:
        advance(1_500)
    assert capsys.readouterr().err.startswith("  read: 1,500 rows, ")


def test_nothing_is_shown_for_work_that_takes_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("read", total=10, unit="rows") as advance:
        advance(1)
    assert capsys.readouterr().err == ""


def test_terminal_gets_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    with progress("encode", total=2_000, unit="tracks") as advance:
        advance(1_500, note="loss 1.5")
        advance(500)
    shown = capsys.readouterr().err
    assert "encode" in shown
    assert "2,000 tracks" in shown
    assert "loss 1.5" in shown


def test_error_in_the_work_passes_through(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        progress("train", total=3, unit="steps") as advance,
    ):
        advance(1 // 0)
    assert capsys.readouterr().err == ""
