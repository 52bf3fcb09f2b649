import json
from collections.abc import Mapping

import pytest

from embeat_pipeline.evaluate.blind.files import (
    blind_folder,
    key_content,
    pairs_content,
    read_key,
    write_blind_test,
)
from embeat_pipeline.evaluate.blind.pairs import PairSide
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from tests.support.blind_pairs import SECRETS, made_test


def form(value):
    """Types and names of nested values, without the values."""
    if isinstance(value, Mapping):
        return {name: form(item) for name, item in value.items()}
    if isinstance(value, list):
        return [form(item) for item in value[:1]]
    return type(value)


def test_neither_file_for_judges_names_a_system_or_a_stratum(tmp_path):
    paths = write_blind_test(LakePaths(tmp_path), made_test())
    for name in ("page", "pairs"):
        text = paths[name].read_text(encoding="utf-8").lower()
        assert "晴天" in text
        assert not [secret for secret in SECRETS if secret in text]
    key = paths["key"].read_text(encoding="utf-8")
    assert "rival" in key
    assert "mandopop" in key


def test_both_lists_of_every_pair_have_the_same_form():
    for pair in pairs_content(made_test())["pairs"]:
        assert set(pair) == {"pair", "seed", "A", "B"}
        assert len(pair["A"]) == len(pair["B"])
        assert form(pair["A"]) == form(pair["B"])
        for song in (*pair["A"], *pair["B"], *pair["seed"]):
            assert set(song) == {"track_name", "artist_names"}


def test_the_key_tells_the_sides_of_the_pairs():
    test = made_test()
    key, content = key_content(test), pairs_content(test)
    assert list(key["pairs"]) == [pair["pair"] for pair in content["pairs"]]
    for pair in content["pairs"]:
        entry = key["pairs"][pair["pair"]]
        ours, other = pair[entry["ours"]], pair[PairSide(entry["ours"]).opposite]
        assert all(song["track_name"].startswith("mine") for song in ours)
        assert all(song["track_name"].startswith("thine") for song in other)
        assert entry["songs"] == 3
    assert key["skipped"] == {"seed": ["nobody's song"]}


def test_a_test_is_written_alike_twice_and_an_older_one_keeps_its_key(tmp_path):
    lake, first, second = LakePaths(tmp_path), made_test(seed=0), made_test(seed=1)
    paths = write_blind_test(lake, first)
    before = {name: path.read_bytes() for name, path in paths.items()}
    write_blind_test(lake, first)
    assert {name: path.read_bytes() for name, path in paths.items()} == before
    write_blind_test(lake, second)
    aside = blind_folder(lake) / first.id
    assert {path.name for path in aside.iterdir()} == {path.name for path in paths.values()}
    assert read_key(lake, first.id) == json.loads(before["key"])
    assert read_key(lake, second.id)["test"] == second.id


def test_a_missing_or_damaged_key_says_what_to_do(tmp_path):
    lake = LakePaths(tmp_path)
    with pytest.raises(UsageError, match=r"no key of blind test 'abc'.*--lake LAKE"):
        read_key(lake, "abc")
    with pytest.raises(UsageError, match="no key"):
        read_key(lake, "../../etc")
    path = write_blind_test(lake, made_test())["key"]
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="is damaged"):
        read_key(lake, "abc")
