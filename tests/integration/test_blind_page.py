"""The page of a blind test in a real browser: a pair is rated, kept, and saved."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embeat_pipeline.evaluate.blind.files import key_content, write_blind_test
from embeat_pipeline.evaluate.blind.summary import summarise
from embeat_pipeline.evaluate.blind.verdicts import read_ballot
from embeat_serve.contract.lake import LakePaths
from tests.support.blind_pairs import made_test
from tests.support.browser import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.slow]

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Chrome"]:
    logged = {"goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
    with chromium(tmp_path_factory.mktemp("browser") / "profile", **logged) as chrome:
        yield chrome


class Page:
    """The page, as a judge uses it."""

    def __init__(self, browser: "Chrome", address: str):
        self.browser, self.address = browser, address
        self.open()

    def open(self) -> None:
        self.browser.get("about:blank")
        self.browser.get(self.address)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements("css selector", selector)

    def press(self, *keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(*keys)

    def shown(self) -> Any:
        (section,) = self.all(".pair:not([hidden])")
        return section

    def checked(self) -> list[str]:
        boxes = self.shown().find_elements("css selector", ":checked")
        return [box.get_attribute("value") for box in boxes]

    @property
    def status(self) -> str:
        return self.all("#status")[0].text

    def violations(self) -> list[str]:
        from axe_core_python.selenium import Axe

        found = Axe().run(self.browser)["violations"]
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    return LakePaths(tmp_path / "lake")


@pytest.fixture
def page(browser: "Chrome", lake: LakePaths, tmp_path: Path) -> Iterator[Page]:
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    for log in ("browser", "performance"):
        browser.get_log(log)
    page = Page(browser, write_blind_test(lake, made_test(3))["page"].as_uri())
    page.browser.execute_script("localStorage.clear()")
    page.open()
    yield page
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    logged = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    addresses = [
        message["params"]["request"]["url"]
        for message in logged
        if message["method"] == "Network.requestWillBeSent"
        # The browser's own start page loads what it likes.
        and message["params"]["documentURL"].startswith("file:")
    ]
    assert page.address in addresses
    local = ("file:", "blob:", "data:")
    assert [url for url in addresses if not url.startswith(local)] == []


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_pair_is_rated_kept_and_saved(page: Page, tmp_path: Path) -> None:
    assert not page.violations()
    assert page.status == "0 of 3 pairs rated"
    first = page.shown()
    pair = first.get_attribute("data-pair")
    first.find_element("css selector", "[type=radio][value=B]").click()
    first.find_elements("css selector", "[data-side=A]")[2].click()
    assert page.status == "1 of 3 pairs rated"
    page.all("#next")[0].click()
    page.press("e")
    assert page.checked() == ["equal"]
    assert not page.violations()

    page.all("#save")[0].click()
    assert page.status.startswith("Say who judges")
    page.all("#judge")[0].send_keys("listener abe")
    assert page.checked() == ["equal"], "letters of a name rate nothing"

    page.open()
    assert page.status == "2 of 3 pairs rated"
    assert page.checked() == ["equal"]
    assert page.all("#judge")[0].get_attribute("value") == "listener abe"

    page.all("#save")[0].click()
    path = tmp_path / "verdicts.json"
    until(path.is_file)
    ballot = read_ballot(path)
    test = made_test(3)
    assert (ballot.test, ballot.judge) == (test.id, "listener abe")
    assert list(ballot.verdicts) == [each.id for each in test.pairs[:2]]
    ours = test.pairs[0].ours_side
    figures = summarise([ballot], key_content(test))["judges"][0]["systems"]["rival"]["all"]
    assert (figures["wins"], figures["losses"]) == ((1, 0) if ours == "B" else (0, 1))
    assert figures["ties"] == 1
    assert figures["unfit"]["ours" if ours == "A" else "other"]["mean"] == 0.5
    assert pair == test.pairs[0].id


def test_the_keyboard_goes_through_all_pairs(page: Page) -> None:
    for key in ("a", "n", "b", "u", "a", "n"):
        page.press(key)
    assert page.status == "3 of 3 pairs rated"
    assert page.all("#progress")[0].get_attribute("value") == "3"
    assert page.shown().get_attribute("data-pair") == made_test(3).pairs[0].id
    page.press("p")
    assert page.shown().get_attribute("data-pair") == made_test(3).pairs[2].id
    page.press("u")
    assert page.status.startswith("Nothing is left")
