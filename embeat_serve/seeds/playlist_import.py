"""Playlists that other programs wrote -> entries to look up.

M3U, CSV, JSON (JSPF, exports of services and of this package) and plain lines. Nothing is
downloaded, and files that a playlist names are not opened.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any

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
"""Of a file: some 50,000 songs."""

MAX_ENTRIES = 100_000
"""Read of one playlist."""

TITLES = ("trackname", "title", "name", "songname", "song", "track")
ARTISTS = ("artistnames", "artistname", "artists", "artist", "creator", "trackartist")
IDS = ("trackuri", "spotifytrackuri", "trackid", "spotifyid", "uri", "id", "url", "identifier")
ISRCS = ("isrc", "trackisrc")
INSIDE = ("playlist", "playlists", "tracks", "track", "items", "results", "songs", "entries")
"""Names of columns and keys, small letters only; the first that a row has counts."""

_NUMBERED = re.compile(r"^(?:\d{1,3}\s*[.)\]]\s+|\d{1,3}\s*-\s+|[-*•]\s+)")
_PATH_NUMBER = re.compile(r"^\d{1,3}[\s._-]+(?=\D)")


def read_playlist(path: str | Path) -> list[PlaylistEntry]:
    """Entries of a playlist file, in its order.

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
    """Entries of a playlist's text; what cannot be understood as one is left out.

    Args:
        text: of the file.
        suffix: of its name, such as ``.csv``; told by the text where empty.

    Raises:
        UsageError: it should be JSON and is not.
    """
    begin = text.lstrip()[:7]
    if suffix in (".json", ".jspf") or (not suffix and begin[:1] in ("{", "[")):
        found = _of_json(text)
    elif suffix in (".csv", ".tsv"):
        found = _of_csv(text)
    elif suffix in (".m3u", ".m3u8") or begin == "#EXTM3U":
        found = _of_m3u(text)
    else:
        found = _of_lines(text.splitlines())
    return [entry for entry, _ in zip(_usable(found), range(MAX_ENTRIES), strict=False)]


def _usable(entries: Iterable[PlaylistEntry]) -> Iterator[PlaylistEntry]:
    return (entry for entry in entries if entry.title or entry.is_coded)


def _of_lines(lines: Iterable[str]) -> Iterator[PlaylistEntry]:
    for line in lines:
        bare = _NUMBERED.sub("", line.strip())
        if bare and not line.startswith("#"):
            yield PlaylistEntry.of(bare)


def _of_m3u(text: str) -> Iterator[PlaylistEntry]:
    said = ""
    for line in map(str.strip, text.splitlines()):
        if line.upper().startswith("#EXTINF:"):
            said = line.partition(",")[2].strip()
        elif line and not line.startswith("#"):
            place = PlaylistEntry.of(line)
            stem = PurePosixPath(line.replace("\\", "/")).stem
            title = said or _PATH_NUMBER.sub("", stem).replace("_", " ")
            yield PlaylistEntry(
                title[:MAX_TEXT], track_id=place.track_id if place.is_coded else None
            )
            said = ""


def _of_csv(text: str) -> Iterator[PlaylistEntry]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [_bare(cell) for cell in next(rows, [])]
        if not {*TITLES, *IDS, *ISRCS} & set(header):
            yield from _of_lines([" - ".join(cell for cell in head.split(delimiter) if cell)])
            yield from _of_lines(" - ".join(cell for cell in row if cell) for row in rows)
            return
        for row in rows:
            yield _of_row(dict(zip(header, row, strict=False)))
    except csv.Error as error:
        raise UsageError(f"expected CSV with one song a line, found {error}") from None


def _of_json(text: str) -> Iterator[PlaylistEntry]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("expected a playlist in JSON, found something else") from None
    yield from _within(content)


def _within(content: Any, depth: int = 0) -> Iterator[PlaylistEntry]:
    if isinstance(content, str):
        yield PlaylistEntry.of(content)
    elif isinstance(content, list) and depth < 10:
        for item in content:
            yield from _within(item, depth + 1)
    elif isinstance(content, dict) and depth < 10:
        row = {_bare(key): value for key, value in content.items()}
        inside = [row[key] for key in INSIDE if isinstance(row.get(key), list | dict)]
        if inside:
            for part in inside:
                yield from _within(part, depth + 1)
        else:
            yield _of_row(row)


def _of_row(row: Mapping[str, Any]) -> PlaylistEntry:
    codes = [text for key in IDS for text in _texts(row.get(key))]
    ids = (code for code in map(_track_id, codes) if code)
    isrcs = (code for key in ISRCS for text in _texts(row.get(key)) if (code := parse_isrc(text)))
    return PlaylistEntry(
        title=_first(row, TITLES)[:MAX_TEXT],
        artist=_first(row, ARTISTS)[:MAX_TEXT] or None,
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


def _first(row: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((texts[0] for key in keys if (texts := _texts(row.get(key)))), "")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, Mapping):
        return _texts(value.get("name"))
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []


def _bare(name: object) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower())
