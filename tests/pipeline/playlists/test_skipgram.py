"""Skip-gram: the same in every process, and compiled."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAM = """
import hashlib
import numpy as np
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.skipgram import train_skipgram

random = np.random.default_rng(0)
words = np.concatenate([random.permutation(20)[:8] for _ in range(40)]).astype(np.int32)
corpus = Corpus(
    np.arange(20, dtype=np.uint32), np.bincount(words), np.arange(0, 328, 8), words
)
vectors = train_skipgram(corpus, None, None, Track2VecConfig(), 64, lambda steps=1, note="": None)
print(hashlib.sha256(vectors.tobytes()).hexdigest())
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
