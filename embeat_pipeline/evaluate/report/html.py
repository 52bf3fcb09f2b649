"""The evaluation as a page a person would want to look at: one HTML file, nothing loaded."""

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from embeat_pipeline.common.svg import Drawing
from embeat_pipeline.evaluate.report import charts
from embeat_pipeline.evaluate.report.summary import ALL, HEADLINE, NOVEL
from embeat_pipeline.evaluate.systems.base import PRODUCT
from embeat_pipeline.interactions.ranking_metrics import (
    CATALOGUE_METRICS,
    LIST_METRICS,
    RANKING_METRICS,
)

LOWER_IS_BETTER = ("similarity@20", "gini@20")


def page(result: Mapping[str, Any]) -> str:
    """HTML of an evaluation, see ``evaluation.evaluate``."""
    style = files("embeat_pipeline.evaluate.report").joinpath("report.css").read_text("utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Embeat evaluation</title><style>{style}</style></head><body><main>"
        f"{''.join(_sections(result))}</main></body></html>\n"
    )


def drawings(result: Mapping[str, Any]) -> dict[str, Drawing]:
    """Every chart by name, in the order of the page."""
    first = next(iter(charts.by_count(result)))
    found = {
        "systems": charts.by_system(result, HEADLINE, NOVEL),
        "systems_all": charts.by_system(result, HEADLINE, ALL),
        "strata": charts.by_stratum(result, HEADLINE, first),
        "agreement": charts.agreement(result["seeds"][first]["agreement"]),
        "genre_map": charts.genre_map(result["genre_map"]),
    }
    if result.get("sound", {}).get("table"):
        found["sound"] = charts.by_relation(result["sound"], HEADLINE)
    if result.get("genres", {}).get("reliability"):
        found["genre_reliability"] = charts.reliability(result["genres"]["reliability"])
    return found


def _sections(result: Mapping[str, Any]) -> Iterator[str]:
    drawn = drawings(result)
    yield _opening(result)
    yield "<h2>How good the lists are</h2>"
    yield _paragraph(
        f"{HEADLINE} on novel playlists: no training playlist shares more than a fifth of their "
        "songs, so nothing is gained by remembering one. Bars are 95 % intervals from a paired "
        "bootstrap over playlists."
    )
    yield _figure(
        drawn["systems"],
        "Blue: the release. Green: its channels alone. Ochre: baselines. Purple: upstream.",
    )
    yield _figure(drawn["systems_all"], "The same on all held-out playlists, copies included.")
    for count, found in charts.by_count(result).items():
        yield from _tables(result, count, found)
    yield "<h2>Where it is good and where not</h2>"
    yield _paragraph(
        "Overlapping playlists resemble a training playlist; all other strata are within the "
        "novel ones, by how many training playlists the seed is in: the most frequent tracks "
        "that make up a third of all entries are the head, the least frequent third the tail."
    )
    yield _figure(drawn["strata"], f"{HEADLINE}, one seed.")
    yield "<h2>Where channels agree</h2>"
    yield _paragraph("Share of the row's first 20 songs that the column's first 20 hold as well.")
    yield _figure(drawn["agreement"], "")
    yield "<h2>What is recommended</h2>"
    yield _paragraph(
        "Genres in their places on the map: up is mechanical and electric, down is organic, left "
        "is dense and atmospheric, right is spiky and bouncy. Size is the share among recommended "
        "songs; colour compares it with the share among the songs that were wanted."
    )
    yield _figure(drawn["genre_map"], "Point at a genre for its figures.")
    if "sound" in drawn:
        yield _sound(result["sound"], drawn["sound"])
    if result.get("genres", {}).get("hidden"):
        yield _genres(result["genres"], drawn.get("genre_reliability"))
    if result.get("examples"):
        yield "<h2>Twenty lists</h2>"
        yield _paragraph("✓ marks songs of the playlist that the seed was drawn from.")
        yield f'<div class="cards">{"".join(map(_card, result["examples"]))}</div>'
    yield _protocol(result)


def _opening(result: Mapping[str, Any]) -> str:
    asked = (
        "Its twin, made by the same stages without the playlists it is asked about"
        if result["measured"] == "twin"
        else "The published release, asked about playlists from outside the lake"
    )
    tiles = []
    for count, found in charts.by_count(result).items():
        cell = found["table"][PRODUCT].get(NOVEL, {}).get(HEADLINE)
        if cell:
            tiles.append(
                f'<div class="tile"><b>{cell["mean"]:.3f}</b><span>{HEADLINE}, {_seeds(count)}, '
                f"novel<br>95 %: {cell['low']:.3f} to {cell['high']:.3f}, n={cell['count']}"
                "</span></div>"
            )
    return (
        f"<h1>Embeat evaluation</h1><p class='note'>Release <code>{escape(result['release'])}"
        f"</code>. {asked}.</p><div class='tiles'>{''.join(tiles)}</div>"
    )


def _tables(result: Mapping[str, Any], count: str, found: Mapping[str, Any]) -> Iterator[str]:
    for stratum, name in charts.STRATUM_TITLES.items():
        number = found["queries"][stratum]
        if not number:
            continue
        title = f"Table: {_seeds(count)}, {name} (n={number})"
        is_open = " open" if stratum == NOVEL and count == "1" else ""
        body = f'<div class="scroll">{_table(result, found, stratum)}</div>'
        yield f"<details{is_open}><summary>{title}</summary>{body}</details>"


def _table(result: Mapping[str, Any], found: Mapping[str, Any], stratum: str) -> str:
    metrics = (*RANKING_METRICS, *LIST_METRICS)
    # Coverage and Gini are of all lists together, so they belong to one table only.
    shared = CATALOGUE_METRICS if stratum == ALL else ()
    systems = [s for s in result["systems"] if stratum in found["table"][s["name"]]]
    means = {
        metric: [found["table"][s["name"]][stratum][metric]["mean"] for s in systems]
        for metric in RANKING_METRICS
    }
    head = "".join(f"<th>{name}</th>" for name in ("", *metrics, *shared))
    head += f"<th>Δ {HEADLINE} to {escape(result['reference'])}</th>"
    rows, group = [], ""
    for system in systems:
        name, cells = system["name"], found["table"][system["name"]][stratum]
        columns = [
            _cell(cells[metric], metric in means and cells[metric]["mean"] == max(means[metric]))
            for metric in metrics
        ]
        columns += [f"<td>{found['catalogue'][name][metric]:.4f}</td>" for metric in shared]
        columns.append(_difference(found["differences"].get(name, {}).get(stratum)))
        start = ' class="start"' if system["group"] != group else ""
        group = system["group"]
        rows.append(f"<tr{start}><td>{escape(name)}</td>{''.join(columns)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(cell: Mapping[str, float], is_best: bool) -> str:
    half = (cell["high"] - cell["low"]) / 2
    best = ' class="best"' if is_best else ""
    return f"<td{best}>{cell['mean']:.3f} <small>±{half:.3f}</small></td>"


def _difference(cell: Mapping[str, float] | None) -> str:
    if cell is None:
        return "<td></td>"
    style = "good" if cell["low"] > 0 else "bad" if cell["high"] < 0 else ""
    interval = f"<small>[{cell['low']:+.3f}, {cell['high']:+.3f}]</small>"
    return f'<td class="{style}">{cell["mean"]:+.3f} {interval}</td>'


def _sound(sound: Mapping[str, Any], drawing: Drawing) -> str:
    text = (
        f"{sound['queries']:,} tracks of {sound['artists']:,} artists that the encoder never "
        "trained on; the whole catalogue is ranked by cosine, and other releases of the same "
        "recording are left out. Intervals are over artists."
    )
    return f"<h2>What the ear hears</h2>{_paragraph(text)}{_figure(drawing, HEADLINE)}"


def _genres(genres: Mapping[str, Any], drawing: Drawing | None) -> str:
    metrics = {
        "covered": "with a prediction",
        "top_1": "best is listed",
        "top_3": "one of the best 3 is",
        "f1": "F1 of an artist's set",
    }
    head = "".join(f"<th>{escape(text)}</th>" for text in (*metrics.values(), "macro-F1"))
    rows = ""
    for name, found in {"predicted": genres, **genres["baselines"]}.items():
        cells = "".join(_cell(found[metric], found is genres) for metric in metrics)
        gain = _difference(found.get("gain"))
        rows += f"<tr><td>{name}</td>{cells}<td>{found['macro_f1']:.3f}</td>{gain}</tr>"
    table = (
        f"<table><thead><tr><th></th>{head}<th>F1 gained over it</th></tr></thead>{rows}</table>"
    )
    text = (
        f"A fifth of the labelled artists had their labels hidden, {genres['seeds']} times anew: "
        f"{genres['hidden']:,} cases. The genre most artists list would be right for "
        f"{genres['most_frequent_top_1']:.1%} of them. "
    )
    if genres["ece"] is not None:
        right = genres["top_1_covered"]["mean"]
        text += (
            f"Where there is a prediction, the best genre is right for {right:.1%}; confidence is "
            f"off by {genres['ece']:.3f} (expected calibration error). "
        )
    if tracks := genres["tracks"]:
        before, after = tracks["listed"], tracks["listed"] + tracks["predicted"]
        text += (
            f"Tracks whose artist has a genre: {before / max(tracks['all'], 1):.1%} listed, "
            f"{after / max(tracks['all'], 1):.1%} with predictions."
        )
    chart = _figure(drawing, "On the diagonal, confidence is what it claims.") if drawing else ""
    return f"<h2>Genres found again</h2>{_paragraph(text)}{table}{chart}"


def _card(example: Mapping[str, Any]) -> str:
    songs = "".join(
        f'<li class="{"hit" if song["hit"] else ""}">{escape(song["track_name"])} '
        f"<span>{escape(_names(song))} · {escape(', '.join(song['channels']))}</span></li>"
        for song in example["songs"]
    )
    seed = example["seed"]
    return (
        f'<div class="card"><h3>{escape(seed["track_name"] or "?")}</h3>'
        f'<span class="note">{escape(_names(seed))} · {example["stratum"]}</span>'
        f"<ol>{songs}</ol></div>"
    )


def _names(song: Mapping[str, Any]) -> str:
    return ", ".join(song["artist_names"])


def _protocol(result: Mapping[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td>{escape(s['name'])}</td><td style='text-align:left;white-space:normal'><code>"
        f"{escape(_pairs(s['parameters']) or 'defaults')}</code></td></tr>"
        for s in result["systems"]
    )
    return (
        "<h2>How it was measured</h2>"
        + _paragraph(
            "Split by a seeded hash of each playlist's id; playlists alike by more than a fifth "
            "are never one in train and one in validation. Seeds are drawn from held-out "
            "playlists with ten or more tracks, all their other tracks are wanted, and the whole "
            "catalogue is ranked."
        )
        + f"<p class='note'><code>{escape(_pairs(result['protocol']))}</code></p>"
        + f"<p class='note'>Seconds: <code>{escape(_pairs(result['seconds']))}</code></p>"
        + f"<details><summary>Parameters</summary><table>{parameters}</table></details>"
    )


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _seeds(count: str) -> str:
    return f"{count} seed" if count == "1" else f"{count} seeds"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _figure(drawing: Drawing, caption: str) -> str:
    return (
        f'<figure><div class="scroll">{drawing.svg()}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
