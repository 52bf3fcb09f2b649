"""Measure the sections of the evaluation report that are not tables of systems."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import embeat_serve
from embeat_pipeline.evaluate.context import EvaluationContext
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_vectors
from embeat_pipeline.evaluate.inputs.playlist_names import read_named_split
from embeat_pipeline.evaluate.inputs.release_client import open_client, single_release_lake
from embeat_pipeline.evaluate.metrics.title_kinds import read_title_kinds
from embeat_pipeline.evaluate.options import EvaluationQueries
from embeat_pipeline.evaluate.quality.coverage import attribution, catalogue_coverage
from embeat_pipeline.evaluate.quality.examples import examples
from embeat_pipeline.evaluate.quality.style_fit import measure_style_fit
from embeat_pipeline.evaluate.quality.title_lists import (
    TitleClient,
    draw_title_queries,
    measure_titles,
)
from embeat_pipeline.evaluate.report.opponent import choose_opponents
from embeat_pipeline.evaluate.systems.base import FUSED, PRODUCT, System
from embeat_pipeline.evaluate.systems.content import raw_features
from embeat_pipeline.evaluate.systems.tuned_baselines import refit
from embeat_pipeline.evaluate.systems.upstream import upstream_lake
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.encoder import Encoder
from embeat_serve.recommender import Recommender
from embeat_serve.settings import Settings

Section = Callable[[EvaluationContext, Sequence[System]], dict[str, Any]]
"""Returns entries of the report."""

EMBEAT_SPACE = "EmbeatMLP"
PLAYLIST = "playlist"
"""Name of the channel whose lists the style fit is measured of, beside the release's."""
UPSTREAM_SPACE = "upstream's EmbeatMLP"
ATTRIBUTION_QUERIES = 60
"""Queries that are sent again without the channel that contributes most to a song."""


def examples_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """Example lists for people to look at."""
    with _open_holdout(context) as recommender:
        return {"examples": example_lists(recommender, context.catalogue, context.queries)}


def example_lists(
    recommender: Recommender, catalogue: Catalogue, queries: EvaluationQueries
) -> list[dict[str, Any]]:
    """Lists of queries with one seed; none where no query has one seed."""
    if 1 not in queries.queries:
        return []
    return examples(recommender, catalogue, queries.queries[1], queries.strata(1)["popularity"])


def style_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """Whether lists stay in the style of their seeds."""
    with context.timer.section("style fit"):
        return style_fit(context.holdout.lake, systems, context.queries, context.options.seed)


def style_fit(
    lake: LakePaths, systems: Sequence[System], queries: EvaluationQueries, seed: int
) -> dict[str, Any]:
    """Style fit of the release, of its playlist channel and of the best single model."""
    opponents = choose_opponents(systems, queries.queries)
    compared = {
        count: [
            system
            for system in systems
            if system.name in (PRODUCT, FUSED, PLAYLIST, opponents.get(count))
        ]
        for count in queries.queries
    }
    return {"style_fit": measure_style_fit(lake, compared, queries, seed)}


def title_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """Whether lists for the name of a playlist have its songs, by kind of name."""
    options, queries = context.options, context.queries
    split = read_named_split(context.lake, context.data)
    frequency = context.data.train.frequency()
    with context.timer.section("titles"), _open_holdout(context) as recommender:
        measured = measure_titles(
            TitleClient(recommender, context.catalogue),
            read_title_kinds(context.holdout.lake, context.catalogue, frequency),
            split,
            queries=draw_title_queries(
                split.test,
                queries.queries,
                queries.is_novel,
                max_queries=options.max_queries,
                seed=options.seed,
            ),
            seed=options.seed,
        )
    return {"titles": measured}


def attribution_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """Whether a song falls without the channel that is said to contribute most to it."""
    queries = context.queries.queries
    seeds = context.catalogue.ids(queries[min(queries)].seeds[:ATTRIBUTION_QUERIES])
    with _open_holdout(context) as recommender:
        return {"attribution": attribution(recommender, seeds, recommender.settings.recall)}


def coverage_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """How much of the catalogue can be a seed, and how much is recommended."""
    fewest = min(context.queries.queries)
    opponents = choose_opponents(systems, [fewest]).values()
    models = {
        system.name: refit(system, context.baseline_inputs, fewest)
        for system in systems
        if system.name in opponents
    }
    holdout, options = context.holdout, context.options
    with (
        context.timer.section("coverage"),
        open_client(holdout.lake, holdout.release, options.workers) as recommend,
    ):
        coverage = catalogue_coverage(
            recommend,
            Settings.from_environment().recall,
            context.catalogue,
            models=models,
            seed=options.seed,
        )
    return {"reach": coverage}


def acoustic_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """Retrieval by the encoders' vectors, for artists that no encoder was trained on."""
    from embeat_pipeline.acoustic.config import TrainingConfig
    from embeat_pipeline.acoustic.dataset import Split, artist_split
    from embeat_pipeline.evaluate.quality.acoustic_retrieval import RAW, evaluate_acoustic_spaces

    lake, artists = context.holdout.lake, context.catalogue.main_artist
    training = Encoder.load(lake.models / ReleaseFile.ENCODER).config["training"]
    unseen = artist_split(artists, TrainingConfig.from_recorded(training)) == Split.TEST
    with context.timer.section("acoustic"):
        spaces = {
            RAW: raw_features(lake),
            UPSTREAM_SPACE: read_vectors(upstream_lake(lake)),
            EMBEAT_SPACE: read_vectors(lake),
        }
        measured = evaluate_acoustic_spaces(
            lake, context.data.playlists, spaces, unseen, seed=context.options.seed
        )
    return {"sound": measured}


def genre_section(context: EvaluationContext, systems: Sequence[System]) -> dict[str, Any]:
    """Whether hidden genres of artists are predicted."""
    from embeat_pipeline.evaluate.quality.genre_holdout import evaluate_genres

    with context.timer.section("genres"):
        return {"genres": evaluate_genres(context.lake, context.options.seed)}


@contextmanager
def _open_holdout(context: EvaluationContext) -> Iterator[Recommender]:
    holdout = context.holdout
    with (
        single_release_lake(holdout.lake, holdout.release) as root,
        embeat_serve.open(lake=root) as recommender,
    ):
        yield recommender
