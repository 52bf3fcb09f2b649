import json

import pytest

from embeat_pipeline.evaluate.blind.lists import write_lists
from embeat_pipeline.evaluate.blind.pairs import make_blind_test
from embeat_pipeline.evaluate.blind.records import read_lists
from embeat_serve.errors import UsageError


@pytest.fixture
def seeds(catalogue, tmp_path):
    path = tmp_path / "seeds.jsonl"
    records = [{"seed": seed, "stratum": "x"} for seed in catalogue["track_id"].to_list()[:6]]
    path.write_text("\n".join(map(json.dumps, [*records, {"seed": "x" * 22}])))
    return path


def test_lists_of_a_preset_are_compared_with_the_published_ones(published_lake, seeds, tmp_path):
    out = tmp_path / "upstream.jsonl"
    result = write_lists(published_lake, seeds, out, system="upstream", length=6)
    assert result == {"file": str(out), "lists": 6, "missing": ["x" * 22]}
    records = read_lists(out)
    assert {(record.system, record.stratum) for record in records} == {("upstream", "x")}
    assert all(len(record.songs) == 6 for record in records)
    assert all(song.track_name and song.artist_names for song in records[0].songs)
    assert len(make_blind_test(published_lake, records).pairs) > 3


def test_the_published_release_is_asked_as_users_do(published_lake, seeds, tmp_path):
    out = tmp_path / "own.jsonl"
    write_lists(published_lake, seeds, out, system=None, length=5)
    release = published_lake.current.read_text().strip()
    assert {record.system for record in read_lists(out)} == {f"release {release}"}
    write_lists(published_lake, seeds, tmp_path / "named.jsonl", system=release, length=5)
    named = read_lists(tmp_path / "named.jsonl")
    assert [record.songs for record in named] == [record.songs for record in read_lists(out)]
    with pytest.raises(UsageError, match="6 whose list is the same as ours"):
        make_blind_test(published_lake, read_lists(out))


def test_seeds_that_no_song_has_write_nothing(published_lake, tmp_path):
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("x" * 22)
    with pytest.raises(UsageError, match="none of 1 seeds"):
        write_lists(published_lake, seeds, tmp_path / "out.jsonl", system=None, length=5)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_system_that_is_none_is_refused(published_lake, seeds, tmp_path):
    with pytest.raises(UsageError, match="no setting"):
        write_lists(published_lake, seeds, tmp_path / "x.jsonl", system="nonsense", length=5)
