"""The Dagster UI in a real browser: the graph, a materialization of everything, the schedule."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.lake import LakePaths
from tests.support.browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.slow]

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 180
RUN_SECONDS = 900
STAGES = ("ingest", "genres", "acoustic", "playlists", "ranking", "index", "evaluate")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator["Chrome"]:
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    """A lake with nothing but a made-up dump."""
    lake = LakePaths(tmp_path / "lake")
    write_sample(lake.raw, tracks=600, playlists=80, seed=3)
    return lake


@pytest.fixture
def ui(lake: LakePaths, quick_environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of a UI on ``lake``."""
    home = tmp_path / "dagster_home"
    home.mkdir()
    shutil.copy(REPOSITORY / "dagster_home" / "dagster.yaml", home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "ui.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "embeat_pipeline", "ui", "--port", str(port)],
            cwd=REPOSITORY,
            env={**quick_environment, "DAGSTER_HOME": str(home), "EMBEAT_LAKE": str(lake.root)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    try:
        wait_until(answers, START_SECONDS, lambda: log.read_text())
        yield address
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
        # A run that is still going must not outlive the test.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(holds: Callable[[], bool], seconds: float, explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.5)


def test_whole_pipeline_from_the_browser(
    ui: str, browser: "Chrome", lake: LakePaths, tmp_path: Path
) -> None:
    def page() -> str:
        return browser.find_element("tag name", "body").text

    def shows(*words: str) -> Callable[[], bool]:
        return lambda: all(word in page() for word in words)

    def click(xpath: str) -> None:
        wait_until(lambda: bool(browser.find_elements("xpath", xpath)), 60, page)
        browser.find_element("xpath", xpath).click()

    browser.get(f"{ui}/asset-groups")
    wait_until(shows(*STAGES, "Materialize all"), 60, page)
    click("//button[contains(., 'Materialize all')]")
    wait_until(shows("Launched run"), 60, page)
    browser.save_screenshot(str(tmp_path / "graph.png"))

    browser.get(f"{ui}/runs")
    wait_until(lambda: shows("Success")() or shows("Failure")(), RUN_SECONDS, page)
    browser.save_screenshot(str(tmp_path / "runs.png"))
    assert "Failure" not in page()
    assert lake.current.is_file()

    browser.get(f"{ui}/locations/embeat/schedules/nightly_reindex")
    wait_until(shows("03:00 AM", "Running"), 60, page)
    switch = "//input[@type='checkbox']"
    assert not browser.find_element("xpath", switch).is_selected()
    click(f"{switch}/..")
    wait_until(shows("Next tick"), 60, page)
    browser.refresh()
    wait_until(lambda: bool(browser.find_elements("xpath", switch)), 60, page)
    wait_until(lambda: browser.find_element("xpath", switch).is_selected(), 60, page)
    browser.save_screenshot(str(tmp_path / "schedule.png"))
