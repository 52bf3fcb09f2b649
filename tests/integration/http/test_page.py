"""The page in a real browser, on a desktop and on a phone, and under an accessibility checker."""

import contextlib
import csv
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from embeat_serve.contract.lake import LakePaths
from tests.integration.http.conftest import Server
from tests.support.browser import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.slow]


WAIT_SECONDS = 60
SIZES = {"desktop": (1280, 900, False, "light"), "phone": (390, 844, True, "dark")}


class Page:
    """The page, as somebody uses it."""

    def __init__(self, browser: "Chrome", url: str, downloads: Path):
        self.browser, self.url, self.downloads = browser, url, downloads

    def open(self, path: str = "/") -> None:
        self.browser.get("about:blank")
        self.browser.get(self.url + path)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements("css selector", selector)

    def one(self, selector: str) -> Any:
        self.until(lambda: bool(self.all(selector)))
        return self.all(selector)[0]

    def until(self, holds: Callable[[], bool]) -> None:
        from selenium.common.exceptions import StaleElementReferenceException

        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            # The list may be exchanged while it is read.
            with contextlib.suppress(StaleElementReferenceException):
                if holds():
                    return
            assert time.monotonic() < deadline, self.all("body")[0].text
            time.sleep(0.05)

    def search(self, text: str) -> list[str]:
        box = self.one("#search")
        box.clear()
        box.send_keys(text)
        self.until(lambda: bool(self.all("#offers:not([hidden]) [role=option]")))
        return [option.text for option in self.all("#offers [role=option]")]

    def press(self, *keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(*keys)

    def tracks(self) -> list[str]:
        return [row.get_attribute("data-track") for row in self.all("#list .song")]

    def settled(self, differs_from: list[str] | None = None) -> list[str]:
        """The list, once it is there (and another than before)."""
        self.until(
            lambda: (
                bool(self.tracks())
                and self.tracks() != differs_from
                and not self.all("#list[aria-busy]")
            )
        )
        return self.tracks()

    def set(self, selector: str, value: str) -> None:
        self.browser.execute_script(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change', {bubbles: true}))",
            selector,
            value,
        )

    def reveal(self, panel: str) -> None:
        if not self.one(panel).get_attribute("open"):
            self.one(f"{panel} summary").click()

    def address(self) -> dict[str, list[str]]:
        return parse_qs(self.browser.current_url.partition("#")[2])

    def saved(self, name: str) -> str:
        path = self.downloads / name
        self.until(path.is_file)
        return path.read_text(encoding="utf-8")

    def violations(self) -> list[str]:
        from axe_core_python.selenium import Axe

        found = Axe().run(self.browser)["violations"]
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Chrome"]:
    logged = {"goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
    with chromium(tmp_path_factory.mktemp("browser") / "profile", **logged) as chrome:
        yield chrome


@pytest.fixture(params=SIZES)
def page(
    request: pytest.FixtureRequest, browser: "Chrome", server: Server, tmp_path: Path
) -> Iterator[Page]:
    width, height, mobile, scheme = SIZES[request.param]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    colours = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": colours})
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    for log in ("browser", "performance"):
        browser.get_log(log)
    page = Page(browser, server.url, tmp_path)
    page.open()
    yield page
    entries = browser.get_log("browser")
    # A problem that the server tells of is no defect of the page.
    assert not [e for e in entries if e["level"] == "SEVERE" and e["source"] != "network"]


def test_from_a_song_to_a_list_and_back(page: Page, tmp_path: Path, server: Server) -> None:
    from selenium.webdriver.common.keys import Keys

    assert not page.violations()
    offers = page.search("晴天")
    assert offers[0].startswith("晴天")
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    first = page.settled()
    assert len(first) == 20
    assert page.one("#likes .chip").text.startswith("晴天 – Jay Chou")
    assert page.one(".song .why").text
    assert "playlists" in page.one(".song .bar").get_attribute("aria-label")
    href = page.one(".song .play").get_attribute("href")
    assert href == f"https://open.spotify.com/track/{first[0]}"
    assert not page.violations()

    page.all(".song .dislike")[0].click()
    second = page.settled(first)
    assert first[0] not in second
    # Whoever goes on with the keyboard goes on where the song was.
    assert page.browser.switch_to.active_element.get_attribute("class") in ("dislike", "")
    assert page.address()["dislike"] == [first[0]]

    page.reveal("#dials")
    page.one("#hits").send_keys(Keys.END)
    third = page.settled(second)
    assert page.address()["hits"] == ["1"]
    assert page.one("#hits").get_attribute("aria-valuetext") == "100% hits"
    page.reveal("#map-panel")
    assert "mandopop" in page.one("#map").get_attribute("aria-label")
    assert not page.violations()

    page.one("[data-format=csv]").click()
    rows = csv.DictReader(page.saved("embeat.csv").splitlines())
    assert [row["track_id"] for row in rows] == third
    page.one("[data-format=m3u]").click()
    lines = page.saved("embeat.m3u").splitlines()
    assert [line[-22:] for line in lines if line.startswith("spotify:")] == third
    page.one("[data-format=jspf]").click()
    assert len(json.loads(page.saved("embeat.jspf"))["playlist"]["track"]) == len(third)

    shared = page.browser.current_url
    page.open(shared.removeprefix(server.url))
    assert page.settled() == third
    page.until(lambda: bool(page.all("#dislikes .chip")))
    assert page.one("#hits").get_attribute("value") == "1"

    width = page.browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    assert not [url for url in asked_for(page.browser) if not url.startswith((server.url, "blob:"))]


def asked_for(browser: "Chrome") -> list[str]:
    """Every address that the page sent a request to."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert sent
    # The tab that the browser opens with shows pictures of its own.
    return [url for url in sent if not url.startswith(("data:", "about:", "chrome://"))]


def test_a_pasted_playlist_becomes_the_seeds(page: Page) -> None:
    page.one("#import").click()
    text = (
        "1. 晴天 - Jay Chou\n#EXTINF:-1,x\nspotify:track:0F02KChKwbcQ3tk4q1YxLH\nHello - Kraftwerk"
    )
    page.one("#pasted").send_keys(text)
    assert not page.violations()
    page.one("#import-go").click()
    page.until(lambda: "did you mean Hello - Adele" in page.one("#import-missing").text)
    assert page.one("#import-status").text == "1 songs found, 1 not."
    page.one("#import-dialog .buttons button:last-child").click()
    assert len(page.settled()) == 20


def test_return_takes_what_the_text_begins_and_asks_for_anything_else(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    assert page.search("upto")[0].startswith("Uptown")
    page.press(Keys.ENTER)
    first = page.settled()
    assert page.address()["track"]
    assert page.search("kitchen")[0].startswith("My Kitchen")
    page.press(Keys.ENTER)
    page.settled(first)
    page.until(lambda: page.address().get("q") == ["kitchen"])
    assert [chip.text for chip in page.all("#words .chip span")] == ["kitchen"]


def test_what_is_a_song_may_be_what_playlists_are_called_too(page: Page, server: Server) -> None:
    from selenium.webdriver.common.keys import Keys

    assert page.search("warehouse")[-1].endswith("ask for it in words")
    page.press(Keys.ARROW_UP, Keys.ENTER)
    of_song = page.settled()
    assert page.one("#likes .chip").text.startswith("Warehouse")
    other = page.one("#as-title")
    assert other.text == "Songs of playlists called “warehouse”"
    assert not page.violations()
    other.click()
    of_title = page.settled(of_song)
    assert page.address() == {"q": ["warehouse"], "as": ["title"]}
    assert [chip.text for chip in page.all("#words .chip span")] == ["warehouse"]
    assert not page.one("#as-title").is_displayed()
    shared = page.browser.current_url
    page.open(shared.removeprefix(server.url))
    assert page.settled() == of_title
    page.all("#words .chip button")[0].click()
    page.until(lambda: page.address() == {})


def test_a_question_in_words_is_shown_and_corrected(page: Page, server: Server) -> None:
    from selenium.webdriver.common.keys import Keys

    offers = page.search("7 songs for a rainy evening, no Mayday")
    assert offers == ["“7 songs for a rainy evening, no Mayday”ask for it in words"]
    page.press(Keys.ENTER)
    first = page.settled()
    assert len(first) == 7
    chips = [chip.text for chip in page.all("#words .chip span")]
    assert chips == ["7 songs", "rainy evening", "no Mayday"]
    assert "playlists of such a name" in page.one(".song .why").text
    assert "your words" in page.one(".song .bar").get_attribute("aria-label")
    assert not page.violations()
    page.all("#words .chip button")[0].click()
    second = page.settled(first)
    assert len(second) == 20
    shared = page.browser.current_url
    page.open(shared.removeprefix(server.url))
    assert page.settled() == second
    page.all(".song .like")[1].click()
    third = page.settled(second)
    assert page.address()["track"] == [second[1]]
    assert page.one("#words .chip").text.startswith("for a rainy evening, no Mayday")
    assert len(third) == 20
    page.one("[data-format=m3u]").click()
    assert page.saved("embeat.m3u").startswith("#EXTM3U")
    page.browser.execute_script("scrollTo(0, 0)")
    page.one("#clear").click()
    page.until(lambda: page.one("#welcome").is_displayed())


def test_words_that_are_a_name_become_its_songs(page: Page) -> None:
    page.open("/#q=Hello%20-%20Adele")
    page.settled()
    page.until(lambda: "q" not in page.address())
    assert page.one("#likes .chip").text.startswith("Hello – Adele")
    assert not page.one("#words-row").is_displayed()


def test_filters_likes_and_starting_over(page: Page) -> None:
    page.search("hello adele")
    page.one("#offers [role=option]").click()
    first = page.settled()
    page.all(".song .like")[2].click()
    second = page.settled(first)
    assert page.address()["track"][1] == first[2]
    page.reveal("#filters")
    page.set("#year_min", "2010")
    page.settled(second)
    assert "(1 on)" in page.one("#filters summary").text
    assert page.address()["year_min"] == ["2010"]
    assert not page.violations()
    page.one("#clear").click()
    page.until(lambda: page.one("#welcome").is_displayed())
    assert not page.address()


def test_a_song_that_is_not_there_and_a_title_that_is_code(page: Page) -> None:
    page.one("#search").send_keys("hallo adele")
    page.until(lambda: "Did you mean Hello - Adele" in page.one("#status").text)
    page.open("/#track=" + "x" * 22 + "&k=<script>")
    page.until(lambda: "bad" in page.one("#status").get_attribute("class"))


def test_a_server_with_nothing_to_answer_from_is_waited_for(
    browser: "Chrome", start: Callable[..., Server], lake: LakePaths, tmp_path: Path
) -> None:
    root = tmp_path / "lake"
    server = start(root, EMBEAT_HTTP_WORKERS="1")
    page = Page(browser, server.url, tmp_path)
    page.open()
    page.until(lambda: "nothing is published" in page.one("#status").text)
    assert not page.one("#answered").is_displayed()
    shutil.copytree(lake.root / "index", root / "index", copy_function=os.link)
    page.until(lambda: page.one("#status").text == "" and page.one("#answered").is_displayed())
    page.search("hello adele")
    page.one("#offers [role=option]").click()
    first = page.settled()
    assert server.stop() == 0
    page.all(".song .dislike")[0].click()
    page.until(lambda: "does not answer" in page.one("#status").text)
    page.one("#clear").click()
    page.until(lambda: page.one("#welcome").is_displayed())
    assert page.one("#status").text == ""
    assert browser.title == "Embeat"
    assert len(first) == 20


def test_the_keyboard_goes_from_the_search_to_the_list(page: Page) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    def at() -> str | None:
        return page.browser.switch_to.active_element.get_attribute("id")

    def press(key: str) -> str | None:
        ActionChains(page.browser).send_keys(key).perform()
        return at()

    def press_backwards() -> str | None:
        chain = ActionChains(page.browser).key_down(Keys.SHIFT).send_keys(Keys.TAB)
        chain.key_up(Keys.SHIFT).perform()
        return at()

    # There is no list to skip to yet.
    assert not page.one("#skip").is_displayed()
    page.open("/#track=0F02KChKwbcQ3tk4q1YxLH")
    page.settled()
    assert [press(Keys.TAB) for _ in range(3)] == ["skip", "search", "import"]
    # The link can be seen, and used, only while it has the focus.
    assert [press_backwards() for _ in range(2)] == ["search", "skip"]
    assert press(Keys.ENTER) == "list"
    assert page.address()["track"]
    assert len(page.settled()) == 20


def test_the_page_is_served_whole(client: httpx.Client) -> None:
    page = client.get("/").text
    for name in [part.split('"')[0] for part in page.split('"/web/')[1:]]:
        assert client.get(f"/web/{name}").status_code == 200
