"""Show how good lists for names of playlists are: tables for the page, lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from embeat_pipeline.evaluate.metrics.title_kinds import TitleKind
from embeat_pipeline.evaluate.quality.title_lists import (
    LIST,
    MIN_PLAYLISTS,
    NO_RULES,
    OPPONENT,
    WITH,
    WITHOUT,
)
from embeat_pipeline.evaluate.report.charts import by_count

RELEASE_ROWS = {LIST: "the list people get", NO_RULES: "the same without rules"}
"""What the release is asked for by name alone -> name of its row."""
TOO_FEW = "too few"


def title_view(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of lists for names; empty where nothing was measured.

    Returns:
        ``named``, the number of playlists. Unless it is 0: ``opponent`` and ``seeds`` as in the
        report, ``rows`` (of names alone), ``kinds`` (one row for each kind) and ``least``, the
        playlists that figures are given of.
    """
    titles = result.get("titles")
    if not titles:
        return {}
    if not titles["named"]:
        return {"named": 0}
    alone, opponent = titles["name_alone"], titles["opponent"]
    of_release = [
        {"name": name, "cell": alone[key], "ratio": alone["ratios"][key]}
        for key, name in RELEASE_ROWS.items()
    ]
    of_opponent = {"name": opponent["name"], "cell": alone[OPPONENT], "ratio": None}
    return {
        "named": titles["named"],
        "opponent": opponent,
        "rows": [of_opponent, *of_release],
        "seeds": {count: figures for count, figures in by_count(titles).items() if WITH in figures},
        "kinds": [
            {
                "kind": kind.value,
                "alone": titles["kinds"][kind]["name_alone"],
                "one_seed": titles["kinds"][kind].get("one_seed", {"playlists": 0}),
            }
            for kind in TitleKind  # JSON objects have no order
            if kind in titles["kinds"]
        ],
        "least": MIN_PLAYLISTS,
    }


def title_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """All lines on lists for names, after an empty line; none where nothing was measured."""
    view = title_view(result)
    if not view:
        return
    yield ""
    if not view["named"]:
        yield "lists for the name of a playlist: no novel test playlist has a name"
        return
    yield f"lists for the name of a playlist, nDCG@20 (n={view['named']})"
    for row in view["rows"]:
        ratio = f"  x{_interval(row['ratio'], '.3f')}" if row["ratio"] else ""
        yield f"{row['name']:<46}{_interval(row['cell'])}{ratio}"
    for count, cells in view["seeds"].items():
        head = f"{count} seed{'s' if count != '1' else ''} (n={cells['playlists']})"
        yield f"{head:<20}{_seed_text(cells)}"
    yield from _kind_lines(view["kinds"])


def _kind_lines(kinds: list[dict[str, Any]]) -> Iterator[str]:
    yield ""
    yield f"{'kind of name':<14}{'n':>5}  {'list':<24}{'ratio to the opponent':<24}1 seed"
    for row in kinds:
        alone, one_seed = row["alone"], row["one_seed"]
        line = f"{row['kind']:<14}{alone['playlists']:>5}  "
        if LIST in alone:
            ratio = alone["ratios"][LIST]
            line += f"{_interval(alone[LIST]):<24}{_interval(ratio, '.2f') if ratio else '-':<24}"
        else:
            line += f"{TOO_FEW:<48}"
        seed_text = _seed_text(one_seed) if WITH in one_seed else TOO_FEW
        yield f"{line}n={one_seed['playlists']}: {seed_text}"


def _seed_text(cells: Mapping[str, Any]) -> str:
    without, with_name = cells[WITHOUT]["mean"], cells[WITH]["mean"]
    gain = _interval(cells["difference"], "+.4f")
    return f"{without:.4f} without a name, {with_name:.4f} with it, {gain}"


def _interval(cell: Mapping[str, float], form: str = ".4f") -> str:
    return f"{cell['mean']:{form}} [{cell['low']:{form}}, {cell['high']:{form}}]"
