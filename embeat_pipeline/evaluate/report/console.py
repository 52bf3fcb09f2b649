"""Format the results of an evaluation or a comparison as text for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from embeat_pipeline.evaluate.report.charts import by_count
from embeat_pipeline.evaluate.report.style_section import style_lines
from embeat_pipeline.evaluate.report.summary import ALL, HEADLINE, NOVEL
from embeat_pipeline.evaluate.report.title_section import title_lines

METRICS = ("ndcg@20", "ndcg@100", "recall@100", "hit@20", "r_precision", "mrr", "artists@5")
"""Columns of the table."""
SHOWN_QUERIES, SHOWN_SEEDS = 5, 3
"""Changed queries that are listed each way, and seeds listed of each."""


def headline(result: Mapping[str, Any]) -> dict[str, float]:
    """Headline metric of every system on novel playlists, by name and number of seeds.

    With the ratios of the release and its channels to the best single model.
    """
    metric = {
        f"{HEADLINE} {name}, {count} seeds": strata[NOVEL][HEADLINE]["mean"]
        for count, measured in by_count(result).items()
        for name, strata in measured["table"].items()
        if NOVEL in strata
    }
    ratio = {
        f"{name} / {against['opponent']}, {count} seeds": cells["ratio"]["mean"]
        for count, against in result["headline"].items()
        for name, cells in against["systems"].items()
        if cells["ratio"]
    }
    return metric | ratio


def report_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """All lines on an evaluation."""
    yield from headline_lines(result)
    yield from table_lines(result)
    yield from style_lines(result)
    yield from title_lines(result)
    yield from quality_lines(result)


def headline_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines that compare the release and its channels with the best single model."""
    for count, against in by_count(result, "headline").items():
        opponent = against["opponent"]
        yield ""
        yield f"{_seeds(count)}, novel playlists: {HEADLINE} against {opponent}"
        chosen_by = sorted(against["validation"].items(), key=lambda item: -item[1])
        reached = ", ".join(f"{name} {value:.4f}" for name, value in chosen_by)
        yield f"the best single model on validation playlists: {reached}"
        for name, cells in against["systems"].items():
            line = f"{name:<34}{cells[HEADLINE]['mean']:>12.4f}"
            if gain := cells["difference"]:
                line += f"  {_interval(gain, '+.4f')}"
            if ratio := cells["ratio"]:
                line += f"  x{_interval(ratio, '.3f')}"
            yield line


def table_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a table for each number of seeds, of novel and of all playlists."""
    for count, measured in by_count(result).items():
        for stratum in (NOVEL, ALL):
            if not measured["queries"][stratum]:
                continue
            yield ""
            yield f"{_seeds(count)}, {stratum} playlists (n={measured['queries'][stratum]})"
            heads = [*METRICS, f"    Δ{HEADLINE} to {measured['reference']}"]
            yield f"{'':<34}" + "".join(f"{head:>12}" for head in heads)
            for system in result["systems"]:
                yield _row(system["name"], measured, stratum)


def _row(name: str, measured: Mapping[str, Any], stratum: str) -> str:
    cells = measured["table"][name][stratum]
    line = f"{name:<34}" + "".join(f"{cells[metric]['mean']:>12.4f}" for metric in METRICS)
    if gain := measured["differences"].get(name, {}).get(stratum):
        line += f"     {_interval(gain, '+.4f')}"
    return line


def _seeds(count: str) -> str:
    return f"{count} seed{'s' if count != '1' else ''}"


def _interval(cell: Mapping[str, float], form: str) -> str:
    return f"{cell['mean']:{form}} [{cell['low']:{form}}, {cell['high']:{form}}]"


def quality_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines on coverage, acoustic and genre quality, where measured."""
    yield from _coverage_lines(result)
    if sound := result.get("sound"):
        yield from _acoustic_lines(sound)
    if (genres := result.get("genres")) and genres["hidden"]:
        yield from _genre_lines(genres)


def _coverage_lines(result: Mapping[str, Any]) -> Iterator[str]:
    if coverage := result.get("reach"):
        yield ""
        for name, figures in coverage.items():
            yield (
                f"songs of the catalogue, {name}: {figures['answered']:.1%} get a full list, "
                f"{figures['coverage@20']:.2%} of the catalogue listed"
            )
    if attribution := result.get("attribution"):
        yield (
            f"without the channel that speaks most for it, a song falls in "
            f"{attribution['lowered']:.1%} of {attribution['songs']:,}"
        )


def _acoustic_lines(sound: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"acoustic retrieval, {sound['queries']} tracks of {sound['artists']} unseen artists"
    for space in sound["spaces"]:
        relations = sound["table"][space].items()
        means = "".join(f"  {name} {cell[HEADLINE]['mean']:.4f}" for name, cell in relations)
        yield f"{space:<34}{means}"


def _genre_lines(genres: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    error = "" if genres["ece"] is None else f", calibration error {genres['ece']:.4f}"
    yield f"genres of hidden artists, {genres['hidden']} in {genres['seeds']} rounds{error}"
    for name, figures in {"predicted": genres, **genres["baselines"]}.items():
        metrics = ("covered", "top_1", "top_3", "f1")
        means = "".join(f"  {key} {figures[key]['mean'] or 0:.4f}" for key in metrics)
        yield f"{name:<34}{means}  macro_f1 {figures['macro_f1']:.4f}"


def comparison_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a comparison: differences, and the queries that changed most.

    Args:
        result: see ``compare.compare``.
    """
    sides = result["sides"]
    yield f"{result['metric']}: {sides['second']['name']} minus {sides['first']['name']}"
    for side in sides.values():
        if side["has_seen"]:
            yield f"note: {side['name']} was trained on the playlists it is asked about"
    for count, of_count in result["seeds"].items():
        for stratum, gain in of_count["difference"].items():
            before, after = (of_count[key][stratum]["mean"] for key in ("first", "second"))
            yield (
                f"{count:>3} seeds, {stratum:<12} {before:.4f} -> {after:.4f}  {gain['mean']:+.4f} "
                f"[{gain['low']:+.4f}, {gain['high']:+.4f}]  n={gain['count']}"
            )
        for kind in ("better", "worse"):
            for query in of_count[kind][:SHOWN_QUERIES]:
                ids = ", ".join(query["track_ids"][:SHOWN_SEEDS])
                yield f"    {kind:<7} {query['first']:.3f} -> {query['second']:.3f}  {ids}"
