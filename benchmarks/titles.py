"""Lists for a title: nDCG@20 on playlists that the release does not know, asked for by their names.

    python benchmarks/titles.py --lake DIR

Needs a lake that was evaluated (``python -m embeat_pipeline evaluate``), whose holdout release was
trained without these playlists. Its opponents are the most popular songs, and the songs of
playlists of like names: cosine of tf-idf over words, over character n-grams within words, and over
those across words, each with exponents of similarity and of playlist length that are tuned on the
validation playlists. The release is asked through its public interface, for lists of 20: for the
name alone, and for 1 and 5 seeds with and without it. Novel test playlists only, 95% intervals over
them; ratios are to the opponent that is best on validation playlists.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

import embeat_serve
from embeat_pipeline.common.progress import progress
from embeat_pipeline.evaluate.holdout.release import read_holdout_release
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists
from embeat_pipeline.evaluate.inputs.release_client import single_release_lake
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.split import SplitOptions, novel, split_playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.title_terms import title_text
from embeat_serve.errors import SeedNotFound
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender

RESULTS = Path(__file__).parent / "results" / "titles.json"
PLACES = 20
SEEDS = (1, 5)
DISCOUNTS = 1 / np.log2(np.arange(PLACES) + 2)
SIMILARITY_EXPONENTS, LENGTH_EXPONENTS = (0.5, 1.0, 2.0), (0.0, 0.125, 0.25, 0.5)
ANALYSERS = {
    "words": {"analyzer": "word", "token_pattern": r"\S+"},
    "n-grams in words": {"analyzer": "char_wb", "ngram_range": (2, 5)},
    "n-grams across words": {"analyzer": "char", "ngram_range": (2, 6)},
}


class Named(NamedTuple):
    """Playlists and their names."""

    names: list[str]
    playlists: Playlists


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    lake, options = LakePaths(parser.parse_args().lake), SplitOptions()
    train, validation, test = parts(lake, options)
    opponent, chosen = best_opponent(train, validation, test)
    holdout = read_holdout_release(lake, options)
    with (
        single_release_lake(holdout.lake, holdout.release) as root,
        embeat_serve.open(lake=root) as recommender,
    ):
        measured = dict(ask(recommender, read_catalogue(holdout.lake), test))
    values = {f"best opponent: {chosen}": opponent, **measured}
    for name, of_playlists in values.items():
        (interval,) = bootstrap.intervals(of_playlists[None])
        line = f"{name:<44} {interval.count:>4} playlists  {interval.mean:.4f} "
        print(f"{line}[{interval.low:.4f}, {interval.high:.4f}]", flush=True)
    ratios = dict(compare(opponent, measured))
    for name, ratio in ratios.items():
        print(f"{name:<44} {ratio:.3f}")
    means = {name: float(np.mean(of)) for name, of in values.items()}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"ndcg@20": means, "ratios": ratios, "measured_at": now}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def parts(lake: LakePaths, options: SplitOptions) -> tuple[Named, Named, Named]:
    """Train, validation, and the novel playlists of test."""
    playlists = lake_playlists(lake)
    names = pl.read_parquet(lake.table("playlists"), columns=["name"])["name"].fill_null("")
    split = split_playlists(playlists, options)
    is_novel = split.test.copy()
    is_novel[split.test] = novel(playlists.select(split.test), playlists.select(split.train))
    train, validation, test = (
        Named(names.filter(pl.Series(mask)).to_list(), playlists.select(mask))
        for mask in (split.train, split.validation, is_novel)
    )
    return train, validation, test


def best_opponent(train: Named, validation: Named, test: Named) -> tuple[NDArray[np.float64], str]:
    """(test,) nDCG@20 of the opponent that is best on validation playlists, and its name."""
    popularity = train.playlists.frequency().astype(np.float32)
    found = {"most popular": float(ndcg_of(popularity, validation).mean())}
    scorers = {"most popular": partial(ndcg_of, popularity)}
    for name, analyser in ANALYSERS.items():
        vectors = TfidfVectorizer(preprocessor=title_text, sublinear_tf=True, **analyser)
        known = vectors.fit_transform(train.names)
        for similarity, length in product(SIMILARITY_EXPONENTS, LENGTH_EXPONENTS):
            label = f"{name}, similarity^{similarity:g}, length^-{length:g}"
            score = partial(ndcg_of_like, vectors, known, train, similarity, length)
            found[label], scorers[label] = float(score(validation).mean()), score
    best = max(found, key=lambda label: found[label])
    for label, value in sorted(found.items(), key=lambda pair: -pair[1])[:8]:
        print(f"validation  {label:<60} {value:.4f}")
    return scorers[best](test), best


def ndcg_of_like(
    vectors: TfidfVectorizer,
    known: Any,
    train: Named,
    similarity: float,
    length: float,
    asked: Named,
) -> NDArray[np.float64]:
    """(n,) nDCG@20 of the tracks of playlists of like names, the most alike counting most."""
    terms: Any = vectors.transform(asked.names)
    alike = sparse.csr_array(terms @ known.T)
    alike.data **= similarity
    weights = train.playlists.sizes.astype(np.float64) ** -length
    scores = sparse.csr_array(alike @ (sparse.diags_array(weights) @ train.playlists.tracks))
    popularity = train.playlists.frequency()
    fallback = 1e-6 * popularity / popularity.max()
    rows = (scores[[row]].toarray()[0] + fallback for row in range(len(asked.names)))
    return np.array([ndcg(top(row), held(asked, i)) for i, row in enumerate(rows)])


def ndcg_of(scores: NDArray[np.float32], asked: Named) -> NDArray[np.float64]:
    """(n,) nDCG@20 of the same tracks for every playlist."""
    best = top(scores)
    return np.array([ndcg(best, held(asked, row)) for row in range(len(asked.names))])


def ask(
    recommender: Recommender, catalogue: Catalogue, test: Named
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """nDCG@20 of the release for the name alone, and for seeds with and without it."""
    code_of = {track: code for code, track in enumerate(catalogue.track_ids.to_list())}

    def listed(**request: Any) -> list[int]:
        try:
            answer = recommender.recommend(**request, k=PLACES)
        except SeedNotFound:
            return []
        return [code_of[song.track_id] for song in answer.results]

    rows = range(len(test.names))
    for label, options in {"list": None, "no rules": RecallOptions(diversify=False)}.items():
        found = [listed(title=test.names[row] or "?", options=options) for row in rows]
        pairs = zip(found, rows, strict=True)
        yield f"name alone, {label}", np.array([ndcg(ids, held(test, row)) for ids, row in pairs])
    for number in SEEDS:
        queries = draw_queries(test.playlists, number, 0)
        seeds = catalogue.ids(queries.seeds)
        for label in ("without", "with"):
            values: list[float] = []
            with progress(f"{number} seeds, {label} name", len(queries), "queries") as advance:
                for row in range(len(queries)):
                    title = test.names[queries.playlists[row]] if label == "with" else None
                    ids = listed(track_ids=seeds[row], title=title or None)
                    values.append(ndcg(ids, queries.targets[[row]].indices))
                    advance(1)
            yield f"{number} seeds {label} name", np.array(values)


def compare(
    opponent: NDArray[np.float64], measured: Mapping[str, NDArray[np.float64]]
) -> Iterator[tuple[str, float]]:
    """Ratios of means: name alone to the opponent, seeds with the name to seeds without it."""
    for label in ("list", "no rules"):
        ratio = measured[f"name alone, {label}"].mean() / opponent.mean()
        yield f"name alone, {label} / best opponent", float(ratio)
    for number in SEEDS:
        both, alone = (measured[f"{number} seeds {label} name"] for label in ("with", "without"))
        yield f"{number} seeds with name / without", float(both.mean() / alone.mean())


def top(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """The 20 best columns, ties by column."""
    best = np.argpartition(-scores, PLACES)[:PLACES]
    return best[np.lexsort((best, -scores[best]))]


def held(asked: Named, row: int) -> NDArray[np.integer]:
    """Tracks of a playlist."""
    return asked.playlists.tracks[[row]].indices


def ndcg(ranked: Sequence[int] | NDArray[np.integer], targets: NDArray[np.integer]) -> float:
    """nDCG@20 of track codes."""
    hits = np.isin(np.asarray(ranked)[:PLACES], targets)
    ideal = DISCOUNTS[: min(len(targets), PLACES)].sum()
    return float((hits * DISCOUNTS[: len(hits)]).sum() / max(ideal, 1e-9))


if __name__ == "__main__":
    main()
