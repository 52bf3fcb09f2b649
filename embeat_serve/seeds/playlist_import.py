"""Read playlists that other programs wrote: M3U, CSV, JSON and plain lines.

JSON is JSPF, or an export of a service or of this package. Nothing is downloaded, and files that
a playlist names are not opened.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import cast

import regex as re

from embeat_serve.errors import UsageError
from embeat_serve.seeds.parsing import (
    MAX_TEXT,
    PlaylistEntry,
    looks_like_id,
    parse_isrc,
    parse_link,
)

MAX_BYTES = 8 << 20
"""Bytes of a playlist file at most: some 50,000 songs."""

MAX_ENTRIES = 100_000
"""Entries read of one playlist at most."""

MAX_DEPTH = 10
"""Lists and objects within one another that are read of a JSON playlist."""

TITLES = ("trackname", "title", "name", "songname", "song", "track")
ARTISTS = ("artistnames", "artistname", "artists", "artist", "creator", "trackartist")
IDS = ("trackuri", "spotifytrackuri", "trackid", "spotifyid", "uri", "id", "url", "identifier")
ISRCS = ("isrc", "trackisrc")
INSIDE = ("playlist", "playlists", "tracks", "track", "items", "results", "songs", "entries")
"""Names of columns and keys, reduced to small letters; the first that a row has counts."""

_NUMBERED = re.compile(r"^(?:\d{1,3}\s*[.)\]]\s+|\d{1,3}\s*-\s+|[-*•]\s+)")
_PATH_NUMBER = re.compile(r"^\d{1,3}[\s._-]+(?=\D)")


def read_playlist(path: str | Path) -> list[PlaylistEntry]:
    """Read the entries of a playlist file, in its order.

    Raises:
        UsageError: it cannot be read, is too large, or holds no song.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}") from None
    try:
        text = content.decode("utf-16" if content.startswith(b"\xff\xfe") else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} has more than {MAX_BYTES} bytes, expected a playlist")
    entries = parse_playlist(text, path.suffix.lower())
    if not entries:
        raise UsageError(f"expected a playlist with at least one song in {path}, found none")
    return entries


def parse_playlist(text: str, suffix: str = "") -> list[PlaylistEntry]:
    """Parse the entries of a playlist; lines that name no song are left out.

    Args:
        text: content of the file.
        suffix: suffix of the file's name, such as ``.csv``; where empty, the text decides.

    Raises:
        UsageError: it should be JSON or CSV and is not.
    """
    begin = text.lstrip()[:7]
    if suffix in (".json", ".jspf") or (not suffix and begin[:1] in ("{", "[")):
        entries = _parse_json(text)
    elif suffix in (".csv", ".tsv"):
        entries = _parse_csv(text)
    elif suffix in (".m3u", ".m3u8") or begin == "#EXTM3U":
        entries = _parse_m3u(text)
    else:
        entries = _parse_lines(text.splitlines())
    with_song = (entry for entry in entries if entry.title or entry.is_coded)
    return list(islice(with_song, MAX_ENTRIES))


def _parse_lines(lines: Iterable[str]) -> Iterator[PlaylistEntry]:
    for line in lines:
        bare = _NUMBERED.sub("", line.strip())
        if bare and not line.startswith("#"):
            yield PlaylistEntry.of(bare)


def _parse_m3u(text: str) -> Iterator[PlaylistEntry]:
    title = ""
    for line in map(str.strip, text.splitlines()):
        if line.upper().startswith("#EXTINF:"):
            title = line.partition(",")[2].strip()
        elif line and not line.startswith("#"):
            stem = PurePosixPath(line.replace("\\", "/")).stem
            title = title or _PATH_NUMBER.sub("", stem).replace("_", " ")
            yield PlaylistEntry(title[:MAX_TEXT], track_id=PlaylistEntry.of(line).track_id)
            title = ""


def _parse_csv(text: str) -> Iterator[PlaylistEntry]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [_column_key(cell) for row in islice(rows, 1) for cell in row]
        if not {*TITLES, *IDS, *ISRCS} & set(header):
            yield from _parse_lines([" - ".join(cell for cell in head.split(delimiter) if cell)])
            yield from _parse_lines(" - ".join(cell for cell in row if cell) for row in rows)
            return
        for row in rows:
            yield _parse_row(dict(zip(header, row, strict=False)))
    except csv.Error as error:
        raise UsageError(f"expected CSV with one song a line, found {error}") from None


def _parse_json(text: str) -> Iterator[PlaylistEntry]:
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("expected a playlist in JSON, found something else") from None
    yield from _parse_value(content)


def _parse_value(content: object, depth: int = 0) -> Iterator[PlaylistEntry]:
    """Entries of a JSON value: a text is a line, an object a row or a list of songs."""
    if isinstance(content, str):
        yield PlaylistEntry.of(content)
    elif isinstance(content, list) and depth < MAX_DEPTH:
        for item in cast(list[object], content):
            yield from _parse_value(item, depth + 1)
    elif isinstance(content, dict) and depth < MAX_DEPTH:
        items = cast(dict[str, object], content).items()
        row = {_column_key(key): value for key, value in items}
        inside = [row[key] for key in INSIDE if isinstance(row.get(key), list | dict)]
        if inside:
            for part in inside:
                yield from _parse_value(part, depth + 1)
        else:
            yield _parse_row(row)


def _parse_row(row: Mapping[str, object]) -> PlaylistEntry:
    codes = [text for key in IDS for text in _texts(row.get(key))]
    ids = (code for code in map(_track_id, codes) if code)
    isrcs = (code for key in ISRCS for text in _texts(row.get(key)) if (code := parse_isrc(text)))
    return PlaylistEntry(
        title=_first_text(row, TITLES)[:MAX_TEXT],
        artist=_first_text(row, ARTISTS)[:MAX_TEXT] or None,
        track_id=next(ids, None),
        isrc=next(isrcs, None),
    )


def _track_id(text: str) -> str | None:
    try:
        link = parse_link(text)
    except UsageError:
        return None
    if link:
        return link.id if link.kind == "track" else None
    return text.strip() if looks_like_id(text) else None


def _first_text(row: Mapping[str, object], keys: Iterable[str]) -> str:
    return next((texts[0] for key in keys if (texts := _texts(row.get(key)))), "")


def _texts(value: object) -> list[str]:
    """The texts in a cell: itself, an object's name, or those of a list; numbers are none."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, Mapping):
        return _texts(cast(Mapping[str, object], value).get("name"))
    if isinstance(value, list):
        return [text for item in cast(list[object], value) for text in _texts(item)]
    return []


def _column_key(name: object) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower())
