"""The whole evaluation: split, twin, questions, baselines, tables."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import embeat_serve
from embeat_pipeline.evaluate import summary
from embeat_pipeline.evaluate.asking import asking, published
from embeat_pipeline.evaluate.catalogue import Catalogue, read_catalogue, read_vectors
from embeat_pipeline.evaluate.interactions import Playlists, uniform
from embeat_pipeline.evaluate.queries import SEED_COUNTS, QuerySet, draw_queries, strata
from embeat_pipeline.evaluate.showcase import examples, genre_shares
from embeat_pipeline.evaluate.split import SplitOptions, novel, split_playlists
from embeat_pipeline.evaluate.systems import (
    ITEM_KNN,
    PRODUCT,
    System,
    ask_settings,
    baselines,
    release_settings,
)
from embeat_pipeline.evaluate.twin import build_twin, lake_playlists
from embeat_serve.contract import LakePaths
from embeat_serve.errors import PipelineError
from embeat_serve.recommender import Recommender
from embeat_serve.settings import Settings

SOUND_SPACE = "EmbeatMLP"


@dataclass(frozen=True)
class EvaluationOptions:
    """What is measured, and how thoroughly."""

    seed: int = 0
    """Of the split, the queries and the bootstrap."""
    k: int = 100
    seed_counts: tuple[int, ...] = SEED_COUNTS
    max_queries: int = 1_000
    """Per number of seeds."""
    quick: bool = False
    """Fewer queries, one and five seeds, and neither baselines nor sound nor genres."""
    workers: int = 0
    """Processes that ask; 0 is one per core. Changes nothing but the time."""

    def reduced(self) -> "EvaluationOptions":
        """What ``quick`` stands for."""
        if not self.quick:
            return self
        return EvaluationOptions(
            self.seed, self.k, self.seed_counts[:2], min(self.max_queries, 200), True, self.workers
        )

    @property
    def split(self) -> SplitOptions:
        """How the playlists are split."""
        return SplitOptions(seed=self.seed)


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


@dataclass(frozen=True)
class Questions:
    """What is asked, and the strata of it."""

    queries: dict[int, QuerySet]
    """By number of seeds."""
    train: Playlists
    is_novel: NDArray[np.bool_]
    """By playlist row."""

    def strata(self, count: int) -> dict[str, NDArray[np.str_]]:
        """See ``queries.strata``."""
        return strata(self.queries[count], self.train.frequency(), self.is_novel)


def evaluate(
    lake: LakePaths, options: EvaluationOptions = EvaluationOptions(), device: str = "auto"
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
        twin = build_twin(lake, options.split, device)
    catalogue = read_catalogue(twin.lake)
    systems = ask_release(twin.lake, twin.release, catalogue, questions, options, clock)
    if not options.quick:
        with clock.part("baselines"):
            systems += baselines(
                lake, catalogue, train, validation, questions.queries, options.k, options.seed
            )
    found = measure(twin.lake, systems, questions, catalogue, options, clock)
    with published(twin.lake, twin.release) as root, embeat_serve.open(lake=root) as recommender:
        found["examples"] = show_examples(recommender, catalogue, questions)
    if not options.quick:
        with clock.part("sound"):
            found["sound"] = sound_quality(twin.lake, playlists, options.seed)
        with clock.part("genres"):
            found["genres"] = genre_quality(lake, options.seed)
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
    lake: LakePaths, withheld: Playlists, options: EvaluationOptions = EvaluationOptions()
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
    found = measure(lake, systems, questions, catalogue, options, clock)
    with embeat_serve.open(lake=lake.root) as recommender:
        release = recommender.release
        found["examples"] = show_examples(recommender, catalogue, questions)
    found["protocol"] |= {"train": len(train), "test": len(withheld)}
    return {"measured": "published", "release": release, "seconds": clock.seconds} | found


def ask_about(test: Playlists, train: Playlists, options: EvaluationOptions) -> Questions:
    """Draw the queries, at most ``max_queries`` per number of seeds.

    Raises:
        PipelineError: no playlist has enough usable tracks.
    """
    queries = {}
    for count in options.seed_counts:
        drawn = draw_queries(test, count, options.seed)
        lots = uniform(drawn.keys, options.seed + 1)
        drawn = drawn.select(np.sort(np.argsort(lots)[: options.max_queries]))
        if len(drawn):
            queries[count] = drawn
    if not queries:
        raise PipelineError(
            f"none of {len(test)} held-out playlists has 10 tracks of this catalogue; "
            "evaluation needs more or longer playlists"
        )
    return Questions(queries, train, novel(test, train))


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


def measure(
    lake: LakePaths,
    systems: Sequence[System],
    questions: Questions,
    catalogue: Catalogue,
    options: EvaluationOptions,
    clock: Clock,
) -> dict[str, Any]:
    """Tables of all systems, and what the charts show."""
    reference = ITEM_KNN if any(system.name == ITEM_KNN for system in systems) else PRODUCT
    with clock.part("measuring"):
        vectors = read_vectors(lake)
        seeds = {
            str(count): measure_set(
                systems, asked, questions.strata(count), catalogue, vectors, reference, options.seed
            )
            for count, asked in questions.queries.items()
        }
        first = min(questions.queries)
        product = next(system for system in systems if system.name == PRODUCT)
        genres = genre_shares(lake, catalogue, questions.queries[first], product.ranked[first])
    return {
        "systems": [
            {"name": s.name, "group": s.group, "parameters": s.parameters} for s in systems
        ],
        "reference": reference,
        "seeds": seeds,
        "genre_map": genres,
        "protocol": {
            "catalogue": len(catalogue),
            "seed": options.seed,
            "k": options.k,
            "quick": options.quick,
        },
    }


def measure_set(
    systems: Sequence[System],
    queries: QuerySet,
    query_strata: Mapping[str, NDArray[np.str_]],
    catalogue: Catalogue,
    vectors: NDArray[np.float32],
    reference: str,
    seed: int,
) -> dict[str, Any]:
    """Of one query set: ``queries``, ``table``, ``differences``, ``catalogue``, ``agreement``."""
    count = queries.seeds.shape[1]
    values = summary.query_values(systems, queries, catalogue, vectors)
    rows = summary.masks(query_strata)
    shown = [system for system in systems if system.group == "channel"]
    return {
        "queries": {name: int(chosen.sum()) for name, chosen in rows.items()},
        "table": summary.table(values, rows, seed),
        "differences": summary.differences(values, reference, rows, seed),
        "catalogue": {
            system.name: summary.catalogue_metrics(system.ranked[count], len(catalogue))
            for system in systems
        },
        "agreement": {
            "systems": [system.name for system in shown],
            "share": summary.agreement(shown, count),
        },
    }


def show_examples(
    recommender: Recommender, catalogue: Catalogue, questions: Questions
) -> list[dict[str, Any]]:
    """Example lists of one-seed queries; none where nothing was asked with one seed."""
    if 1 not in questions.queries:
        return []
    popularity = questions.strata(1)["popularity"]
    return examples(recommender, catalogue, questions.queries[1], popularity)


def sound_quality(lake: LakePaths, playlists: Playlists, seed: int) -> dict[str, Any]:
    """See ``sound.evaluate_sound``, of the encoder in ``lake``."""
    from embeat_pipeline.acoustic.tracks import held_out_artists
    from embeat_pipeline.evaluate.sound import RAW, evaluate_sound
    from embeat_pipeline.evaluate.systems import raw_features
    from embeat_serve.contract import ReleaseFile
    from embeat_serve.encoder import Encoder

    training = Encoder.load(lake.models / ReleaseFile.ENCODER).config["training"]
    artists = read_catalogue(lake).main_artist
    unseen = held_out_artists(artists, training["holdout_artists"], training["seed"])
    spaces = {RAW: raw_features(lake), SOUND_SPACE: read_vectors(lake)}
    return evaluate_sound(lake, playlists, spaces, unseen, seed)


def genre_quality(lake: LakePaths, seed: int) -> dict[str, Any]:
    """See ``genres.evaluate_genres``."""
    from embeat_pipeline.evaluate.genres import evaluate_genres

    return evaluate_genres(lake, seed)
