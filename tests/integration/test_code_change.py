"""A change of code remakes what it can change, and what follows from that, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embeat_serve.contract.lake import LakePaths

pytestmark = [pytest.mark.process, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
RUN_ALL_STAGES = """
import json, sys
from pathlib import Path
from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
from embeat_pipeline.acoustic.train import train_encoder
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.genre_vectors import write_genre_vectors
from embeat_pipeline.index.build import build_release
from embeat_pipeline.ingest.ingest import ingest
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.neighbours.lists import write_neighbours
from embeat_pipeline.playlists.titles.title_model import write_title_model
from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.ranking_model import write_ranking_model
from embeat_serve.contract.lake import LakePaths

QUICK_RANKING = RankingConfig(folds=1, fold_share=0.3, trees=40)

if __name__ == "__main__":
    lake = LakePaths(Path(sys.argv[1]))
    made = {
        "tracks": ingest(lake, Path(sys.argv[2])),
        "artist_genres": assign_genres(lake),
        "genre_vectors": write_genre_vectors(lake),
        "encoder": train_encoder(lake, TrainingConfig(batch_size=512, max_steps=20), "cpu"),
        "track_vectors": encode_catalogue(lake, "cpu"),
        "playlist_vectors": train_track2vec(lake, Track2VecConfig(epochs=5)),
        **write_neighbours(lake),
        "title_model": write_title_model(lake),
        "ranking_model": write_ranking_model(lake, QUICK_RANKING, "cpu"),
        "release": build_release(lake),
    }
    remade = [name for name, metadata in made.items() if not metadata.get("unchanged")]
    print(json.dumps({"remade": remade, "release": made["release"]["release"]}))
"""

RunAll = Callable[[], dict[str, Any]]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a copy of both packages, to be edited."""
    folder = tmp_path / "code"
    for package in ("embeat_pipeline", "embeat_serve"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / package, folder / package, ignore=ignored)
    (folder / "run_all_stages.py").write_text(RUN_ALL_STAGES, encoding="utf-8")
    return folder


@pytest.fixture
def run_all(code: Path, sample_raw: Path, published_lake: LakePaths, tmp_path: Path) -> RunAll:
    """Runs every stage with the copied code, on a lake that is up to date: what was remade."""
    lake = tmp_path / "lake"
    shutil.copytree(published_lake.root, lake)

    def run() -> dict[str, Any]:
        process = subprocess.run(
            [sys.executable, "run_all_stages.py", str(lake), str(sample_raw)],
            cwd=code,
            env={**os.environ, "PYTHONPATH": str(code)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    run()  # The published lake lacks the report of ingest.
    return run


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def append(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def test_other_genre_score_remakes_genres_and_what_follows(code: Path, run_all: RunAll) -> None:
    before = run_all()
    assert before["remade"] == []
    score = code / "embeat_pipeline" / "genres" / "sql" / "centroid_round.sql"
    replace(score, "ELSE genre.weight / (", "ELSE sqrt(genre.weight) / (")
    after = run_all()
    assert set(after["remade"]) >= {"artist_genres", "track_neighbours", "release"}
    assert not {"tracks", "playlist_vectors", "encoder", "track_vectors"} & set(after["remade"])
    assert after["release"] != before["release"]
    assert run_all() == {"remade": [], "release": after["release"]}


def test_other_text_keys_remake_the_release(code: Path, run_all: RunAll) -> None:
    before = run_all()
    append(code / "embeat_serve" / "contract" / "text_keys.py", "NEW_RULE = True")
    after = run_all()
    assert "release" in after["remade"]
    assert after["release"] != before["release"]
    assert not {"encoder", "track_vectors", "playlist_vectors"} & set(after["remade"])


def test_other_term_dictionary_remakes_the_release_alone(code: Path, run_all: RunAll) -> None:
    before = run_all()
    append(code / "embeat_pipeline" / "index" / "term_dictionary.py", "NEW_RULE = True")
    after = run_all()
    assert after["remade"] == ["release"]
    assert after["release"] != before["release"]


def test_another_feature_of_the_trees_remakes_them_and_the_release(
    code: Path, run_all: RunAll
) -> None:
    before = run_all()
    features = code / "embeat_serve" / "ranking" / "tree_features.py"
    replace(features, "np.log1p(places(strength))", "np.sqrt(places(strength))")
    after = run_all()
    assert after["remade"] == ["ranking_model", "release"]
    assert after["release"] != before["release"]


def test_another_http_server_remakes_nothing(code: Path, run_all: RunAll) -> None:
    append(code / "embeat_serve" / "http" / "app.py", "NEW_RULE = True")
    assert run_all()["remade"] == []
