"""Files of the lake: whole or not at all, and made once."""

from pathlib import Path

import pytest

from embeat_pipeline.common.atomic import atomic_path, write_json
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current


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
