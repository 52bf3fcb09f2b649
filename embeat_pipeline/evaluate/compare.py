"""Compare two releases, or two settings of one: which is better, and where lists differ."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.holdout.registry import holdout_of
from embeat_pipeline.evaluate.holdout.release import HoldoutRelease, evaluation_lake
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import open_client
from embeat_pipeline.evaluate.options import EvaluationOptions, EvaluationQueries
from embeat_pipeline.evaluate.report import summary
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import UsageError
from embeat_serve.options import OPTION_FIELDS, PRESETS, RecallOptions
from embeat_serve.settings import Settings

CHANGED_QUERIES = 10
"""Number of queries listed whose lists became better, and as many that became worse."""


@dataclass(frozen=True)
class Side:
    """One of the two systems that are compared."""

    name: str
    lake: LakePaths
    release: str | None
    """None: the published one."""
    options: RecallOptions
    has_seen: bool = False
    """Whether it was trained on the playlists that queries are drawn from."""


def parse_settings(text: str) -> RecallOptions:
    """Read options from text: a preset, or ``name=value,…`` on top of the environment's.

    Channels are joined by ``+``, as in ``channels=acoustic+playlist,diversify=false``.

    Raises:
        UsageError: a setting is unknown, or its value is not valid.
    """
    if text in PRESETS:
        return PRESETS[text]
    names = list(OPTION_FIELDS)
    environment = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not equals or name.strip() not in names:
            raise UsageError(
                f"{pair!r} is no setting; expected name=value with one of {', '.join(names)}, "
                f"or a preset: {', '.join(PRESETS)}"
            )
        environment[f"EMBEAT_{name.strip().upper()}"] = value.replace("+", ",")
    return Settings.from_environment({**os.environ, **environment}).recall


def release_side(
    lake: LakePaths,
    release: str,
    split: SplitOptions | None,
    options: RecallOptions | None = None,
) -> Side:
    """A side that queries the holdout release of a release, or the release itself.

    Args:
        lake: holds the release.
        release: its name.
        split: how playlists are split; None queries the release itself. Without a holdout
            release for this split it is queried itself as well.
        options: how it is queried; None takes the environment's.

    Raises:
        UsageError: there is no such release.
    """
    if not (lake.release(release) / ReleaseFile.MANIFEST).is_file():
        raise UsageError(f"no release {release} in {lake.index}")
    options = options or Settings.from_environment().recall
    if split and (holdout := holdout_of(lake, release, split)):
        return Side(release, evaluation_lake(lake), holdout, options)
    return Side(release, lake, release, options, has_seen=True)


def parse_side(
    lake: LakePaths, text: str, default: HoldoutRelease, split: SplitOptions | None
) -> Side:
    """Read a side from text: a release's name, settings, or both as ``NAME:settings``.

    Args:
        lake: holds the releases.
        text: what ``--compare`` was given.
        default: the release that settings without a name are tried on.
        split: see ``release_side``.

    Raises:
        UsageError: it is neither a release nor settings.
    """
    name, _, settings = text.partition(":")
    if (lake.release(name) / ReleaseFile.MANIFEST).is_file():
        options = parse_settings(settings) if settings else None
        return replace(release_side(lake, name, split, options), name=text)
    return Side(text, default.lake, default.release, parse_settings(text))


def compare(
    first: Side,
    second: Side,
    queries: EvaluationQueries,
    *,
    catalogue: Catalogue,
    options: EvaluationOptions,
) -> dict[str, Any]:
    """Send both sides the same queries. Identical lists differ by exactly 0.

    Returns:
        ``metric``, ``sides``, and ``seeds``: number of seeds -> ``first`` and ``second``
        (intervals by stratum), ``difference`` (second minus first, by stratum), ``better`` and
        ``worse`` (the queries that changed most).
    """
    sides = {"first": first, "second": second}
    values = {key: query_values(side, queries, catalogue, options) for key, side in sides.items()}
    by_count = {}
    for count, query_set in queries.queries.items():
        rows = summary.masks(queries.strata(count))
        of_count = {key: value[count] for key, value in values.items()}
        gain = of_count["second"] - of_count["first"]
        intervals = {
            key: _by_stratum(value, rows, options.seed)
            for key, value in {**of_count, "difference": gain}.items()
        }
        by_count[str(count)] = intervals | {
            "better": _most_changed(gain, of_count, query_set, catalogue),
            "worse": _most_changed(-gain, of_count, query_set, catalogue),
        }
    return {
        "metric": summary.HEADLINE,
        "sides": {key: _description(side) for key, side in sides.items()},
        "seeds": by_count,
    }


def query_values(
    side: Side, queries: EvaluationQueries, catalogue: Catalogue, options: EvaluationOptions
) -> dict[int, NDArray[np.float64]]:
    """Headline metric of one side: number of seeds -> (q,) values."""
    values = {}
    with open_client(side.lake, side.release, options.workers) as recommend:
        for count, query_set in queries.queries.items():
            label = f"{side.name}, {count} seeds"
            lists = recommend(catalogue.ids(query_set.seeds), side.options, options.k, label)
            ranked = catalogue.codes(lists, options.k)
            values[count] = ranking_metrics(ranked, query_set.targets)[summary.HEADLINE]
    return values


def _description(side: Side) -> dict[str, Any]:
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
        stratum: asdict(bootstrap.intervals(values[None, mask], seed)[0])
        for stratum, mask in rows.items()
        if mask.any()
    }


def _most_changed(
    gain: NDArray[np.float64],
    values: Mapping[str, NDArray[np.float64]],
    queries: QuerySet,
    catalogue: Catalogue,
) -> list[dict[str, Any]]:
    order = np.argsort(-gain, kind="stable")[:CHANGED_QUERIES]
    return [
        {
            "track_ids": catalogue.ids(queries.seeds[row : row + 1])[0],
            "first": float(values["first"][row]),
            "second": float(values["second"][row]),
        }
        for row in order[gain[order] > 0].tolist()
    ]
