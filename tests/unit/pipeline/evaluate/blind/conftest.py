"""Lists of another system for songs of the published sample."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from embeat_serve.contract.lake import LakePaths


@pytest.fixture(scope="session")
def blind_lake(published_lake: LakePaths, tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """A copy of the published sample, to write reports to."""
    lake = LakePaths(tmp_path_factory.mktemp("blind") / "lake")
    shutil.copytree(published_lake.root, lake.root)
    return lake


@pytest.fixture(scope="session")
def catalogue(published_lake: LakePaths) -> pl.DataFrame:
    """Ids and names of the sample's tracks."""
    columns = ["track_id", "track_name", "artist_names", "popularity"]
    return pl.read_parquet(published_lake.table("tracks"), columns=columns)


@pytest.fixture
def rival_lists(catalogue: pl.DataFrame, tmp_path: Path) -> Path:
    """Eight lists of five: by id, by names, and by names of songs that are nowhere else."""
    ids = catalogue["track_id"].to_list()
    records = []
    for number in range(8):
        row = catalogue.row(100 + number, named=True)
        by_name = {name: row[name] for name in ("track_name", "artist_names")}
        foreign = {"track_name": f"Foreign <b>{number}</b>", "artist_names": ["Nobody & Co"]}
        tracks = [*ids[200 + 3 * number : 203 + 3 * number], by_name, foreign]
        stratum = "early" if number < 4 else "late"
        records.append(
            {"seed": ids[number], "tracks": tracks, "system": "rival", "stratum": stratum}
        )
    path = tmp_path / "rival.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path
