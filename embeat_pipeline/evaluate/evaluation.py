"""Evaluate a lake: query its holdout release, compare baselines, and measure each section.

Nothing of the lake is trained or written here. The holdout release is an asset of its own
(``holdout/``), and has to be there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import embeat_serve
from embeat_pipeline.evaluate import sections
from embeat_pipeline.evaluate.context import EvaluationContext, Timer
from embeat_pipeline.evaluate.holdout.release import HoldoutRelease, read_holdout_release
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists, load_split
from embeat_pipeline.evaluate.inputs.release_client import open_client
from embeat_pipeline.evaluate.options import (
    EvaluationMode,
    EvaluationOptions,
    EvaluationQueries,
    sample_queries,
)
from embeat_pipeline.evaluate.report.aggregate import measure
from embeat_pipeline.evaluate.systems.base import System
from embeat_pipeline.evaluate.systems.release_presets import evaluate_presets, release_presets
from embeat_pipeline.evaluate.systems.tuned_baselines import tuned_baselines
from embeat_pipeline.evaluate.systems.upstream import build_upstream, upstream_systems
from embeat_pipeline.interactions.playlists import Playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.settings import Settings

DEFAULT_OPTIONS = EvaluationOptions()


def evaluate(
    lake: LakePaths, options: EvaluationOptions = DEFAULT_OPTIONS, device: str = "auto"
) -> dict[str, Any]:
    """Measure the holdout release of a lake on playlists it has not seen.

    Args:
        lake: with a holdout release, see ``build_holdout_release``.
        options: what is measured.
        device: ``auto``, ``cpu`` or ``cuda``, for training upstream's models.

    Returns:
        The content of ``reports/evaluation.json``.

    Raises:
        PipelineError: there is no holdout release of the lake as it is, or no playlist has
            enough tracks to draw queries from.
        Unavailable: the holdout release cannot be queried.
    """
    context = load_context(lake, options.reduced(), device)
    systems = [system for make in SYSTEMS[options.mode] for system in make(context)]
    with context.timer.section("measuring"):
        report = measure(
            context.holdout.lake, systems, context.queries, context.catalogue, context.options
        )
    for section in SECTIONS[options.mode]:
        report |= section(context, systems)
    report["protocol"] |= {
        "playlists": len(context.data.playlists),
        "train": len(context.data.train),
        "validation": len(context.data.validation),
        "test": len(context.data.test),
        "split": asdict(context.options.split),
        "trained_anew": list(context.holdout.trained),
    }
    return {
        "measured": "holdout",
        "release": context.holdout.release,
        "seconds": context.timer.seconds,
    } | report


def load_context(lake: LakePaths, options: EvaluationOptions, device: str) -> EvaluationContext:
    """Read what an evaluation needs; see ``evaluate`` for what is raised."""
    holdout = read_holdout_release(lake, options.split)
    data = load_split(lake, options.split)
    queries = sample_queries(data.test, data.train, options)
    catalogue = read_catalogue(holdout.lake)
    return EvaluationContext(lake, holdout, catalogue, data, queries, options, device)


def evaluate_external(
    lake: LakePaths, playlists: Playlists, options: EvaluationOptions = DEFAULT_OPTIONS
) -> dict[str, Any]:
    """Measure the published release on playlists from outside the lake; trains nothing.

    Raises:
        PipelineError: no playlist has enough tracks to draw queries from.
        Unavailable: nothing is published.
    """
    options, timer = options.reduced(), Timer()
    train = lake_playlists(lake)
    queries = sample_queries(playlists, train, options)
    catalogue = read_catalogue(lake)
    published = HoldoutRelease(lake, None)
    with timer.section("querying"):
        systems = [*query_release(published, catalogue, queries, options)]
    with timer.section("measuring"):
        report = measure(lake, systems, queries, catalogue, options)
    with timer.section("style fit"):
        report |= sections.style_fit(lake, systems, queries, options.seed)
    with embeat_serve.open(lake=lake.root) as recommender:
        release = recommender.release
        report["examples"] = sections.example_lists(recommender, catalogue, queries)
    report["protocol"] |= {"train": len(train), "test": len(playlists)}
    return {"measured": "published", "release": release, "seconds": timer.seconds} | report


def query_release(
    release: HoldoutRelease,
    catalogue: Catalogue,
    queries: EvaluationQueries,
    options: EvaluationOptions,
) -> Iterator[System]:
    """Query a release with every preset, see ``release_presets``."""
    presets = release_presets(Settings.from_environment().recall)
    with open_client(release.lake, release.release, options.workers) as recommend:
        yield from evaluate_presets(
            recommend, presets, catalogue, queries=queries.queries, k=options.k
        )


def _release_systems(context: EvaluationContext) -> Iterator[System]:
    with context.timer.section("querying"):
        yield from query_release(
            context.holdout, context.catalogue, context.queries, context.options
        )


def _baseline_systems(context: EvaluationContext) -> Iterator[System]:
    with context.timer.section("baselines"):
        yield from tuned_baselines(
            context.baseline_inputs,
            context.data.validation,
            queries=context.queries.queries,
            k=context.options.k,
        )


def _upstream_systems(context: EvaluationContext) -> Iterator[System]:
    options = context.options
    with context.timer.section("upstream"):
        upstream = build_upstream(context.holdout, options.upstream, context.device)
        with open_client(upstream.lake, upstream.release, options.workers) as recommend:
            yield from upstream_systems(
                recommend,
                options.upstream,
                context.catalogue,
                queries=context.queries.queries,
                k=options.k,
            )


SYSTEMS: Mapping[EvaluationMode, Sequence[Callable[[EvaluationContext], Iterator[System]]]] = {
    EvaluationMode.QUICK: (_release_systems,),
    EvaluationMode.FULL: (_release_systems, _baseline_systems, _upstream_systems),
}
"""What is ranked and compared, in the order of the report's tables."""

SECTIONS: Mapping[EvaluationMode, Sequence[sections.Section]] = {
    EvaluationMode.QUICK: (sections.style_section, sections.examples_section),
    EvaluationMode.FULL: (
        sections.style_section,
        sections.examples_section,
        sections.title_section,
        sections.attribution_section,
        sections.coverage_section,
        sections.acoustic_section,
        sections.genre_section,
    ),
}
"""What is measured besides; the acoustic section needs upstream's models from ``SYSTEMS``."""
