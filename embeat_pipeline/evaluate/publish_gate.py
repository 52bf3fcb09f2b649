"""Decide whether a release may be published.

It may not where it is significantly worse than the published one, nor where its lists are
significantly below those of one of its own channels: a merge has to pay.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.compare import Side, query_values, release_side
from embeat_pipeline.evaluate.holdout.registry import holdout_of
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.evaluate.inputs.release_client import open_client
from embeat_pipeline.evaluate.options import (
    EvaluationOptions,
    EvaluationQueries,
    sample_queries,
)
from embeat_pipeline.evaluate.report.opponent import never_below
from embeat_pipeline.evaluate.report.summary import ALL, HEADLINE, OVERLAPPING, masks
from embeat_pipeline.evaluate.systems.base import FUSED, PRODUCT
from embeat_pipeline.evaluate.systems.release_presets import evaluate_presets, release_presets
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import BrokenRelease, NoRelease
from embeat_serve.stores.factory import current_release

OVERRIDE = "EMBEAT_PUBLISH_WORSE"
"""Environment variable: 1 publishes whatever the comparison says."""

GATE_OPTIONS = EvaluationOptions(seed_counts=(1, 5), max_queries=400)

CHANNEL_LEVEL = 0.998
"""Coverage of an interval of the difference to a channel: 95% of all 24 together (Bonferroni), or
chance would hold back one release in a few."""


@dataclass(frozen=True)
class Verdict:
    """Whether to publish, why, and the difference where one was measured."""

    passed: bool
    reason: str
    difference: bootstrap.Interval | None = None
    """nDCG@20 of the candidate minus that of the published release, mean of 1 and 5 seeds."""


def judge_release(
    lake: LakePaths, candidate: str, options: EvaluationOptions = GATE_OPTIONS
) -> Verdict:
    """Compare a release with the published one by what exists; trains and builds nothing.

    Their holdout releases are queried, which have not seen the test playlists. Without a holdout
    release of the candidate nothing is compared, and the candidate passes. Where only the
    published release has none, both releases are queried themselves: both have seen the
    playlists. The candidate's channels are queried where its holdout release is.

    Raises:
        PipelineError: no playlist has enough tracks to draw queries from.
    """
    try:
        published = current_release(lake)
    except NoRelease:
        return Verdict(True, "nothing is published yet")
    except BrokenRelease as error:
        return Verdict(True, f"the published release cannot be queried: {error}")
    if published == candidate:
        return Verdict(True, f"{candidate} is the published release")
    if os.environ.get(OVERRIDE) == "1":
        return Verdict(True, f"not compared, since {OVERRIDE} is 1")
    if holdout_of(lake, candidate, options.split) is None:
        return Verdict(
            True,
            f"not compared: no holdout release of {candidate}; "
            f"`python -m embeat_pipeline evaluate --lake {lake.root}` makes one",
        )

    return _measure(lake, candidate, published, options)


def _measure(
    lake: LakePaths, candidate: str, published: str, options: EvaluationOptions
) -> Verdict:
    names = (candidate, published)
    sides = [release_side(lake, name, options.split) for name in names]
    holdout = sides[0]
    if any(side.has_seen for side in sides):
        sides = [release_side(lake, name, split=None) for name in names]
    data = load_split(lake, options.split)
    queries = sample_queries(data.test, data.train, options)
    catalogue = read_catalogue(lake)
    new, old = (query_values(side, queries, catalogue, options) for side in sides)
    gain = bootstrap.difference(
        np.mean(list(new.values()), axis=0), np.mean(list(old.values()), axis=0), options.seed
    )
    manner = "themselves, having seen the playlists" if sides[0].has_seen else "by holdout releases"
    reason = (
        f"{candidate} against {published}, {manner}: nDCG@20 {gain.mean:+.4f} "
        f"[{gain.low:+.4f}, {gain.high:+.4f}] on {gain.count} playlists"
    )
    product = new if sides[0] == holdout else query_values(holdout, queries, catalogue, options)
    below = [*below_best_channel(holdout, product, queries, catalogue, options=options)]
    if below or gain.high < 0:
        reason = "; ".join([reason, *below, f"publish it anyway with {OVERRIDE}=1"])
        return Verdict(False, reason, gain)
    return Verdict(True, reason, gain)


def below_best_channel(
    side: Side,
    product: Mapping[int, NDArray[np.float64]],
    queries: EvaluationQueries,
    catalogue: Catalogue,
    *,
    options: EvaluationOptions,
) -> Iterator[str]:
    """Say in which strata the product or the fused list is significantly below a channel.

    Only novel playlists count: a playlist much like a known one asks what the release remembers.
    Settings of upstream's merge, or of one channel, merge nothing that could be judged.

    Args:
        side: a holdout release.
        product: its ``query_values``.
        queries: it has not seen their playlists.
        catalogue: of its lake.
        options: length of the lists, seed and workers.

    Yields:
        A phrase for each system, number of seeds and stratum, see ``opponent.never_below``.
    """
    channels = [name for name in CHANNELS if name in side.options.channels]
    if side.options.upstream is not None or len(channels) < 2:
        return
    names = (FUSED, *channels)
    presets = {
        name: preset for name, preset in release_presets(side.options).items() if name in names
    }
    with open_client(side.lake, side.release, options.workers) as recommend:
        systems = [
            *evaluate_presets(recommend, presets, catalogue, queries=queries.queries, k=options.k)
        ]
    for count, query_set in queries.queries.items():
        values = {
            system.name: ranking_metrics(system.ranked[count], query_set.targets)
            for system in systems
        } | {PRODUCT: {HEADLINE: product[count]}}
        rows = masks(queries.strata(count))
        of_novel = {name: mask for name, mask in rows.items() if name not in (ALL, OVERLAPPING)}
        guard = never_below(values, of_novel, options.seed, CHANNEL_LEVEL)
        for name, strata in guard.items():
            for stratum, found in strata.items():
                if found["is_below"]:
                    yield (
                        f"{name} is {-found['mean']:.4f} below the channel {found['channel']} "
                        f"({count} seed{'s' * (count > 1)}, {stratum})"
                    )
