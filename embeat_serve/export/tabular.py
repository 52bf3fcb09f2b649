"""Write a list as JSON or CSV."""

import csv
import json
from collections.abc import Mapping
from io import StringIO
from typing import Any, cast

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
"""Between the items of a list in one cell."""


def to_json(content: Mapping[str, object]) -> str:
    """The content as JSON, indented by one space."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def to_csv(answer: Recommendations) -> str:
    """The list as CSV (RFC 4180) with a header; lists in a cell are joined by semicolons."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    for song in answer.results:
        content: dict[str, Any] = {
            **song.to_dict(),
            "url": link(song),
            "channels": [f"{name}={value:g}" for name, value in song.channels.items()],
        }
        writer.writerow([_cell(content[column]) for column in CSV_COLUMNS])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    return LIST_SEPARATOR.join(cast(list[str], value)) if isinstance(value, list) else value
