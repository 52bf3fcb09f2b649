"""Decide whether a release may be published: not where it is significantly worse than before."""

import os
from dataclasses import dataclass

import numpy as np

from embeat_pipeline.evaluate.compare import query_values, release_side
from embeat_pipeline.evaluate.holdout.registry import holdout_of
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.evaluate.options import EvaluationOptions, sample_queries
from embeat_pipeline.interactions import bootstrap
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import BrokenRelease, NoRelease
from embeat_serve.stores.factory import current_release

OVERRIDE = "EMBEAT_PUBLISH_WORSE"
"""Environment variable: 1 publishes whatever the comparison says."""

GATE_OPTIONS = EvaluationOptions(seed_counts=(1, 5), max_queries=400)


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
    playlists.

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

    names = (candidate, published)
    sides = [release_side(lake, name, options.split) for name in names]
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
    if gain.high < 0:
        return Verdict(False, f"{reason}; publish it anyway with {OVERRIDE}=1", gain)
    return Verdict(True, reason, gain)
