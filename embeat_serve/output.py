"""A list as a table, JSON, an M3U or JSPF playlist, or CSV."""

import csv
import json
import unicodedata
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from embeat_serve.result import Recommendations, SeedSong, Song

TITLE_WIDTH = 40
ARTISTS_WIDTH = 30
"""Terminal cells; longer text is cut. Fixed, so that what goes into a file does not depend on the
window; in a terminal that is narrower, they shrink with it."""

LEAST_WIDTH = 12
"""Cells that title and artists have in the narrowest terminal."""

TRACK_URL = "https://open.spotify.com/track/"

CSV_COLUMNS = (
    "rank",
    "track_id",
    "track_name",
    "artist_names",
    "album_name",
    "isrc",
    "popularity",
    "genres",
    "score",
    "channels",
    "url",
)
LIST_SEPARATOR = "; "
"""Between names in one CSV cell."""


def table(answer: Recommendations, width: int | None = None, links: bool = False) -> str:
    """The list for people: what it is like, then rank, title, artists, channels and score.

    Args:
        answer: the list.
        width: of the terminal, in cells; None where it does not matter. Titles and artists are
            cut first, then the channels are left out.
        links: show where each song can be heard.
    """
    header = ("#", "title", "artists", "channels", "score")
    rows = [header, *(_row(song) for song in answer.results)]
    shown, room = _fitted(rows, width)
    rows = [tuple(cut(row[i], room[i]) for i in shown) for row in rows]
    lines = [f"Songs like {_heading(answer)}", ""]
    margin = " " * (room[0] + 2)
    for number, row in enumerate(rows):
        padded = [
            pad(text, room[i], right=i == 0) for i, text in zip(shown[:-1], row, strict=False)
        ]
        lines.append("  ".join([*padded, row[-1]]))
        song = answer.results[number - 1] if number else None
        if song and links:
            lines.append(f"{margin}{link(song)}")
        if song and song.explanation:
            lines.append(f"{margin}{plain(song.explanation)}")
    if not answer.results:
        lines.append("(nothing in the catalogue is known to be like it, and passes)")
    if answer.relaxed:
        lines += ["", f"Rules relaxed: {', '.join(answer.relaxed)}"]
    return "\n".join(lines) + "\n"


def doubt(answer: Recommendations) -> str:
    """What was taken for what was typed, and what else it may mean, in one line."""
    taken = _heading(answer)
    if not answer.alternatives:
        return f"taken for {taken}"
    meant = ", ".join(plain(other) for other in answer.alternatives)
    return f"taken for {taken}; did you mean: {meant}?"


def link(song: Song) -> str:
    """Where the song can be heard."""
    return f"{TRACK_URL}{song.track_id}"


def _fitted(
    rows: Sequence[tuple[str, ...]], width: int | None
) -> tuple[tuple[int, ...], dict[int, int]]:
    """Columns shown, and the cells of each: those of its widest text unless they are too many."""
    every = tuple(range(len(rows[0])))
    room = {column: max(cells(row[column]) for row in rows) for column in every}
    if width is None:
        return every, room
    for shown in (every, tuple(column for column in every if rows[0][column] != "channels")):
        fixed = sum(room[column] for column in shown if column not in (1, 2)) + 2 * len(shown) - 2
        left = width - fixed
        if left >= room[1] + room[2]:
            return shown, room
        if left >= 2 * LEAST_WIDTH:
            break
    artists = max(LEAST_WIDTH, min(room[2], max(left - room[1], 2 * left // 5)))
    return shown, {**room, 1: max(LEAST_WIDTH, left - artists), 2: artists}


def to_json(content: dict[str, Any]) -> str:
    """One JSON object on lines of its own."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def m3u(answer: Recommendations) -> str:
    """Extended M3U (UTF-8) of Spotify URIs; lengths are unknown, hence -1."""
    lines = ["#EXTM3U"]
    for song in answer.results:
        lines.append(f"#EXTINF:-1,{plain(', '.join(song.artist_names))} - {plain(song.track_name)}")
        lines.append(f"spotify:track:{song.track_id}")
    return "\n".join(lines) + "\n"


def jspf(answer: Recommendations) -> str:
    """JSPF, the JSON of XSPF (https://www.xspf.org/jspf): links, titles, artists and albums."""
    tracks = [
        {
            "location": [link(song)],
            "identifier": [f"spotify:track:{song.track_id}"],
            "title": plain(song.track_name),
            "creator": plain(", ".join(song.artist_names)),
            **({"album": plain(song.album_name)} if song.album_name else {}),
            **({"annotation": plain(song.explanation)} if song.explanation else {}),
        }
        for song in answer.results
    ]
    return to_json({"playlist": {"title": f"Songs like {_heading(answer)}", "track": tracks}})


def to_csv(answer: Recommendations) -> str:
    """CSV (RFC 4180) with a header; lists within a cell are joined by semicolons."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    for song in answer.results:
        content = song.to_dict()
        content["url"] = link(song)
        content["channels"] = [f"{name}={value:g}" for name, value in song.channels.items()]
        writer.writerow([_cell(content[column]) for column in CSV_COLUMNS])
    return buffer.getvalue()


def cells(text: str) -> int:
    """Terminal cells that ``text`` takes: two for wide characters, none for combining marks."""
    return sum(map(_character_cells, text))


def pad(text: str, width: int, right: bool = False) -> str:
    """``text`` filled up with spaces to ``width`` cells, at its left where ``right``."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, with an ellipsis where something is left out."""
    if cells(text) <= width:
        return text
    kept, taken = [], 1
    for character in text:
        taken += _character_cells(character)
        if taken > width:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def plain(text: str) -> str:
    """One line of ``text`` without control characters: titles must not steer a terminal."""
    return " ".join("".join(_visible(text)).split())


def _visible(text: str) -> Iterator[str]:
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            yield " "
        elif category not in ("Cf", "Cs"):
            yield character


def _character_cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _row(song: Song) -> tuple[str, str, str, str, str]:
    told = {name: f"{value:.2f}" for name, value in song.channels.items()}
    channels = " ".join(f"{name} {value}" for name, value in told.items() if value != "0.00")
    return (
        str(song.rank),
        cut(plain(song.track_name), TITLE_WIDTH),
        cut(plain(", ".join(song.artist_names)), ARTISTS_WIDTH),
        channels,
        f"{song.score:.3f}",
    )


def _heading(answer: Recommendations) -> str:
    if answer.artist is not None:
        number = len(answer.seeds)
        songs = f"{number} best-known songs" if number > 1 else "one song"
        return f"{plain(answer.artist)} ({songs})"
    first = _seed_label(answer.seeds[0])
    others = len(answer.seeds) - 1
    return f"{first} and {others} more" if others else first


def _seed_label(seed: SeedSong) -> str:
    title = plain(seed.track_name or seed.track_id or "the song described")
    artists = plain(", ".join(seed.artist_names))
    return f"{title} - {artists}" if artists else title


def _cell(value: Any) -> Any:
    return LIST_SEPARATOR.join(value) if isinstance(value, list) else value
