"""Files of the lake: whole or not at all, and made once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import embeat_pipeline
from embeat_pipeline.common.atomic import atomic_path, write_json
from embeat_pipeline.common.fingerprint import file_digest, stage_key
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_atomic_path_replaces_the_file_only_on_success(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.parquet"
    with atomic_path(path) as scratch:
        scratch.write_text("first")
        assert not path.exists()
    assert path.read_text() == "first"

    def interrupted() -> None:
        with atomic_path(path) as scratch:
            scratch.write_text("half a seco")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "first"
    assert files_of(path.parent) == {"table.parquet"}


def test_atomic_path_without_output_fails_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(path):
        pass
    assert path.read_text() == "old"


def test_write_json_is_the_same_for_the_same_content(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"晴天": 1, "b": [1, 2]})
    write_json(tmp_path / "b.json", {"b": [1, 2], "晴天": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "晴天" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_file_digest_depends_on_content_alone(tmp_path: Path) -> None:
    large = bytes(3 << 20)  # more than one chunk
    (tmp_path / "a").write_bytes(large)
    (tmp_path / "b").write_bytes(large)
    (tmp_path / "c").write_bytes(large[:-1] + b"1")
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b")
    assert file_digest(tmp_path / "a") != file_digest(tmp_path / "c")


@given(parameters=st.dictionaries(st.text(), json_values, max_size=4))
def test_stage_key_ignores_the_order_of_parameters(parameters: dict) -> None:
    backwards = dict(reversed(parameters.items()))
    assert stage_key([], parameters) == stage_key([], backwards)


def test_stage_key_follows_inputs_parameters_and_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "tracks.parquet", tmp_path / "artists.parquet"
    first.write_text("tracks")
    second.write_text("artists")
    key = stage_key([first, second], {"epochs": 5})
    assert stage_key([second, first], {"epochs": 5}) == key
    assert stage_key([first], {"epochs": 5}) != key
    assert stage_key([first, second], {"epochs": 6}) != key

    second.write_text("other artists")
    assert stage_key([first, second], {"epochs": 5}) != key
    second.write_text("artists")
    monkeypatch.setattr(embeat_pipeline, "__version__", "0.0.0")
    assert stage_key([first, second], {"epochs": 5}) != key


def test_output_is_current_only_under_its_key_and_while_it_exists(tmp_path: Path) -> None:
    outputs = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for output in outputs:
        output.write_text("made")
    assert not is_current(outputs, "key")

    mark_current(outputs[:1], "key", {"rows": 1})
    assert not is_current(outputs, "key")
    mark_current(outputs, "key", {"rows": 2})
    assert is_current(outputs, "key")
    assert not is_current(outputs, "another key")
    assert made_metadata(outputs[0]) == {"rows": 2}

    outputs[1].unlink()
    assert not is_current(outputs, "key")


@pytest.mark.parametrize("damage", ["", "{", "{}", '{"metadata": 1}'])
def test_damaged_record_means_not_current(tmp_path: Path, damage: str) -> None:
    output = tmp_path / "a.parquet"
    output.write_text("made")
    mark_current([output], "key", {})
    (record,) = tmp_path.glob("*.made.json")
    record.write_text(damage)
    assert not is_current([output], "key")
