"""Write a list as a table that fits the terminal."""

import unicodedata
from collections.abc import Sequence

from embeat_serve.export.labels import link, list_heading, plain, seeds_label
from embeat_serve.results import Recommendations, Song

TITLE_WIDTH = 40
"""Most terminal cells of a title; a longer one is cut. In a narrower terminal it shrinks; output to
a file does not depend on the window."""

ARTISTS_WIDTH = 30
"""Most terminal cells of the artists, likewise."""

LEAST_WIDTH = 12
"""Cells of title and artists in the narrowest terminal."""


def table(answer: Recommendations, width: int | None = None, links: bool = False) -> str:
    """The list as text: its title, then a row for each song.

    Args:
        answer: the list.
        width: of the terminal, in cells; None if it does not matter. Titles and artists are cut
            first, then the channels are left out.
        links: show the address of each song.
    """
    header = ("#", "title", "artists", "channels", "score")
    rows = [header, *(_row(song) for song in answer.results)]
    shown, room = _fitted(rows, width)
    rows = [tuple(cut(row[i], room[i]) for i in shown) for row in rows]
    lines = [list_heading(answer), ""]
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
    """One line on how an unclear text was read, and what else it may mean."""
    title = seeds_label(answer)
    if not answer.alternatives:
        return f"taken for {title}"
    alternatives = ", ".join(plain(other) for other in answer.alternatives)
    return f"taken for {title}; did you mean: {alternatives}?"


def _fitted(
    rows: Sequence[tuple[str, ...]], width: int | None
) -> tuple[tuple[int, ...], dict[int, int]]:
    """The columns shown, and the cells of each: those of its widest text, if there is room."""
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


def cells(text: str) -> int:
    """Terminal cells of a text: two for a wide character, none for a combining mark."""
    return sum(map(_character_cells, text))


def pad(text: str, width: int, right: bool = False) -> str:
    """The text with spaces up to ``width`` cells; aligned right if ``right``."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def cut(text: str, width: int) -> str:
    """The text in at most ``width`` cells, with an ellipsis if it was cut."""
    if cells(text) <= width:
        return text
    start: list[str] = []
    used = 1
    for character in text:
        used += _character_cells(character)
        if used > width:
            break
        start.append(character)
    return "".join(start).rstrip() + "…"


def _character_cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _row(song: Song) -> tuple[str, str, str, str, str]:
    shares = {name: f"{value:.2f}" for name, value in song.channels.items()}
    channels = " ".join(f"{name} {value}" for name, value in shares.items() if value != "0.00")
    return (
        str(song.rank),
        cut(plain(song.track_name), TITLE_WIDTH),
        cut(plain(", ".join(song.artist_names)), ARTISTS_WIDTH),
        channels,
        f"{song.score:.3f}",
    )
