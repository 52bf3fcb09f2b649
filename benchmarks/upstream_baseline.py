"""The faithful baseline against what upstream reports of itself: losses, positives, lost anchors.

    python benchmarks/upstream_baseline.py [--lake DIR] [--tracks N] [--seeds S...]

Without a lake it trains on made-up tracks with the structure of real ones, of which only the
spread was chosen, so that positives and lost anchors come out as upstream's; the losses follow.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from structured import structured_tracks

from embeat_pipeline.acoustic.config import UPSTREAM, OtherPositives
from embeat_pipeline.acoustic.dataset import TrainingTracks, load_training_tracks
from embeat_pipeline.acoustic.pairs.upstream_pairs import UpstreamPairSampler
from embeat_pipeline.acoustic.train import fit
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "upstream_baseline.json"
STEPS = (1, 10, 70)
REPORTED = {"loss 1": 11.0, "loss 10": 7.7, "loss 70": 5.2, "positives": 28.0, "lost": 0.29}
FORMS: tuple[OtherPositives, ...] = ("averaged", "together")
CONFIG = replace(UPSTREAM, validation_artists=0.0, test_artists=0.0, max_steps=max(STEPS))


def main() -> None:
    """Train, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, help="ingested lake; made-up tracks without it")
    parser.add_argument("--tracks", type=int, default=100_000, help="made-up tracks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    arguments = parser.parse_args()
    tracks = read_tracks(arguments.lake) if arguments.lake else structured_tracks(arguments.tracks)
    print(f"{'':<22}" + "".join(f"{name:>11}" for name in REPORTED))
    print(f"{'upstream reports':<22}" + "".join(f"{value:>11.2f}" for value in REPORTED.values()))
    found = {}
    for form in FORMS:
        runs = [baseline(tracks, form, seed) for seed in arguments.seeds]
        means = {name: float(np.mean([run[name] for run in runs])) for name in REPORTED}
        found[form] = {"mean": means, "runs": runs}
        print(f"{form:<22}" + "".join(f"{value:>11.2f}" for value in means.values()), flush=True)
    content = {
        "tracks": len(tracks),
        "made_up": arguments.lake is None,
        "reported": REPORTED,
        "by_form": found,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def baseline(tracks: TrainingTracks, form: OtherPositives, seed: int) -> dict[str, float]:
    """What upstream reports, of one training."""
    config = replace(CONFIG, other_positives=form, seed=seed)
    sampler = UpstreamPairSampler(tracks, config)
    kept = len(sampler.propose(config.batch_size).anchors) / config.batch_size
    pairs = sampler.draw()
    places = sampler.relations(pairs)(slice(0, len(pairs.anchors))).positives
    losses = fit(tracks, UpstreamPairSampler(tracks, config), config)[1]["loss"]
    return {
        **{f"loss {step}": losses[step - 1] for step in STEPS},
        "positives": len(places.row) / len(pairs.anchors) if places else 1.0,
        "lost": 1 - kept,
    }


def read_tracks(lake: Path) -> TrainingTracks:
    paths = LakePaths(lake)
    genres = paths.table("artist_genres")
    found = genres if genres.exists() else None
    return load_training_tracks(paths.table("tracks"), found, CONFIG, torch.device("cpu"))


if __name__ == "__main__":
    main()
