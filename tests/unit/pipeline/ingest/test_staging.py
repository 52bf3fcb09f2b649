"""Files are cleaned once: what did not change is not read again."""

from pathlib import Path

import pytest

from embeat_pipeline.ingest import staging

pytestmark = pytest.mark.slow


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Names of the files that were opened."""
    opened = []
    open_file = staging.open_file

    def watched(path: Path, scratch: Path):
        opened.append(path.name)
        return open_file(path, scratch)

    monkeypatch.setattr(staging, "open_file", watched)
    return opened


def staged(ingested) -> list[Path]:
    return sorted((ingested.lake.tables / ".staged").iterdir())


def test_only_new_and_changed_files_are_read(dump, track, read):
    dump.put("a.parquet", [track(1)])
    dump.put("b.parquet", [track(2)])
    dump.ingest()
    assert read == ["a.parquet", "b.parquet"]
    read.clear()
    dump.put("a.parquet", [track(1), track(3)])
    dump.put("0.parquet", [track(4)])
    ingested = dump.ingest()
    assert read == ["0.parquet", "a.parquet"]
    assert ingested.table("tracks")["source"].to_list() == [
        "a.parquet", "b.parquet", "a.parquet", "0.parquet",
    ]  # fmt: skip
    # From scratch, in another lake, the same comes out.
    anew = dump.ingest("another")
    for name in ("tracks", "artists", "rejects"):
        assert ingested.table(name).equals(anew.table(name))
    assert len(staged(ingested)) == 3


def test_what_is_gone_from_the_dump_is_gone_from_the_tables(dump, track):
    dump.put("a.parquet", [track(1)])
    gone = dump.put("b.parquet", [track(2)])
    dump.ingest()
    gone.unlink()
    ingested = dump.ingest()
    assert ingested.metadata["tracks"] == 1
    assert len(staged(ingested)) == 1


def test_a_file_of_the_same_content_under_another_name_is_another(dump, track, read):
    path = dump.put("a.parquet", [track(1)])
    dump.ingest()
    path.rename(dump.raw / "b.parquet")
    assert dump.ingest().table("tracks")["source"].to_list() == ["b.parquet"]
    assert read == ["a.parquet", "b.parquet"]


def test_other_code_reads_everything_again(dump, track, read, monkeypatch):
    dump.put("a.parquet", [track(1)])
    dump.ingest()
    dump.put("b.parquet", [track(2)])
    monkeypatch.setattr(staging, "code_version", lambda _: "another")
    dump.ingest()
    assert read == ["a.parquet", "a.parquet", "b.parquet"]


def test_a_refused_file_is_refused_every_time(dump, track, capsys):
    dump.put("a.parquet", [track(1)])
    dump.text("b.txt", "nothing")
    for number in (1, 2):
        dump.put("c.parquet", [track(number)])
        capsys.readouterr()
        ingested = dump.ingest()
        assert ingested.metadata["files_refused"] == 1
        assert "warning: b.txt: no known format" in capsys.readouterr().err
