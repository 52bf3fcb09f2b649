"""Playlist vectors: gensim and the batched trainer at equal settings, and upstream's.

    python benchmarks/track2vec.py [--playlists N] [--upstream-playlists M] [--lake DIR]
                                   [--device cpu|cuda]

Words per processor second of one epoch, after loading, on made-up playlists, or on a lake's;
there also the loss and nDCG@20 on playlists held out. Upstream's parameters are slow, so they get
M playlists; what the whole training takes at 110 million entries follows from the rate.
"""

import argparse
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.playlist_vectors import candidate_weight
from embeat_pipeline.playlists.track2vec.svd_init import factorise
from embeat_pipeline.playlists.track2vec.training_loop import make_trainer
from embeat_pipeline.playlists.track2vec.validation import LossProbe, ValidationSplit
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE

RESULTS = Path(__file__).parent / "results" / "track2vec.json"
MEAN_LENGTH = 60
TRACKS_PER_PLAYLIST = 14
"""Size of the catalogue, relative to the playlists: that of the real dump."""
POPULARITY_SKEW = 3.0
FULL_ENTRIES = 110_000_000


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--playlists", type=int, default=2_000, metavar="N")
    parser.add_argument("--upstream-playlists", type=int, default=200, metavar="M")
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    default = Track2VecConfig(validation_share=0.06)
    upstream = replace(Track2VecConfig.upstream(), validation_share=0.06)
    cases = {
        "gensim": (default, options.playlists),
        "torch": (replace(default, trainer="torch"), options.playlists),
        "gensim, upstream's": (upstream, options.upstream_playlists),
        "torch, upstream's": (replace(upstream, trainer="torch"), options.upstream_playlists),
    }
    found = {}
    print(f"{'':<20}{'words':>10}{'words/s':>10}{'loss':>8}{'nDCG@20':>9}{'hours at 110M':>15}")
    for name, (config, playlists) in cases.items():
        corpus = entries_of(options.lake, playlists, config.min_count)
        words, seconds, loss, quality = measure(corpus, config, options.device)
        hours = FULL_ENTRIES * config.epochs / (words / seconds) / 3600
        found[name] = [words, words / seconds, loss, quality, hours]
        shown = "" if quality is None else f"{quality:.4f}"
        print(
            f"{name:<20}{words:>10,}{words / seconds:>10,.0f}{loss:>8.3f}{shown:>9}{hours:>15,.1f}",
            flush=True,
        )
    content = {"cases": found, "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def measure(
    corpus: Corpus, config: Track2VecConfig, device: str
) -> tuple[int, float, float, float | None]:
    """Words and processor seconds of an epoch (seconds, on a GPU); loss and nDCG@20 after it."""
    split = ValidationSplit(corpus, config)
    weight = candidate_weight(split.training.counts, config)
    initial = None
    if config.initialise:
        initial = factorise(split.training, VECTOR_SIZE, config) * np.float32(config.initial_scale)
    trainer = make_trainer(
        split.training, initial, weight, config=config, size=VECTOR_SIZE, device=device
    )
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    trainer.train_epoch(0, lambda steps=1, note="": None)
    vectors, context = trainer.state()
    seconds = clock() - started
    loss = LossProbe(split.training, config)(vectors, context)
    return len(split.training.words), seconds, loss, split.ndcg(vectors, weight)


def entries_of(lake: Path | None, playlists: int, min_count: int) -> Corpus:
    """The first playlists of a lake, or made-up ones."""
    if lake is None:
        return made_up(playlists)
    every = Corpus.read(LakePaths(lake).table("playlists"), min_count)
    corpus, _ = every.select(np.arange(len(every.lengths)) < playlists)
    return corpus


def made_up(playlists: int) -> Corpus:
    """Playlists of exponentially distributed length over a skewed catalogue."""
    random = np.random.default_rng(0)
    lengths = np.maximum(random.exponential(MEAN_LENGTH, playlists).astype(np.int64), 1)
    drawn = random.random(int(lengths.sum())) ** POPULARITY_SKEW
    tracks = (drawn * playlists * TRACKS_PER_PLAYLIST).astype(np.int64)
    codes, words, counts = np.unique(tracks, return_inverse=True, return_counts=True)
    return Corpus(
        track_codes=codes.astype(np.uint32),
        counts=counts.astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        words=words.astype(np.int32),
    )


if __name__ == "__main__":
    main()
