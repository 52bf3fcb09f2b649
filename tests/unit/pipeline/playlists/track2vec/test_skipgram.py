"""Skip-gram: the same in every process, and compiled."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.skipgram import Trainer
from embeat_pipeline.playlists.track2vec.skipgram_torch import (
    MAX_ROW_WORDS,
    MAX_STEP,
    SHARED_NEGATIVES,
    TorchSkipGram,
    descend,
)
from embeat_pipeline.playlists.track2vec.training_loop import make_trainer
from embeat_pipeline.playlists.track2vec.validation import LossProbe

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[5]
PROGRAM = """
import hashlib
import numpy as np
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.skipgram import GensimSkipGram

random = np.random.default_rng(0)
words = np.concatenate([random.permutation(20)[:8] for _ in range(40)]).astype(np.int32)
corpus = Corpus(
    np.arange(20, dtype=np.uint32), np.bincount(words), np.arange(0, 328, 8), words
)
trainer = GensimSkipGram(corpus, None, None, Track2VecConfig(), 64)
trainer.train_epoch(0, lambda steps=1, note="": None)
print(hashlib.sha256(trainer.state()[0].tobytes()).hexdigest())
"""


def test_string_hashing_does_not_reach_the_vectors() -> None:
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-W", "error", "-c", PROGRAM]
        done = subprocess.run(
            command, env=environment, cwd=REPOSITORY, check=True, capture_output=True, text=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_gensim_has_its_compiled_loop() -> None:
    from gensim.models import word2vec

    assert word2vec.FAST_VERSION >= 0


def corpus_of_pairs() -> Corpus:
    """Words 2 i and 2 i + 1 are always together, with one other word."""
    random = np.random.default_rng(1)
    pairs = random.integers(0, 10, 400)
    words = np.stack([2 * pairs, 2 * pairs + 1, random.integers(0, 20, 400)], axis=1).ravel()
    counts = np.bincount(words, minlength=20)
    return Corpus(
        np.arange(20, dtype=np.uint32), counts, np.arange(0, 1201, 3), words.astype(np.int32)
    )


QUICK = Track2VecConfig(
    initialise=False, epochs=25, learning_rate=0.05, window=3, sample=0.0, validation_share=0.0
)


def trained(trainer: str, corpus: Corpus, config: Track2VecConfig = QUICK) -> Trainer:
    weight = np.ones((len(corpus.counts), 1), np.float32)
    config = replace(config, trainer=trainer)
    model = make_trainer(corpus, None, weight, config=config, size=8)
    words: list[int] = []
    for epoch in range(config.epochs):
        model.train_epoch(epoch, lambda steps=1, note="": words.append(steps))
    assert sum(words) == len(corpus.words) * config.epochs
    return model


@pytest.mark.parametrize("trainer", ["gensim", "torch"])
def test_what_is_together_comes_together(trainer: str) -> None:
    corpus = corpus_of_pairs()
    vectors, context = trained(trainer, corpus).state()
    scores = vectors @ context.T
    np.fill_diagonal(scores, -np.inf)
    assert (scores.argmax(axis=1) == np.arange(20) ^ 1).mean() >= 0.9
    probe = LossProbe(corpus, QUICK)
    zeros = np.zeros_like(context)
    assert probe(vectors, zeros) == pytest.approx((1 + QUICK.negative) * np.log(2))
    assert probe(vectors, context) < 0.8 * probe(vectors, zeros)


@pytest.mark.parametrize("trainer", ["gensim", "torch"])
def test_an_epoch_follows_from_its_number_and_the_state(trainer: str) -> None:
    corpus, config = corpus_of_pairs(), replace(QUICK, epochs=3)
    whole = trained(trainer, corpus, config)
    weight = np.ones((20, 1), np.float32)
    first, second = (
        make_trainer(corpus, None, weight, config=replace(config, trainer=trainer), size=8)
        for _ in range(2)
    )
    for epoch in range(2):
        first.train_epoch(epoch, lambda steps=1, note="": None)
    second.restore(*first.state())
    second.train_epoch(2, lambda steps=1, note="": None)
    assert all(map(np.array_equal, second.state(), whole.state()))


def test_one_batch_is_the_gradient_of_the_loss() -> None:
    corpus = corpus_of_pairs()
    config = replace(QUICK, trainer="torch", learning_rate=1e-3, window=3)
    random = np.random.default_rng(5)
    vectors, context = random.standard_normal((2, 20, 8)).astype(np.float32)
    model = TorchSkipGram(
        corpus, vectors, context, config=config, size=8, device=torch.device("cpu")
    )
    words = torch.tensor([[1, 4, 7, 0], [3, 9, 0, 0]])
    there = torch.tensor([[True, True, True, False], [True, True, False, False]])
    model._step(words, there, 1e-3, np.random.default_rng(2))

    draws = np.random.default_rng(2)
    reduced = draws.integers(1, config.window + 1, (2, 4))
    drawn = np.searchsorted(model._negatives, draws.random(SHARED_NEGATIVES))
    v, c = (torch.tensor(one, requires_grad=True) for one in (vectors, context))
    loss = torch.zeros(())
    for row, length in ((0, 3), (1, 2)):
        for i in range(length):
            for j in range(length):
                if i == j or abs(i - j) > reduced[row, j]:
                    continue
                loss = loss - torch.nn.functional.logsigmoid(v[words[row, i]] @ c[words[row, j]])
                against = torch.nn.functional.logsigmoid(-(c[drawn] @ v[words[row, i]]))
                loss = loss - against.sum() * config.negative / SHARED_NEGATIVES
    loss.backward()
    for now, before, gradient in zip(
        model.state(), (vectors, context), (v.grad, c.grad), strict=True
    ):
        assert gradient is not None
        assert now == pytest.approx(before - 1e-3 * gradient.numpy(), abs=1e-6)


def test_no_step_is_longer_than_allowed() -> None:
    table = torch.zeros(3, 4)
    descend(table, torch.tensor([1, 1, 2]), torch.full((3, 4), -100.0), 1.0)
    assert table[0].tolist() == [0] * 4
    assert table[1:].norm(dim=1).tolist() == pytest.approx([MAX_STEP] * 2)


def test_long_playlists_are_cut_and_nothing_is_lost() -> None:
    words = np.arange(300, dtype=np.int32)
    corpus = Corpus(
        words.astype(np.uint32), np.ones(300, np.int64), np.array([0, 0, 299, 300]), words
    )
    model = TorchSkipGram(
        corpus,
        None,
        None,
        config=replace(QUICK, shuffle=True),
        size=8,
        device=torch.device("cpu"),
    )
    found, starts = model._rows(np.random.default_rng(0))
    assert np.diff(starts).tolist() == [MAX_ROW_WORDS, MAX_ROW_WORDS, 299 - 2 * MAX_ROW_WORDS, 1]
    assert sorted(found[:299].tolist()) == list(range(299))
    assert found[:299].tolist() != list(range(299))
