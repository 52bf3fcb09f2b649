"""The real dump: artists without genres get some, and say how sure that is."""

from pathlib import Path

import pytest

from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.ingest.ingest import ingest
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.real


def test_genres_of_the_real_dump(real_data: Path, tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    ingest(lake, raw=real_data / "real")
    made = assign_genres(lake)
    assert made["tracks_listed"] / made["tracks"] == pytest.approx(0.70, abs=0.01)
    assert (made["tracks_listed"] + made["tracks_predicted"]) / made["tracks"] > 0.8
    assert made["scale"] == pytest.approx(0.0109, abs=0.0002)
    assert made["aliases"]["avantgarde metal"] == "avant-garde metal"
    assert made["checked"]["ece"] < 0.05
    assert made["checked"]["top_1"] > 0.6
