"""Read lists of another system: a file with one record for each seed, and a file of seeds alone.

A record is a JSON object; a file holds one a line, or one array of them:

    {"seed": "晴天 - Jay Chou",              a track id, a link, or "title - artist"
     "tracks": ["0F02KChKwbcQ3tk4q1YxLH",    ids, or objects with names, best first
                {"track_name": "七里香", "artist_names": ["Jay Chou"]}],
     "system": "radio of X",                 optional: name of the other system
     "stratum": "mandopop"}                  optional: figures are given for each stratum as well
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from embeat_serve.errors import UsageError
from embeat_serve.options import MAX_K
from embeat_serve.seeds.parsing import parse_track_id

DEFAULT_SYSTEM = "other system"
"""Name of a system whose records have none."""

FORM = '{"seed": "title - artist" or an id, "tracks": [ids, or {"track_name", "artist_names"}]}'
MAX_FOUND = 80
"""Characters of a wrong value that an error shows."""


@dataclass(frozen=True)
class ListedSong:
    """A song as a list names it: by id, by names, or by both."""

    track_id: str | None = None
    track_name: str = ""
    artist_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeedRecord:
    """One seed of a file, as the file gives it."""

    place: str
    """Where it stands, for errors: ``lists.jsonl, record 3``."""
    seed: str
    stratum: str | None = None

    def cause(self, error: UsageError) -> UsageError:
        """``error`` with the place of the record that caused it."""
        return UsageError(f"{self.place}: {error}")


@dataclass(frozen=True)
class ListRecord(SeedRecord):
    """One list of another system."""

    songs: tuple[ListedSong, ...] = ()
    """1..1000 songs, best first."""
    system: str = DEFAULT_SYSTEM

    @classmethod
    def of(cls, value: Mapping[str, Any], place: str) -> Self:
        """Check a record of the form ``FORM``.

        Raises:
            UsageError: a field is missing or of another type.
        """
        tracks = value.get("tracks")
        if not isinstance(tracks, list) or not 1 <= len(tracks) <= MAX_K:
            raise UsageError(f"{place}: expected 1..{MAX_K} tracks as {FORM}, found {_cut(tracks)}")
        return cls(
            place,
            _text(value, "seed", place),
            _text(value, "stratum", place, default="") or None,
            tuple(_song(track, place) for track in tracks),
            _text(value, "system", place, default=DEFAULT_SYSTEM),
        )


def read_lists(path: Path) -> list[ListRecord]:
    """Read the lists of another system.

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    return [ListRecord.of(value, place) for place, value in _objects(path, _file_text(path))]


def read_seeds(path: Path) -> list[SeedRecord]:
    """Read seeds: records as above, whose tracks do not count, or a text with one seed a line.

    Raises:
        UsageError: the file is missing or has no seed.
    """
    text = _file_text(path)
    if text.lstrip().startswith(("{", "[")):
        return [
            SeedRecord(
                place,
                _text(value, "seed", place),
                _text(value, "stratum", place, default="") or None,
            )
            for place, value in _objects(path, text)
        ]
    lines = enumerate(text.splitlines(), start=1)
    return [SeedRecord(f"{path.name}, line {n}", line.strip()) for n, line in lines if line.strip()]


def _file_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path} ({error}); expected a UTF-8 file of {FORM}") from None
    if not text.strip():
        raise UsageError(f"{path} is empty; expected {FORM}, one a line")
    return text


def _objects(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects of a file with their places."""
    if text.lstrip().startswith("["):
        values = enumerate(_parsed(text, str(path)), start=1)
        numbered = ((f"{path.name}, record {n}", value) for n, value in values)
    else:
        lines = enumerate(text.splitlines(), start=1)
        places = ((f"{path.name}, line {n}", line) for n, line in lines if line.strip())
        numbered = ((place, _parsed(line, place)) for place, line in places)
    for place, value in numbered:
        if not isinstance(value, dict):
            raise UsageError(f"{place}: expected {FORM}, found {_cut(value)}")
        yield place, value


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{place}: {error}; expected {FORM}, one a line or one array") from None


def _text(value: Mapping[str, Any], name: str, place: str, default: str | None = None) -> str:
    found = value.get(name)
    if found is None and default is not None:
        return default
    if not isinstance(found, str) or not found.strip():
        raise UsageError(f"{place}: expected a text as {name!r}, found {_cut(found)}")
    return found.strip()


def _song(value: Any, place: str) -> ListedSong:
    if isinstance(value, str) and value.strip():
        return ListedSong(_bare_id(value))
    if isinstance(value, dict):
        track_id, title = value.get("track_id"), value.get("track_name")
        names = value.get("artist_names") or []
        names = [names] if isinstance(names, str) else names
        is_named = isinstance(title, str) and title.strip() and isinstance(names, list) and names
        if is_named and all(isinstance(name, str) and name.strip() for name in names):
            return ListedSong(_bare_id(track_id), str(title), tuple(names))
        if isinstance(track_id, str) and track_id.strip() and not title:
            return ListedSong(_bare_id(track_id))
    raise UsageError(
        f'{place}: expected a track id or {{"track_name": text, "artist_names": [texts]}}, '
        f"found {_cut(value)}"
    )


def _bare_id(text: Any) -> str | None:
    """The id in an id, a URI or a link; what is none of them is an id of another service."""
    if not isinstance(text, str):
        return None
    try:
        return parse_track_id(text)
    except UsageError:
        return text.strip() or None


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_FOUND else f"{text[:MAX_FOUND]}…"
