"""The words of a release: memory of each process that serves it, and time per misspelt word.

    python benchmarks/words.py [--words 500000]

Made-up words. The baseline is what reading a compressed list into Python's own strings takes, which
each process would have to do for itself; against it the arrays of a release, mapped from its files.
Every figure comes from a process of its own.
"""

import argparse
import io
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from embeat_serve.contract.schema import Collection
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.text_index.spelling import Vocabulary, max_typos
from embeat_serve.text_index.term_dictionary import TermDictionary, letter_sets

RESULTS = Path(__file__).parent / "results" / "words.json"
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
SHORTEST, LONGEST = 4, 11
TYPED = ("helo", "wonderwal", "metalica", "beyonse", "sigurros", "bohemain", "karftwerk", "adelle")
ROUNDS = 5


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--words", type=int, default=500_000)
    number = parser.parse_args().words
    rows = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for collection in Collection.ALL:
            (folder / collection).mkdir()
        words = made_up(number)
        known = np.random.default_rng(0).permutation(number).astype(np.uint32)
        TermDictionary.make(words, np.ones(number, np.float32), known).write(folder)
        text = np.frombuffer("\n".join(words[place] for place in known).encode(), np.uint8)
        np.savez_compressed(folder / "words.npz", text=text)
        print(f"{'':<10}{'own MiB':>9}{'load ms':>9}{'ms a word':>11}")
        for name, work in (("strings", strings), ("mapped", mapped)):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                rows[name] = pool.submit(work, folder).result()
            print(f"{name:<10}" + "{:>9.1f}{:>9.1f}{:>11.2f}".format(*rows[name]), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"words": number, "rows": rows}, indent=1) + "\n")


def made_up(number: int) -> list[str]:
    """So many different words, in order."""
    random, words = np.random.default_rng(0), set[str]()
    shares = np.arange(len(LETTERS), 0, -1) / (len(LETTERS) * (len(LETTERS) + 1) / 2)
    while len(words) < number:
        drawn = random.choice(list(LETTERS), (number - len(words), LONGEST), p=shares)
        lengths = random.integers(SHORTEST, LONGEST + 1, len(drawn))
        words.update("".join(row[:length]) for row, length in zip(drawn, lengths, strict=True))
    return sorted(words)


def strings(folder: Path) -> tuple[float, float, float]:
    """Everything unpacked: the words as strings and as a set, their letters and lengths."""
    memory, started = own_memory(), time.process_time()
    content = (folder / "words.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        words = arrays["text"].tobytes().decode().split("\n")
    letters, known = letter_sets(words), frozenset(words)
    lengths = np.fromiter(map(len, words), np.int16, len(words))
    loaded, took = own_memory() - memory, time.process_time() - started
    started = time.process_time()
    for word in TYPED * ROUNDS:
        most = max_typos(len(word))
        near = np.abs(lengths - len(word)) <= most
        differing = np.bitwise_count(letters ^ letter_sets([word])[0])
        places = np.flatnonzero(near & (differing <= 2 * most))
        candidates = [words[place] for place in places.tolist()]
        process.cdist([word], candidates, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8)
        _ = word in known
    return loaded, 1e3 * took, 1e3 * (time.process_time() - started) / len(TYPED * ROUNDS)


def mapped(folder: Path) -> tuple[float, float, float]:
    """As a release is served."""
    memory, started = own_memory(), time.process_time()
    words = TermDictionary.of(EdgeStore(folder))
    vocabulary = Vocabulary(words)
    loaded, took = own_memory() - memory, time.process_time() - started
    started = time.process_time()
    for _ in range(ROUNDS):
        vocabulary = Vocabulary(words)  # with an empty cache
        for word in TYPED:
            vocabulary.alternatives(word)
            _ = word in vocabulary
    return loaded, 1e3 * took, 1e3 * (time.process_time() - started) / len(TYPED * ROUNDS)


def own_memory() -> float:
    """MiB of this process that it shares with none."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1024


if __name__ == "__main__":
    main()
