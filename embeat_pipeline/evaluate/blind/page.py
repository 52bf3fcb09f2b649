"""Render the pairs of a blind test as one HTML page that loads nothing and names no system."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

QUESTION = "Which list goes better with the song? Which songs do not fit?"


def render_page(content: Mapping[str, Any]) -> str:
    """HTML of a blind test.

    Args:
        content: see ``files.pairs_content``. Nothing else comes onto the page, so that it can
            tell a judge no more than the JSON does.
    """
    folder = files("embeat_pipeline.evaluate.blind")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.from_string(folder.joinpath("page.html").read_text("utf-8"))
    return template.render(
        content,
        style=folder.joinpath("page.css").read_text("utf-8"),
        script=folder.joinpath("page.js").read_text("utf-8"),
    )
