"""The whole evaluation: split, twin, questions, baselines, tables."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import embeat_serve
from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_catalogue, read_vectors
from embeat_pipeline.evaluate.inputs.release_client import asking, published
from embeat_pipeline.evaluate.options import EvaluationOptions, Questions, ask_about
from embeat_pipeline.evaluate.quality.coverage import attribution, reach
from embeat_pipeline.evaluate.quality.examples import examples
from embeat_pipeline.evaluate.ranking_model.holdout_release import (
    HoldoutRelease,
    build_holdout_release,
    lake_playlists,
)
from embeat_pipeline.evaluate.report.aggregate import measure
from embeat_pipeline.evaluate.systems.base import (
    ITEM_KNN,
    System,
    ask_settings,
    baselines,
    release_settings,
)
from embeat_pipeline.evaluate.systems.item_knn import ItemKnnOptions
from embeat_pipeline.evaluate.systems.upstream import build_upstream, upstream_systems
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.split import split_playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.ranking.model import SEED_REGIMES
from embeat_serve.recommender import Recommender
from embeat_serve.settings import Settings

SOUND_SPACE = "EmbeatMLP"
UPSTREAM_SPACE = "upstream's EmbeatMLP"
ATTRIBUTED = 60
"""Queries whose songs are asked about once more, without the channel that speaks most for them."""

DEFAULT_OPTIONS = EvaluationOptions()
"""What is measured where nothing else is asked for."""


@dataclass
class Clock:
    """Seconds spent on each part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a block."""
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)


def evaluate(
    lake: LakePaths, options: EvaluationOptions = DEFAULT_OPTIONS, device: str = "auto"
) -> dict[str, Any]:
    """Measure what this lake's pipeline makes on playlists it has not seen.

    Returns:
        What ``reports/evaluation.json`` holds.

    Raises:
        PipelineError: the lake lacks a table, or no playlist can be asked about.
        Unavailable: the twin cannot be asked.
    """
    options, clock = options.reduced(), Clock()
    playlists = lake_playlists(lake)
    split = split_playlists(playlists, options.split)
    train, validation = playlists.select(split.train), playlists.select(split.validation)
    test = playlists.select(split.test)
    questions = ask_about(test, train, options)
    with clock.part("twin"):
        twin = build_holdout_release(lake, options.split, device)
    catalogue = read_catalogue(twin.lake)
    fusion: dict[str, Any] = {}
    if not options.quick:
        with clock.part("fusion"):
            fusion = fit_release(lake, twin, train, validation, catalogue)
            twin = replace(build_holdout_release(lake, options.split, device), trained=twin.trained)
    systems = ask_release(twin.lake, twin.release, catalogue, questions, options, clock)
    upstream: HoldoutRelease | None = None
    if not options.quick:
        with clock.part("baselines"):
            systems += baselines(
                lake, catalogue, train, validation, questions.queries, options.k, options.seed
            )
        with clock.part("upstream"):
            upstream = build_upstream(twin, options.upstream, device)
            systems += upstream_systems(
                upstream,
                options.upstream,
                catalogue,
                questions.queries,
                options.k,
                options.workers,
            )
    with clock.part("measuring"):
        found = measure(twin.lake, systems, questions, catalogue, options)
    with published(twin.lake, twin.release) as root, embeat_serve.open(lake=root) as recommender:
        found["examples"] = show_examples(recommender, catalogue, questions)
        if not options.quick:
            asked = catalogue.ids(questions.queries[min(questions.queries)].seeds[:ATTRIBUTED])
            found["attribution"] = attribution(recommender, asked, recommender.settings.recall)
    if upstream:
        with clock.part("reach"), asking(twin.lake, twin.release, options.workers) as ask:
            knn = next(system for system in systems if system.name == ITEM_KNN)
            tuned = ItemKnnOptions(**next(iter(knn.parameters.values())))
            recall = Settings.from_environment().recall
            found["reach"] = reach(ask, recall, catalogue, train, tuned, options.seed)
        with clock.part("sound"):
            found["sound"] = sound_quality(twin.lake, upstream.lake, playlists, options.seed)
        with clock.part("genres"):
            found["genres"] = genre_quality(lake, options.seed)
    if fusion:
        found["fusion"] = fusion
    found["protocol"] |= {
        "playlists": len(playlists),
        "train": len(train),
        "validation": len(validation),
        "test": len(test),
        "split": asdict(options.split),
        "trained_anew": list(twin.trained),
    }
    return {"measured": "twin", "release": twin.release, "seconds": clock.seconds} | found


def evaluate_withheld(
    lake: LakePaths, withheld: Playlists, options: EvaluationOptions = DEFAULT_OPTIONS
) -> dict[str, Any]:
    """Ask the published release about playlists from outside the lake; trains nothing.

    Raises:
        PipelineError: no playlist can be asked about.
        Unavailable: nothing is published.
    """
    options, clock = options.reduced(), Clock()
    train = lake_playlists(lake)
    questions = ask_about(withheld, train, options)
    catalogue = read_catalogue(lake)
    systems = ask_release(lake, None, catalogue, questions, options, clock)
    with clock.part("measuring"):
        found = measure(lake, systems, questions, catalogue, options)
    with embeat_serve.open(lake=lake.root) as recommender:
        release = recommender.release
        found["examples"] = show_examples(recommender, catalogue, questions)
    found["protocol"] |= {"train": len(train), "test": len(withheld)}
    return {"measured": "published", "release": release, "seconds": clock.seconds} | found


def ask_release(
    lake: LakePaths,
    release: str | None,
    catalogue: Catalogue,
    questions: Questions,
    options: EvaluationOptions,
    clock: Clock,
) -> list[System]:
    """Ask a release with every setting; the published one where ``release`` is None."""
    settings = release_settings(Settings.from_environment().recall)
    with clock.part("asking"), asking(lake, release, options.workers) as ask:
        return list(ask_settings(ask, settings, catalogue, questions.queries, options.k))


def show_examples(
    recommender: Recommender, catalogue: Catalogue, questions: Questions
) -> list[dict[str, Any]]:
    """Example lists of one-seed queries; none where nothing was asked with one seed."""
    if 1 not in questions.queries:
        return []
    popularity = questions.strata(1)["popularity"]
    return examples(recommender, catalogue, questions.queries[1], popularity)


def fit_release(
    lake: LakePaths,
    twin: HoldoutRelease,
    train: Playlists,
    validation: Playlists,
    catalogue: Catalogue,
) -> dict[str, Any]:
    """Fit the fusion model where the next release finds it; see ``fit.fit_fusion``.

    Returns:
        What was measured. Where no kind of seed could be fitted there is no model of this lake.
    """
    from embeat_pipeline.evaluate.ranking_model.fit import fit_fusion
    from embeat_pipeline.index.build import fusion_path

    model, measured = fit_fusion(twin.lake, twin.release, train, validation, catalogue)
    path = fusion_path(lake)
    if any(measured[kind]["fitted"] for kind in SEED_REGIMES):
        write_json(path, model.to_dict())
    else:
        path.unlink(missing_ok=True)
    return measured


def sound_quality(
    lake: LakePaths, upstream: LakePaths, playlists: Playlists, seed: int
) -> dict[str, Any]:
    """See ``sound.evaluate_sound``, of the encoders of both lakes."""
    from embeat_pipeline.acoustic.config import TrainingConfig
    from embeat_pipeline.acoustic.dataset import Split, artist_split
    from embeat_pipeline.evaluate.quality.acoustic_retrieval import RAW, evaluate_sound
    from embeat_pipeline.evaluate.systems.base import raw_features
    from embeat_serve.contract.manifest import ReleaseFile
    from embeat_serve.encoder import Encoder

    training = Encoder.load(lake.models / ReleaseFile.ENCODER).config["training"]
    artists = read_catalogue(lake).main_artist
    unseen = artist_split(artists, TrainingConfig.from_recorded(training)) == Split.TEST
    spaces = {
        RAW: raw_features(lake),
        UPSTREAM_SPACE: read_vectors(upstream),
        SOUND_SPACE: read_vectors(lake),
    }
    return evaluate_sound(lake, playlists, spaces, unseen, seed)


def genre_quality(lake: LakePaths, seed: int) -> dict[str, Any]:
    """See ``genres.evaluate_genres``."""
    from embeat_pipeline.evaluate.quality.genre_holdout import evaluate_genres

    return evaluate_genres(lake, seed)
