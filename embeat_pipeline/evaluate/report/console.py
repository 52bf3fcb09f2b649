"""The evaluation as text for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from embeat_pipeline.evaluate.report.charts import by_count
from embeat_pipeline.evaluate.report.summary import ALL, HEADLINE, NOVEL
from embeat_serve.ranking.model import SEED_REGIMES

METRICS = ("ndcg@20", "ndcg@100", "recall@100", "hit@20", "r_precision", "mrr", "artists@5")


def headline(result: Mapping[str, Any]) -> dict[str, float]:
    """Headline metric of every system on novel playlists, by name and number of seeds."""
    return {
        f"{HEADLINE} {name}, {count} seeds": strata[NOVEL][HEADLINE]["mean"]
        for count, found in by_count(result).items()
        for name, strata in found["table"].items()
        if NOVEL in strata
    }


def table_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """A table for each number of seeds, novel and all playlists."""
    for count, found in by_count(result).items():
        for stratum in (NOVEL, ALL):
            if not found["queries"][stratum]:
                continue
            yield ""
            title = f"{count} seed{'s' if count != '1' else ''}, {stratum} playlists"
            yield f"{title} (n={found['queries'][stratum]})"
            heads = [*METRICS, f"    Δ{HEADLINE} to {result['reference']}"]
            yield f"{'':<34}" + "".join(f"{head:>12}" for head in heads)
            for system in result["systems"]:
                yield _row(system["name"], found, stratum)


def _row(name: str, found: Mapping[str, Any], stratum: str) -> str:
    cells = found["table"][name][stratum]
    line = f"{name:<34}" + "".join(f"{cells[metric]['mean']:>12.4f}" for metric in METRICS)
    if gain := found["differences"].get(name, {}).get(stratum):
        line += f"     {gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
    return line


def quality_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Acoustic and genre quality, where they were measured."""
    for kind in SEED_REGIMES:
        if (fitted := result.get("fusion", {}).get(kind, {})).get("difference"):
            low, high = fitted["difference"][1:]
            verdict = "used" if fitted["fitted"] else "not used"
            yield (
                f"weights fitted for {kind} ({verdict}): cross-validated {HEADLINE} "
                f"{fitted['cross_validated']:.4f}, default {fitted['default']:.4f} "
                f"[{low:+.4f}, {high:+.4f}]"
            )
    if reach := result.get("reach"):
        yield ""
        for name, figures in reach.items():
            yield (
                f"songs of the catalogue, {name}: {figures['answered']:.1%} get a full list, "
                f"{figures['coverage@20']:.2%} of the catalogue listed"
            )
    if attributed := result.get("attribution"):
        yield (
            f"without the channel that speaks most for it, a song falls in "
            f"{attributed['lowered']:.1%} of {attributed['songs']:,}"
        )
    if sound := result.get("sound"):
        yield ""
        yield f"acoustic retrieval, {sound['queries']} tracks of {sound['artists']} unseen artists"
        for space in sound["spaces"]:
            relations = sound["table"][space].items()
            means = "".join(f"  {name} {cell[HEADLINE]['mean']:.4f}" for name, cell in relations)
            yield f"{space:<34}{means}"
    if (genres := result.get("genres")) and genres["hidden"]:
        yield ""
        error = "" if genres["ece"] is None else f", calibration error {genres['ece']:.4f}"
        yield f"genres of hidden artists, {genres['hidden']} in {genres['seeds']} rounds{error}"
        for name, found in {"predicted": genres, **genres["baselines"]}.items():
            figures = ("covered", "top_1", "top_3", "f1")
            means = "".join(f"  {key} {found[key]['mean'] or 0:.4f}" for key in figures)
            yield f"{name:<34}{means}  macro_f1 {found['macro_f1']:.4f}"


def comparison_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A comparison: differences, and the seeds that changed most."""
    sides = found["sides"]
    yield f"{found['metric']}: {sides['second']['name']} minus {sides['first']['name']}"
    for side in sides.values():
        if side["has_seen"]:
            yield f"note: {side['name']} was trained on the playlists it is asked about"
    for count, asked in found["seeds"].items():
        for stratum, gain in asked["difference"].items():
            before, after = (asked[key][stratum]["mean"] for key in ("first", "second"))
            yield (
                f"{count:>3} seeds, {stratum:<12} {before:.4f} -> {after:.4f}  {gain['mean']:+.4f} "
                f"[{gain['low']:+.4f}, {gain['high']:+.4f}]  n={gain['count']}"
            )
        for kind in ("better", "worse"):
            for query in asked[kind][:5]:
                ids = ", ".join(query["track_ids"][:3])
                yield f"    {kind:<7} {query['first']:.3f} -> {query['second']:.3f}  {ids}"
