"""Two releases, or two settings of one: which is better, by how much, and where they differ."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import asking
from embeat_pipeline.evaluate.metrics import bootstrap
from embeat_pipeline.evaluate.options import EvaluationOptions, Questions
from embeat_pipeline.evaluate.ranking_model.holdout_release import (
    HoldoutRelease,
    evaluation_lake,
    twin_of,
)
from embeat_pipeline.evaluate.report import summary
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import UsageError
from embeat_serve.options import OPTION_FIELDS, PRESETS, RecallOptions
from embeat_serve.settings import Settings

CHANGED = 10
"""Seeds shown whose lists became better, and whose became worse."""


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str
    lake: LakePaths
    release: str | None
    """None: the published one."""
    options: RecallOptions
    has_seen: bool = False
    """Whether it was trained on the playlists it is asked about."""


def parse_settings(text: str) -> RecallOptions:
    """Recall settings in words: a preset, or ``name=value,…`` on top of the environment's.

    Channels are joined by ``+``, as in ``channels=acoustic+playlist,diversify=false``.

    Raises:
        UsageError: a setting is unknown, or its value is none.
    """
    if text in PRESETS:
        return PRESETS[text]
    known = list(OPTION_FIELDS)
    environment = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not equals or name.strip() not in known:
            raise UsageError(
                f"{pair!r} is no setting; expected name=value with one of {', '.join(known)}, "
                f"or a preset: {', '.join(PRESETS)}"
            )
        environment[f"EMBEAT_{name.strip().upper()}"] = value.replace("+", ",")
    return Settings.from_environment({**os.environ, **environment}).recall


def release_side(
    lake: LakePaths, release: str, options: RecallOptions | None = None, itself: bool = False
) -> Side:
    """A release of the lake: its twin where that is still there, otherwise (or on demand) itself.

    Raises:
        UsageError: there is no such release.
    """
    options = options or Settings.from_environment().recall
    if not itself and (twin := twin_of(lake, release)):
        return Side(release, evaluation_lake(lake), twin, options)
    if not (lake.release(release) / ReleaseFile.MANIFEST).is_file():
        raise UsageError(f"no release {release} in {lake.index}")
    return Side(release, lake, release, options, has_seen=True)


def parse_side(lake: LakePaths, text: str, twin: HoldoutRelease, itself: bool = False) -> Side:
    """A side in words: the name of a release, settings (asked of ``twin``), or both: NAME:…

    Args:
        lake: holds the release.
        text: the words.
        twin: what settings without a release are asked of.
        itself: ask a release itself rather than its twin.

    Raises:
        UsageError: it is neither.
    """
    name, _, settings = text.partition(":")
    if (lake.release(name) / ReleaseFile.MANIFEST).is_file():
        options = parse_settings(settings) if settings else None
        side = release_side(lake, name, options, itself)
        return replace(side, name=text)
    return Side(text, twin.lake, twin.release, parse_settings(text))


def compare(
    first: Side,
    second: Side,
    questions: Questions,
    catalogue: Catalogue,
    options: EvaluationOptions,
) -> dict[str, Any]:
    """Ask both the same questions. Identical lists differ by exactly 0.

    Returns:
        ``metric``, ``sides``, and by number of seeds: ``first`` and ``second`` (intervals by
        stratum), ``difference`` (second minus first, by stratum), ``better`` and ``worse`` (the
        queries that changed most).
    """
    sides = {"first": first, "second": second}
    values = {key: query_values(side, questions, catalogue, options) for key, side in sides.items()}
    asked = {}
    for count, queries in questions.queries.items():
        rows = summary.masks(questions.strata(count))
        found = {key: value[count] for key, value in values.items()}
        gain = found["second"] - found["first"]
        intervals = {
            key: _by_stratum(value, rows, options.seed)
            for key, value in {**found, "difference": gain}.items()
        }
        asked[str(count)] = intervals | {
            "better": _most_changed(gain, found, queries, catalogue),
            "worse": _most_changed(-gain, found, queries, catalogue),
        }
    return {
        "metric": summary.HEADLINE,
        "sides": {key: _described(side) for key, side in sides.items()},
        "seeds": asked,
    }


def query_values(
    side: Side, questions: Questions, catalogue: Catalogue, options: EvaluationOptions
) -> dict[int, NDArray[np.float64]]:
    """Headline metric of one side: number of seeds -> (q,) values."""
    values = {}
    with asking(side.lake, side.release, options.workers) as ask:
        for count, queries in questions.queries.items():
            label = f"{side.name}, {count} seeds"
            lists = ask(catalogue.ids(queries.seeds), side.options, options.k, label)
            ranked = catalogue.codes(lists, options.k)
            values[count] = ranking_metrics(ranked, queries.targets)[summary.HEADLINE]
    return values


def _described(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "release": side.release,
        "has_seen": side.has_seen,
        "options": side.options.to_dict(),
    }


def _by_stratum(
    values: NDArray[np.float64], rows: Mapping[str, NDArray[np.bool_]], seed: int
) -> dict[str, dict[str, float]]:
    return {
        stratum: asdict(bootstrap.intervals(values[None, chosen], seed)[0])
        for stratum, chosen in rows.items()
        if chosen.any()
    }


def _most_changed(
    gain: NDArray[np.float64],
    found: Mapping[str, NDArray[np.float64]],
    queries: QuerySet,
    catalogue: Catalogue,
) -> list[dict[str, Any]]:
    order = np.argsort(-gain, kind="stable")[:CHANGED]
    return [
        {
            "track_ids": catalogue.ids(queries.seeds[row : row + 1])[0],
            "first": float(found["first"][row]),
            "second": float(found["second"][row]),
        }
        for row in order[gain[order] > 0].tolist()
    ]
