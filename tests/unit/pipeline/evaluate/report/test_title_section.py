from typing import Any

import pytest

from embeat_pipeline.evaluate.report.title_section import title_lines, title_view


def interval(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "count": 30}


def names(playlists: int, ratio: float | None = 1.2) -> dict[str, Any]:
    cells = {"opponent": interval(0.05), "list": interval(0.06), "no_rules": interval(0.07)}
    ratios = {name: interval(ratio) if ratio else None for name in ("list", "no_rules")}
    return {"playlists": playlists, **cells, "ratios": ratios}


def seeds(playlists: int) -> dict[str, Any]:
    return {
        "playlists": playlists,
        "without": interval(0.16),
        "with": interval(0.19),
        "difference": interval(0.03),
    }


@pytest.fixture
def titles() -> dict[str, Any]:
    return {
        "named": 40,
        "opponent": {
            "name": "playlists of like names: words",
            "parameters": {"terms": "words", "similarity": 2.0, "length": 0.0},
            "validation": {"most popular": 0.03, "words": 0.06},
        },
        "name_alone": names(40),
        "seeds": {"5": seeds(30), "1": seeds(35), "25": {"playlists": 0}},
        "kinds": {
            "genre": {"name_alone": names(25), "one_seed": seeds(22)},
            "mood": {"name_alone": names(21, ratio=None), "one_seed": {"playlists": 19}},
            "place": {"name_alone": {"playlists": 3}, "one_seed": {"playlists": 2}},
            "person": {"name_alone": {"playlists": 0}},
        },
    }


def line_of(lines: list[str], start: str) -> str:
    (found,) = (line for line in lines if line.startswith(start))
    return found


def test_a_line_for_each_row(titles):
    lines = [*title_lines({"titles": titles})]
    assert "(n=40)" in lines[1]
    opponent = line_of(lines, "playlists of like names: words")
    assert "0.0500 [0.0400, 0.0600]" in opponent
    assert "x" not in opponent
    assert "0.0600 [0.0500, 0.0700]  x1.200 [1.190, 1.210]" in line_of(lines, "the list people")
    assert "0.0700" in line_of(lines, "the same without rules")
    assert "0.1600 without a name, 0.1900 with it, +0.0300 [+0.0200, +0.0400]" in line_of(
        lines, "1 seed (n=35)"
    )
    assert lines.index(line_of(lines, "1 seed (n=35)")) < lines.index(line_of(lines, "5 seeds"))
    assert not any(line.startswith("25 seeds") for line in lines)


def test_kinds_of_too_few_playlists_are_shown_as_such(titles):
    lines = [*title_lines({"titles": titles})]
    genre, mood, place, person = (
        line_of(lines, kind) for kind in ("genre ", "mood ", "place ", "person ")
    )
    assert "1.20 [1.19, 1.21]" in genre
    assert "too few" not in genre
    assert "n=22: 0.1600 without" in genre
    assert "0.0600 [0.0500, 0.0700]" in mood
    assert mood.endswith("n=19: too few")
    assert place.split()[:2] == ["place", "3"]
    assert place.count("too few") == 2
    assert person.count("too few") == 2


def test_kinds_come_in_the_order_of_the_report(titles):
    turned = {**titles, "kinds": dict(sorted(titles["kinds"].items(), reverse=True))}
    rows = title_view({"titles": turned})["kinds"]
    assert [row["kind"] for row in rows] == ["genre", "mood", "place", "person"]


def test_without_names_the_report_says_so():
    assert title_view({"titles": {"named": 0}}) == {"named": 0}
    (line,) = filter(None, title_lines({"titles": {"named": 0}}))
    assert "no novel test playlist has a name" in line


def test_nothing_is_said_where_nothing_was_measured():
    assert title_view({}) == {}
    assert [*title_lines({})] == []
