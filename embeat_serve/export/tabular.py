"""Export a list as JSON or CSV."""

import csv
import json
from io import StringIO
from typing import Any

from embeat_serve.export.labels import link
from embeat_serve.results import Recommendations

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


def to_json(content: dict[str, Any]) -> str:
    """One JSON object on lines of its own."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


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


def _cell(value: Any) -> Any:
    return LIST_SEPARATOR.join(value) if isinstance(value, list) else value
