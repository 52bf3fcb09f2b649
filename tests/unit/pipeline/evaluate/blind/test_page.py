import re
from html.parser import HTMLParser

import pytest

from embeat_pipeline.evaluate.blind.files import pairs_content
from embeat_pipeline.evaluate.blind.page import render_page
from tests.support.blind_pairs import made_test

VOID = ("meta", "br", "input")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.columns, self.inputs = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "ol":
            self.columns.append([])
        if "ol" in self.open:
            self.columns[-1].append((tag, [name for name, _ in attrs]))
        if tag == "input":
            self.inputs.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def content():
    return pairs_content(made_test())


def test_the_page_is_whole_and_loads_nothing(content):
    text = render_page(content)
    tags = Page(text).tags
    assert not {"link", "img", "iframe", "a", "form"} & set(tags)
    assert not re.findall(r"(?:href=|src=|url\(|https?:|import\b|fetch\b)", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_both_lists_are_marked_up_alike(content):
    # Songs of both sides have artists, so that not even the number of tags may differ.
    columns = Page(render_page(content)).columns
    assert len(columns) == 2 * len(content["pairs"])
    for one, two in zip(columns[::2], columns[1::2], strict=True):
        assert one == two


def test_every_pair_has_three_choices_and_every_song_a_box(content):
    inputs = Page(render_page(content)).inputs
    radios = [field for field in inputs if field.get("type") == "radio"]
    boxes = [field for field in inputs if field.get("type") == "checkbox"]
    pairs = content["pairs"]
    assert [field["value"] for field in radios] == ["A", "equal", "B"] * len(pairs)
    assert len(boxes) == sum(len(pair["A"]) + len(pair["B"]) for pair in pairs)
    assert {box["value"] for box in boxes} == {"1", "2", "3"}
    assert not [field for field in inputs if "checked" in field]


def test_titles_and_names_are_escaped(content):
    evil = {"track_name": "</script><script>alert(1)</script>", "artist_names": ["'><img src=x>"]}
    pair = {**content["pairs"][0], "A": [evil], "seed": [evil]}
    text = render_page({**content, "pairs": [pair]})
    assert text.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in text
    assert "<img" not in text
