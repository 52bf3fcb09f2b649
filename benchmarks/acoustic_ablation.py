r"""What each choice in EmbeatMLP's training is worth: retrieval on artists unseen in training.

    python benchmarks/acoustic_ablation.py --lake DIR [--artists test] [--only NAME...] \
        [--seeds S...] [--steps N] [--keep DIR]

Every variant differs from the default in what its name says, and is trained once a seed. The whole
catalogue is ranked by cosine; cells are MRR or hit@10 as multiples of the raw standardised
features', the mean over the seeds with a 95% interval over artists, and each seed by itself. A
second table has the ratio to the default, asked about the same artists. Choices are made on
``--artists validation``, which early stopping sees; ``test`` is for the ones made.
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
from embeat_pipeline.acoustic.dataset import Split, load_training_tracks
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.pairs.metadata_pairs import MetadataPairSampler
from embeat_pipeline.acoustic.pairs.sampler import PairSampler
from embeat_pipeline.acoustic.pairs.upstream_pairs import UpstreamPairSampler
from embeat_pipeline.acoustic.train import fit
from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.evaluate.quality.acoustic_retrieval import (
    RELATIONS,
    RetrievalQueries,
    SpaceMetrics,
    draw_retrieval_queries,
    evaluate_space,
)
from embeat_pipeline.evaluate.systems.content import raw_features
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import read_playlists
from embeat_serve.contract.audio_features import CONTINUOUS, OPTIONAL, TEMPO
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE

RESULTS = Path(__file__).parent / "results" / "acoustic_ablation.json"
SHOWN = ("mrr", "hit@10")
ENCODED_ROWS = 8_192
BARE = ", asked with 11"
"""Queries known by the 11 features alone, among tracks of which all is known."""
TABLES = ("tracks", "artist_genres", "playlists", "related_artists")
BASE = "default"
DEFAULT = TrainingConfig()
VARIANTS: dict[str, TrainingConfig] = {
    BASE: DEFAULT,
    "upstream": UPSTREAM,
    "11 features": replace(DEFAULT, optional=()),
    "loudness alone besides": replace(DEFAULT, optional=("loudness",)),
    "year as well": replace(DEFAULT, optional=OPTIONAL),
    "optional ones never hidden": replace(DEFAULT, optional_feature_dropout=0.0),
    "optional ones hidden by 10%": replace(DEFAULT, optional_feature_dropout=0.1),
    "plain inputs": replace(DEFAULT, inputs="plain", optional=()),
    "no direct path": replace(DEFAULT, direct=False),
    "weight decay 1e-3": replace(DEFAULT, weight_decay=1e-3),
    "no feature hidden": replace(DEFAULT, feature_dropout=0.0),
    "2% of features hidden": replace(DEFAULT, feature_dropout=0.02),
    "other positives averaged": replace(DEFAULT, other_positives="averaged"),
    "other positives together": replace(DEFAULT, other_positives="together"),
    "temperature 0.03": replace(DEFAULT, temperature=0.03),
    "temperature 0.05": replace(DEFAULT, temperature=0.05),
    "temperature 0.1": replace(DEFAULT, temperature=0.1),
    "albums alone": replace(DEFAULT, supervision_weights=(1.0, 0.0, 0.0)),
    "artists alone": replace(DEFAULT, supervision_weights=(0.0, 1.0, 0.0)),
    "playlists alone": replace(DEFAULT, supervision_weights=(0.0, 0.0, 1.0)),
    "no playlists": replace(DEFAULT, supervision_weights=(1.0, 1.0, 0.0)),
    "playlists twice": replace(DEFAULT, supervision_weights=(1.0, 1.0, 2.0)),
    "related artists as well": replace(DEFAULT, supervision_weights=(1.0, 1.0, 1.0, 1.0)),
    "genre as well": replace(DEFAULT, supervision_weights=(1.0, 1.0, 1.0, 0.0, 1.0)),
    "genre as well, half as often": replace(DEFAULT, supervision_weights=(1.0, 1.0, 1.0, 0.0, 0.5)),
    "half of the anchors from four genres": replace(DEFAULT, genre_anchors=0.5),
    "hardest tenth of negatives counts 3 times": replace(DEFAULT, hardest_weight=3.0),
    "batch 4096, a quarter of the steps": replace(
        DEFAULT, batch_size=4096, max_steps=DEFAULT.max_steps // 4
    ),
}


def main() -> None:
    """Train and measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True, help="ingested lake; only read")
    parser.add_argument("--artists", choices=("validation", "test"), default="validation")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, help="of the variants, instead of their own")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[DEFAULT.seed], help="of the weights and draws"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep answers there; what is there is not redone"
    )
    parser.add_argument("--bare", action="store_true", help="ask with 11 features as well")
    arguments = parser.parse_args()
    lake = LakePaths(arguments.lake)
    raw = raw_features(lake)
    tracks = load_training_tracks(lake.table("tracks"), None, DEFAULT, torch.device("cpu"))
    unseen = np.zeros(len(raw), bool)
    unseen[tracks.track.numpy()] = tracks.split.numpy() == Split[arguments.artists.upper()]
    tables = [path for path in map(lake.table, TABLES) if path.exists()]
    playlists = read_playlists(lake.table("playlists"), len(raw))
    questions = draw_retrieval_queries(lake, playlists, unseen & (raw != 0).any(axis=1))
    asked = ", ".join(f"{len(rows):,} by {name}" for name, rows in questions.rows.items())
    print(f"{len(np.unique(questions.artist)):,} artists; queries: {asked}", flush=True)
    baseline = evaluate_space(questions, raw)
    names = dict.fromkeys([BASE, *arguments.only])
    runs = [(name, seed) for name in names for seed in arguments.seeds]
    shared = {"artists": arguments.artists, "bare": arguments.bare}
    answers: dict[str, list[SpaceMetrics]] = {}
    trained: dict[str, Any] = {}
    for name, seed in runs:
        config = VARIANTS[name]
        if arguments.steps:
            config = replace(config, max_steps=arguments.steps, validate_every=arguments.steps)
        label = f"{name}, seed {seed}"
        what = {**shared, "config": asdict(config), "seed": seed}
        kept = Kept(arguments.keep, fingerprint(fit.__module__, settings=what, inputs=tables))
        if (content := kept.read()) is None:
            vectors, bare, trained[label] = train(lake, config, seed, len(raw))
            content = {"how": trained[label], "ways": {"": evaluate_space(questions, vectors)}}
            if config.optional and arguments.bare:
                content["ways"][BARE] = evaluate_space(questions, vectors, bare)
            kept.write(content)
        for way, values in content["ways"].items():
            answers.setdefault(name + way, []).append(values)
        trained[label] = content["how"]
        print(f"{label}: {trained[label]['cpu_seconds']:.0f} CPU-s", flush=True)
    table = {
        name: compared(questions, values, baseline, answers[BASE + BARE * name.endswith(BARE)])
        for name, values in answers.items()
    }
    show(table)
    content = {
        "artists": arguments.artists,
        "steps": arguments.steps,
        "seeds": arguments.seeds,
        "asked": {name: len(rows) for name, rows in questions.rows.items()},
        "table": table,
        "trained": trained,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


class Kept:
    """Answers of one training in a file.

    Args:
        folder: where; None keeps nothing.
        key: of data, settings and code version.
    """

    def __init__(self, folder: Path | None, key: str):
        self.path = None if folder is None else folder / f"{key}.json"

    def read(self) -> dict[str, Any] | None:
        """What was written, if anything was."""
        if self.path is None or not self.path.exists():
            return None
        content = json.loads(self.path.read_text(encoding="utf-8"))
        for values in content["ways"].values():
            for metrics in values.values():
                metrics.update({name: np.array(found) for name, found in metrics.items()})
        return content

    def write(self, content: dict[str, Any]) -> None:
        """Keep ``content``, whole or not at all."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(self.path) as scratch:
                text = json.dumps(content, default=lambda values: values.tolist())
                scratch.write_text(text, encoding="utf-8")


def train(
    lake: LakePaths, config: TrainingConfig, seed: int, catalogue: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    """Vectors (catalogue, 64) of an encoder trained under ``config``; those that tracks have
    without the optional features; and how training went.

    The artists left out are always those of the default's seed.
    """
    tables = {name: lake.table(name) for name in TABLES if lake.table(name).exists()}
    held_out = replace(config, seed=DEFAULT.seed)
    tracks = load_training_tracks(
        tables["tracks"], tables.get("artist_genres"), held_out, torch.device("cpu")
    )
    config = replace(config, seed=seed)
    samplers: dict[str, Callable[[], PairSampler]] = {
        "metadata": lambda: MetadataPairSampler(
            tracks, config, tables.get("playlists"), tables.get("related_artists")
        ),
        "upstream": lambda: UpstreamPairSampler(tracks, config),
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


def compared(
    questions: RetrievalQueries,
    found: list[SpaceMetrics],
    raw: SpaceMetrics,
    base: list[SpaceMetrics],
) -> dict[str, Any]:
    """One variant, its seeds averaged, against the raw features and against the default.

    Returns:
        ``raw``: relation and metric -> interval of the ratio to the raw features', and that of
        each seed; ``base``: likewise the ratio of MRR to the default's, relations by their
        geometric mean. Intervals are over artists, who are resampled for all relations at once.
    """
    ratios: dict[str, Any] = {}
    for relation, metric in product(RELATIONS, SHOWN):
        ours = np.stack(
            [questions.by_artist(relation, values[relation][metric]) for values in found]
        )
        theirs = questions.by_artist(relation, raw[relation][metric])
        ratios[f"{relation} {metric}"] = {
            **asdict(bootstrap.ratio(ours.mean(axis=0), theirs)),
            "seeds": (ours.mean(axis=1) / theirs.mean()).tolist(),
        }
    return {"raw": ratios, "base": against(questions, found, base)}


def against(
    questions: RetrievalQueries, found: list[SpaceMetrics], base: list[SpaceMetrics]
) -> dict[str, Any]:
    """Ratio of MRR to ``base``, see ``compared``."""
    artists, place = np.unique(questions.artist, return_inverse=True)
    # Artists nobody asks about in a relation add nothing to either mean: sums do as well.
    sums = np.zeros((2, len(found), len(RELATIONS), len(artists)))
    for side, answers in enumerate((found, base)):
        for (seed, values), (column, name) in product(enumerate(answers), enumerate(RELATIONS)):
            asked = np.unique(place[questions.rows[name]])
            sums[side, seed, column, asked] = questions.by_artist(name, values[name]["mrr"])
    seeds = np.log(sums[0].sum(axis=-1) / sums[1].sum(axis=-1)).mean(axis=-1)
    rows = sums.mean(axis=1).reshape(-1, len(artists))
    means = bootstrap.resampled_means(rows, 0, bootstrap.SAMPLES).reshape(-1, 2, len(RELATIONS))
    resampled = np.exp(np.log(means[:, 0] / means[:, 1]).mean(axis=-1))
    total = sums.mean(axis=1).sum(axis=-1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {
        "mean": float(np.exp(np.log(total[0] / total[1]).mean())),
        "low": float(low),
        "high": float(high),
        "seeds": np.exp(seeds).tolist(),
    }


def show(table: dict[str, Any]) -> None:
    heads = [f"{name} {metric}" for name in RELATIONS for metric in SHOWN]
    print(f"{'times the raw features, [95%], (seeds)':<44}" + "".join(f"{h:>32}" for h in heads))
    for name, cells in table.items():
        print(f"{name:<44}" + "".join(f"{written(cells['raw'][head]):>32}" for head in heads))
    print(f"{'MRR, times the default':<44}{'geometric mean of relations':>32}")
    for name, cells in table.items():
        print(f"{name:<44}{written(cells['base']):>32}")


def written(cell: dict[str, Any]) -> str:
    seeds = ", ".join(f"{value:.2f}" for value in cell["seeds"])
    return f"{cell['mean']:.2f} [{cell['low']:.2f}, {cell['high']:.2f}] ({seeds})"


if __name__ == "__main__":
    main()
