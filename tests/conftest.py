"""Fixtures shared by all tests: the real dump where it is at hand, and a small made-up one."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from embeat_serve.contract.lake import LakePaths

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile(
    "whatever the load", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("whatever the load")

REPOSITORY = Path(__file__).resolve().parents[1]
QUICK_TRAINING = """
from dataclasses import dataclass
from embeat_pipeline.acoustic import config

@dataclass(frozen=True)
class QuickTraining(config.TrainingConfig):
    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "batch_size", min(self.batch_size, 256))
        object.__setattr__(self, "max_steps", min(self.max_steps, 5))

config.TrainingConfig = QuickTraining
"""
"""Module that Python runs as it starts, where it is on the path as ``sitecustomize``."""


SLOW_FIXTURES = frozenset({"evaluated_lake", "published_lake", "real_data"})
"""Lakes that every stage works on; `make check` leaves out the tests that need one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need such a lake as slow."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with ``real/`` and ``formats/``; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("EMBEAT_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "real" / "tracks.parquet").is_file():
        pytest.skip(f"no real dump at {folder} (set EMBEAT_REAL_DATA to run this test)")
    return folder


@pytest.fixture(scope="session")
def sample_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up dump of 4,000 tracks and 400 playlists."""
    from embeat_pipeline.synthetic.write import write_sample

    folder = tmp_path_factory.mktemp("sample") / "raw"
    write_sample(folder, tracks=4_000, playlists=400, seed=7)
    return folder


@pytest.fixture(scope="session")
def tables_lake(sample_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """The sample through the stages ingest and genres. Read only: copy it to change it."""
    from embeat_pipeline.genres.assign import assign_genres
    from embeat_pipeline.genres.genre_vectors import write_genre_vectors
    from embeat_pipeline.ingest.ingest import ingest

    lake = LakePaths(tmp_path_factory.mktemp("tables_lake"))
    ingest(lake, raw=sample_raw)
    assign_genres(lake)
    write_genre_vectors(lake)
    return lake


@pytest.fixture(scope="session")
def published_lake(tables_lake: LakePaths, tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """The sample through every stage, published. Read only: copy it to change it."""
    import shutil

    from embeat_pipeline.acoustic.config import TrainingConfig
    from embeat_pipeline.acoustic.encode_catalogue import encode_catalogue
    from embeat_pipeline.acoustic.train import train_encoder
    from embeat_pipeline.index.build import build_release
    from embeat_pipeline.index.publish import publish_release
    from embeat_pipeline.playlists.config import Track2VecConfig
    from embeat_pipeline.playlists.neighbours.lists import write_neighbours
    from embeat_pipeline.playlists.titles.title_model import write_title_model
    from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
    from embeat_pipeline.ranking.config import RankingConfig
    from embeat_pipeline.ranking.ranking_model import write_ranking_model

    lake = LakePaths(tmp_path_factory.mktemp("published_lake"))
    shutil.copytree(tables_lake.tables, lake.tables)
    train_encoder(lake, TrainingConfig(batch_size=512, max_steps=20), device="cpu")
    encode_catalogue(lake, device="cpu")
    train_track2vec(lake, Track2VecConfig(epochs=5))
    write_neighbours(lake)
    write_title_model(lake)
    write_ranking_model(lake, RankingConfig(folds=1, fold_share=0.3, trees=40))
    release = build_release(lake)["release"]
    publish_release(lake, release)
    return lake


@pytest.fixture(scope="session")
def quick_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which child processes train EmbeatMLP for a few small steps only."""
    folder = tmp_path_factory.mktemp("quick_environment")
    (folder / "sitecustomize.py").write_text(QUICK_TRAINING, encoding="utf-8")
    given = {name: value for name, value in os.environ.items() if not name.startswith("EMBEAT_")}
    return {**given, "PYTHONPATH": os.pathsep.join([str(folder), str(REPOSITORY)])}
