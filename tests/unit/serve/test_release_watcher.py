import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.recommender import Recommender
from embeat_serve.release_watcher import PublishedReleases
from embeat_serve.settings import Settings

pytestmark = pytest.mark.slow

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


@pytest.fixture
def lake(catalogue: LakePaths, tmp_path: Path) -> LakePaths:
    """A copy of the catalogue to publish in."""
    shutil.copytree(catalogue.root, tmp_path / "lake")
    return LakePaths(tmp_path / "lake")


@pytest.fixture
def recommender(lake: LakePaths) -> Iterator[Recommender]:
    """Looks for another release at every request."""
    settings = Settings(lake=lake)
    source = PublishedReleases(settings, check_every=0.0)
    with Recommender(settings, source=source) as opened:
        yield opened


def publish(lake: LakePaths, name: str) -> None:
    """Publish a copy of the current release under another name."""
    shutil.copytree(lake.release(lake.current.read_text().strip()), lake.release(name))
    manifest = lake.release(name) / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "release": name}))
    lake.current.write_text(f"{name}\n")


def test_a_new_release_is_followed(lake: LakePaths, recommender: Recommender):
    before = recommender.recommend(track_ids=[SUNNY])
    publish(lake, "fedcba987654")
    after = recommender.recommend(track_ids=[SUNNY])
    assert before.release != after.release == "fedcba987654"
    assert before.results == after.results


def test_a_request_ends_on_the_release_it_began_with(lake: LakePaths, recommender: Recommender):
    with recommender.opened() as before:
        publish(lake, "fedcba987654")
        assert recommender.release == "fedcba987654"
        assert before.store.count("tracks") > 0
        assert before.name != recommender.release
    assert before.users == 0


@pytest.mark.parametrize("content", ["", "no such release\n", "aaaaaaaaaaaa\n"])
def test_a_broken_switch_leaves_the_open_release(
    lake: LakePaths, recommender: Recommender, content: str
):
    name = recommender.release
    lake.current.write_text(content)
    assert recommender.recommend(track_ids=[SUNNY]).release == name


def test_a_recommender_that_does_not_follow_says_what_is_published(lake: LakePaths):
    settings = Settings(lake=lake)
    source = PublishedReleases(settings, check_every=0.0)
    with Recommender(settings, source=source, follow=False) as recommender:
        name = recommender.release
        publish(lake, "fedcba987654")
        assert recommender.published == "fedcba987654"
        assert recommender.release == name


def test_threads_ask_together(lake: LakePaths, recommender: Recommender):
    answers: list[object] = []

    def ask() -> None:
        answers.extend(recommender.recommend(track_ids=[SUNNY]).results for _ in range(4))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    publish(lake, "fedcba987654")
    for thread in threads:
        thread.join()
    assert len(answers) == 16
    assert all(answer == answers[0] for answer in answers)
