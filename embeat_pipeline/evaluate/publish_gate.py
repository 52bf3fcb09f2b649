"""May a release be published? Not where it is significantly worse than the one being served."""

import os
from dataclasses import dataclass

import numpy as np

from embeat_pipeline.evaluate.compare import query_values, release_side
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.metrics import bootstrap
from embeat_pipeline.evaluate.options import EvaluationOptions, ask_about
from embeat_pipeline.evaluate.ranking_model.holdout_release import (
    build_holdout_release,
    lake_playlists,
    record_twin,
)
from embeat_pipeline.interactions.split import split_playlists
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
    lake: LakePaths,
    candidate: str,
    options: EvaluationOptions = GATE_OPTIONS,
    device: str = "auto",
) -> Verdict:
    """Compare a release that was just built from the lake's tables with the published one.

    Their twins are asked, which have not seen the questions. A published release without a twin
    is from a time before the first comparison: then both are asked themselves, and have both
    seen them.

    Raises:
        PipelineError: there is nothing to ask about, or the twin cannot be made.
    """
    try:
        published = current_release(lake)
    except NoRelease:
        return Verdict(True, "nothing is published yet")
    except BrokenRelease as error:
        return Verdict(True, f"what is published cannot be asked: {error}")
    if published == candidate:
        return Verdict(True, f"{candidate} is the published release")
    if os.environ.get(OVERRIDE) == "1":
        return Verdict(True, f"not compared, since {OVERRIDE} is 1")

    record_twin(lake, candidate, build_holdout_release(lake, options.split, device))
    sides = [release_side(lake, name) for name in (candidate, published)]
    if any(side.has_seen for side in sides):
        sides = [
            release_side(lake, name, side.options, itself=True)
            for name, side in zip((candidate, published), sides, strict=True)
        ]
    playlists = lake_playlists(lake)
    split = split_playlists(playlists, options.split)
    questions = ask_about(playlists.select(split.test), playlists.select(split.train), options)
    catalogue = read_catalogue(lake)
    new, old = (query_values(side, questions, catalogue, options) for side in sides)
    gain = bootstrap.difference(
        np.mean(list(new.values()), axis=0), np.mean(list(old.values()), axis=0), options.seed
    )
    how = "themselves, having seen the playlists" if sides[0].has_seen else "by their twins"
    reason = (
        f"{candidate} against {published}, {how}: nDCG@20 {gain.mean:+.4f} "
        f"[{gain.low:+.4f}, {gain.high:+.4f}] on {gain.count} playlists"
    )
    if gain.high < 0:
        return Verdict(False, f"{reason}; publish it anyway with {OVERRIDE}=1", gain)
    return Verdict(True, reason, gain)
