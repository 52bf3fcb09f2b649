import json
import re
from html.parser import HTMLParser

import pytest

from embeat_pipeline.evaluate.report.html import render_report
from embeat_pipeline.evaluate.report.store import evaluation_json, evaluation_page

VOID = ("meta", "br")


@pytest.fixture(scope="module")
def result(evaluated_lake):
    return json.loads(evaluation_json(evaluated_lake).read_text(encoding="utf-8"))


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(evaluated_lake, result):
    text = evaluation_page(evaluated_lake).read_text(encoding="utf-8")
    parsed = Page()
    parsed.feed(text)
    assert parsed.open == []
    assert not {"script", "link", "img", "iframe"} & set(parsed.tags)
    addresses = re.findall(r"(?:href=|src=|url\()\s*[\"']?([^\"')\s>]+)", text)
    assert all(address.startswith("#") for address in addresses), "only parts of the page itself"
    for system in result["systems"]:
        assert system["name"] in text
    assert "prefers-color-scheme: dark" in text


def test_titles_are_escaped(result):
    example = result["examples"][0]
    seed = {**example["seed"], "track_name": "<script>alert(1)</script>"}
    song = {**example["songs"][0], "track_name": "Q&A <b>", "artist_names": ["'><img src=x>"]}
    text = render_report({**result, "examples": [{**example, "seed": seed, "songs": [song]}]})
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "Q&amp;A &lt;b&gt;" in text
    assert "<img" not in text


def test_a_system_with_markup_in_its_name_is_escaped(result):
    name = "<i>product</i>"
    text = json.dumps(result).replace('"popularity"', json.dumps(name))
    page = render_report(json.loads(text))
    assert "<i>" not in page
    assert "&lt;i&gt;product" in page


def test_a_report_of_a_quick_evaluation_leaves_sections_out(result):
    left_out = ("sound", "genres", "reach", "attribution", "titles")
    quick = {name: value for name, value in result.items() if name not in left_out}
    text = render_report(quick)
    assert "What the ear hears" not in text
    assert "Genres found again" not in text
    assert "Lists for a name" not in text
    assert "How good the lists are" in text


def test_style_fit_is_on_the_page(result):
    cell = result["style_fit"]["seeds"]["1"]["systems"]["product"]["novel"]["fit"]
    page = render_report(result)
    assert "Whether the lists stay in style" in page
    assert f"<td>{cell['mean']:.3f} <small>" in page
    assert "No listener has calibrated this" in page
    older = {name: value for name, value in result.items() if name != "style_fit"}
    assert "Whether the lists stay in style" not in render_report(older)


def test_lists_for_names_are_on_the_page(result):
    cell = result["titles"]["name_alone"]["list"]
    page = render_report(result)
    assert "Lists for a name" in page
    assert f"<td>the list people get</td><td>{cell['mean']:.3f} <small>" in page
    assert "too few" in page, "hardly a playlist of the sample is novel"
    unnamed = render_report({**result, "titles": {"named": 0}})
    assert "No novel test playlist has a name" in unnamed


def test_numbers_of_the_product_are_on_the_page(result):
    cell = result["seeds"]["1"]["table"]["product"]["novel"]["ndcg@20"]
    assert f"<b>{cell['mean']:.3f}</b>" in render_report(result)
