"""Unpack compressed files, and convert text of other encodings to UTF-8."""

import codecs
from pathlib import Path

import pyarrow as pa

from embeat_pipeline.ingest.reading.readers.raw import NotUsable

CHUNK = 1 << 20

_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_ARCHIVES = {b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def plain_file(path: Path, scratch: Path) -> Path:
    """Return ``path``, or the path of its unpacked and converted content.

    Args:
        path: the file.
        scratch: start of the paths of scratch files; endings are appended.


    Raises:
        NotUsable: it is an archive of files.
        OSError: the compressed content is damaged.
    """
    head = read_head(path)
    for magic, name in _ARCHIVES.items():
        if head.startswith(magic):
            raise NotUsable(f"a {name} archive of files: unpack it in its place")
    for magic, compression in _COMPRESSED.items():
        if head.startswith(magic):
            unpacked = scratch.with_suffix(".unpacked")
            _decompress(path, unpacked, compression)
            path, head = unpacked, read_head(unpacked)
            break
    encoding = _encoding(head)
    if encoding is None:
        return path
    decoded = scratch.with_suffix(".decoded")
    _decode(path, decoded, encoding)
    return decoded


def read_head(path: Path, size: int = 1 << 16) -> bytes:
    """Read the first bytes of a file, enough to recognise it."""
    with path.open("rb") as file:
        return file.read(size)


def _decompress(path: Path, target: Path, compression: str) -> None:
    with (
        pa.OSFile(str(path)) as file,
        pa.CompressedInputStream(file, compression) as stream,
        target.open("wb") as output,
    ):
        while chunk := stream.read(CHUNK):
            output.write(chunk)


def _encoding(head: bytes) -> str | None:
    """Encoding of a text that is not UTF-8; None for UTF-8 and for other content."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "windows-1252"
    return None


def _decode(path: Path, target: Path, encoding: str) -> None:
    with (
        path.open(encoding=encoding, errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as output,
    ):
        while chunk := source.read(CHUNK):
            output.write(chunk)
