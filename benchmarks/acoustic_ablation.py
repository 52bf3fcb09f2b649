"""What each choice in EmbeatMLP's training is worth: retrieval on artists unseen in training.

    python benchmarks/acoustic_ablation.py --lake DIR [--artists test] [--only NAME...] [--seeds S]

Every variant differs from the default in what its name says. The whole catalogue is ranked by
cosine; cells are MRR or hit@10 as multiples of the raw standardised features', with 95%
intervals over artists. Choices are made on ``--artists validation``, which early stopping sees;
``test`` is for the ones made.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embeat_pipeline.acoustic.config import UPSTREAM, TrainingConfig
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.sampler import PairSampler
from embeat_pipeline.acoustic.similar import SimilarPairs
from embeat_pipeline.acoustic.taught import TaughtPairs
from embeat_pipeline.acoustic.tracks import Role, load_training_tracks
from embeat_pipeline.acoustic.train import fit
from embeat_pipeline.evaluate.interactions import read_playlists
from embeat_pipeline.evaluate.sound import RAW, RELATIONS, evaluate_sound
from embeat_pipeline.evaluate.systems import raw_features
from embeat_serve.contract import VECTOR_SIZE, LakePaths
from embeat_serve.features import CONTINUOUS, OPTIONAL, TEMPO

RESULTS = Path(__file__).parent / "results" / "acoustic_ablation.json"
SHOWN = ("mrr", "hit@10")
ENCODED_ROWS = 8_192
BARE = ", asked with 11"
"""Queries known by the 11 features alone, among tracks of which all is known."""
DEFAULT = TrainingConfig()
VARIANTS: dict[str, TrainingConfig] = {
    "default": DEFAULT,
    "upstream": UPSTREAM,
    "11 features": replace(DEFAULT, optional=()),
    "loudness alone besides": replace(DEFAULT, optional=("loudness",)),
    "year as well": replace(DEFAULT, optional=OPTIONAL),
    "optional ones never hidden": replace(DEFAULT, optional_missing_share=0.0),
    "optional ones hidden by 10%": replace(DEFAULT, optional_missing_share=0.1),
    "plain inputs": replace(DEFAULT, inputs="plain", optional=()),
    "no direct path": replace(DEFAULT, direct=False),
    "weight decay 1e-3": replace(DEFAULT, weight_decay=1e-3),
    "no feature hidden": replace(DEFAULT, missing_share=0.0),
    "2% of features hidden": replace(DEFAULT, missing_share=0.02),
    "other positives averaged": replace(DEFAULT, other_positives="averaged"),
    "other positives together": replace(DEFAULT, other_positives="together"),
    "temperature 0.03": replace(DEFAULT, temperature=0.03),
    "temperature 0.05": replace(DEFAULT, temperature=0.05),
    "temperature 0.1": replace(DEFAULT, temperature=0.1),
    "albums alone": replace(DEFAULT, teacher_weights=(1.0, 0.0, 0.0)),
    "artists alone": replace(DEFAULT, teacher_weights=(0.0, 1.0, 0.0)),
    "playlists alone": replace(DEFAULT, teacher_weights=(0.0, 0.0, 1.0)),
    "no playlists": replace(DEFAULT, teacher_weights=(1.0, 1.0, 0.0)),
    "playlists twice": replace(DEFAULT, teacher_weights=(1.0, 1.0, 2.0)),
    "batch 4096, a quarter of the steps": replace(
        DEFAULT, batch_size=4096, max_steps=DEFAULT.max_steps // 4
    ),
}


def main() -> None:
    """Train and measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True, help="ingested lake; only read")
    parser.add_argument("--artists", choices=("validation", "test"), default="validation")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, help="of the variants, instead of their own")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[DEFAULT.seed], help="of the weights and draws"
    )
    arguments = parser.parse_args()
    lake = LakePaths(arguments.lake)
    raw = raw_features(lake)
    spaces, asked_as, trained = {RAW: raw}, {}, {}
    for name, seed in product(arguments.only, arguments.seeds):
        config = VARIANTS[name]
        if arguments.steps:
            config = replace(config, max_steps=arguments.steps, validate_every=arguments.steps)
        label = f"{name}, seed {seed}"
        vectors, bare, trained[label] = train(lake, config, seed, len(raw))
        spaces[label] = vectors
        if config.optional:
            spaces[f"{label}{BARE}"], asked_as[f"{label}{BARE}"] = vectors, bare
        print(f"{label}: {trained[label]['cpu_seconds']:.0f} CPU-s", flush=True)
    tracks = load_training_tracks(lake.table("tracks"), None, DEFAULT, torch.device("cpu"))
    unseen = np.zeros(len(raw), bool)
    unseen[tracks.track.numpy()] = tracks.role.numpy() == Role[arguments.artists.upper()]
    playlists = read_playlists(lake.table("playlists"), len(raw))
    found = evaluate_sound(lake, playlists, spaces, unseen, asked_as=asked_as)
    show(found)
    content = {
        "artists": arguments.artists,
        "steps": arguments.steps,
        "found": found,
        "trained": trained,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def train(
    lake: LakePaths, config: TrainingConfig, seed: int, catalogue: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    """Vectors (catalogue, 64) of an encoder trained under ``config``; those that tracks have
    without the optional features; and how training went.

    The artists left out are always those of the default's seed.
    """
    tables = {name: lake.table(name) for name in ("tracks", "artist_genres", "playlists")}
    held_out = replace(config, seed=DEFAULT.seed)
    tracks = load_training_tracks(
        tables["tracks"], tables["artist_genres"], held_out, torch.device("cpu")
    )
    config = replace(config, seed=seed)
    samplers: dict[str, Callable[[], PairSampler]] = {
        "teachers": lambda: TaughtPairs(tracks, config, tables["playlists"]),
        "upstream": lambda: SimilarPairs(tracks, config),
    }
    started = time.process_time()
    model, record = fit(tracks, samplers[config.recipe](), config)
    spent = time.process_time() - started
    vectors, bare = np.zeros((2, catalogue, VECTOR_SIZE), np.float32)
    vectors[tracks.track.numpy()] = encode(model, tracks.discrete, tracks.continuous)
    tracks.continuous[:, len(CONTINUOUS + TEMPO) :] = torch.nan
    bare[tracks.track.numpy()] = encode(model, tracks.discrete, tracks.continuous)
    how = {"config": asdict(config), "cpu_seconds": spent, "steps": record["steps"]}
    return vectors, bare, how


@torch.inference_mode()
def encode(model: EmbeatMLP, discrete: Tensor, continuous: Tensor) -> NDArray[np.float32]:
    batches = zip(discrete.split(ENCODED_ROWS), continuous.split(ENCODED_ROWS), strict=True)
    return torch.cat([model.eval()(*batch) for batch in batches]).numpy()


def show(found: dict[str, Any]) -> None:
    asked = ", ".join(f"{number:,} by {name}" for name, number in found["asked"].items())
    print(f"{found['artists']:,} artists; queries: {asked}")
    heads = [f"{name} {metric}" for name in RELATIONS for metric in SHOWN]
    print(f"{'':<36}" + "".join(f"{head:>24}" for head in heads))
    for space in found["spaces"]:
        cells = []
        for relation in RELATIONS:
            for metric in SHOWN:
                value = found["table"][space][relation][metric]
                if space == RAW:
                    cells.append(f"{value['mean']:.4f}")
                    continue
                ratio = found["ratios"][space][relation][metric]
                times = f"x{ratio['mean']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]"
                cells.append(f"{value['mean']:.4f} {times}")
        print(f"{space:<36}" + "".join(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
