"""What stages say of a run is one line each on stderr."""

import pytest

from embeat_pipeline.common.logging import NAME, pipeline_logger


def test_a_message_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    pipeline_logger().info("index: tracks is rebuilt: %s", "no release was served before")
    captured = capsys.readouterr()
    assert captured.err == "index: tracks is rebuilt: no release was served before\n"
    assert captured.out == ""


def test_asking_again_gives_the_same_logger_with_one_handler(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, again = pipeline_logger(), pipeline_logger()
    assert first is again
    assert first.name == NAME
    again.warning("once")
    assert capsys.readouterr().err == "once\n"
