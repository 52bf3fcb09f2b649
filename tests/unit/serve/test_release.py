import json
import shutil
import threading
from pathlib import Path

import pytest

import embeat_serve
from embeat_serve import release_watcher
from embeat_serve.contract.lake import LakePaths

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


@pytest.fixture
def lake(catalogue: LakePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LakePaths:
    """A copy of the catalogue to publish in, looked at again at every question."""
    monkeypatch.setattr(release_watcher, "CHECK_SECONDS", 0.0)
    shutil.copytree(catalogue.root, tmp_path / "lake")
    return LakePaths(tmp_path / "lake")


def publish(lake: LakePaths, name: str) -> None:
    """Publish a copy of the current release under another name."""
    shutil.copytree(lake.release(lake.current.read_text().strip()), lake.release(name))
    manifest = lake.release(name) / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "release": name}))
    lake.current.write_text(f"{name}\n")


def test_a_new_release_is_followed(lake: LakePaths):
    with embeat_serve.open(lake=lake.root) as recommender:
        before = recommender.recommend(track_ids=[SUNNY])
        publish(lake, "fedcba987654")
        after = recommender.recommend(track_ids=[SUNNY])
    assert before.release != after.release == "fedcba987654"
    assert before.results == after.results


def test_a_question_ends_on_the_release_it_began_with(lake: LakePaths):
    with embeat_serve.open(lake=lake.root) as recommender:
        with recommender._current.in_use() as before:
            publish(lake, "fedcba987654")
            assert recommender.release == "fedcba987654"
            assert before.store.count("tracks") > 0
            assert before.name != recommender.release
        assert before.users == 0


@pytest.mark.parametrize("content", ["", "no such release\n", "aaaaaaaaaaaa\n"])
def test_a_broken_switch_leaves_the_open_release(lake: LakePaths, content: str):
    with embeat_serve.open(lake=lake.root) as recommender:
        name = recommender.release
        lake.current.write_text(content)
        assert recommender.recommend(track_ids=[SUNNY]).release == name


def test_threads_ask_together(lake: LakePaths):
    answers: list[object] = []
    with embeat_serve.open(lake=lake.root) as recommender:

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
