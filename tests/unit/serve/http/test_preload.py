import os
from pathlib import Path
from threading import Event

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.http.preload import available_memory, preload


def test_a_release_is_read_but_for_its_holes(tmp_path: Path):
    block = 1 << 16
    (tmp_path / "segment").mkdir()
    (tmp_path / "segment" / "vectors").write_bytes(b"v" * 300_000)
    with (tmp_path / "segment" / "links").open("wb") as file:
        file.write(b"l" * 100_000)
        file.truncate(1 << 30)
    (tmp_path / "empty").touch()
    read = preload(tmp_path, block=block)
    # A hole may be read up to the end of a block.
    assert 400_000 <= read < 400_000 + 5 * block


def test_a_release_larger_than_the_limit_is_not_read(catalogue: LakePaths):
    folder = catalogue.release("0123456789ab")
    assert preload(folder, 100_000) == 0
    assert preload(folder, 1_000_000_000) == preload(folder) > 100_000


def test_it_ends_when_it_is_stopped_and_where_no_release_is(catalogue: LakePaths, tmp_path: Path):
    stop = Event()
    stop.set()
    assert preload(catalogue.release("0123456789ab"), stop=stop) == 0
    assert preload(tmp_path / "gone") == 0


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="cannot empty the page cache")
def test_pages_that_were_not_in_memory_are_afterwards(tmp_path: Path):
    mincore = pytest.importorskip("ctypes").CDLL(None, use_errno=True).mincore
    path = tmp_path / "vectors"
    path.write_bytes(os.urandom(1 << 22))

    def resident() -> int:
        import ctypes
        import mmap

        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE) as mapped:
            pages = (ctypes.c_ubyte * (len(mapped) // mmap.PAGESIZE))()
            here = ctypes.c_char.from_buffer(mapped)
            done = mincore(ctypes.c_void_p(ctypes.addressof(here)), len(mapped), pages)
            del here
            return sum(page & 1 for page in pages) if done == 0 else -1

    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    before = resident()
    if before != 0:
        pytest.skip("the file system keeps its pages")
    assert preload(tmp_path) == 1 << 22
    assert resident() == (1 << 22) // os.sysconf("SC_PAGE_SIZE")


def test_memory_that_is_free_is_known():
    assert 0 < available_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
