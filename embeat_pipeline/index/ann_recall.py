"""Measure the recall of approximate search, for every kind of filter and selectivity.

Whether filtered search is exact depends on the filter: where it leaves too many points to scan and
has no links of its own, a walk of the graph ends early. So every indexed field is queried, with
conditions that nearly all, half, a tenth, … of the points meet.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from embeat_pipeline.index.config import VERIFY_QUERIES, VERIFY_SEED
from embeat_serve.contract.schema import PAYLOAD_INDEXES, TrackField, VectorName
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.qdrant_edge import SCAN_LINKED
from embeat_serve.stores.query import Between, Filter, Hit, Ids, Match, Query, Value, Words

RECALL_AT = 100
"""Length of the lists compared."""
SAMPLE = 2_000
"""Points drawn to estimate how common values are."""

SHARES = (0.9, 0.5, 0.1, 0.05, 0.02, 0.005)
"""Shares of the points that the ranges of a number let through."""

PER_STEP = 4
"""Queries per field and selectivity."""

MIN_QUERIES = 12
"""Fewest queries per kind of filter; a mean over fewer would say little."""

UNPOPULAR = 9
"""Popularity up to which serving may leave tracks out."""

ROUNDING = 1e-6
"""Largest difference of equal scores; which of two equal tracks is listed does not matter."""


class FilterKind(NamedTuple):
    """Filters of one kind: ``all``, a field, ``not`` a field, or two fields together."""

    name: str
    filters: list[Filter]
    """From the least to the most selective."""


class Recall(NamedTuple):
    """Share of the true nearest points that approximate search returns."""

    mean: float
    worst: float


def measure_recalls(store: VectorStore, collection: str, codes: Sequence[int]) -> dict[str, Recall]:
    """Return recall@100 of a collection by kind of filter, without kinds that match nothing.

    Args:
        store: store of the release.
        collection: name of the collection.
        codes: point ids to sample from.
    """
    random = np.random.default_rng(VERIFY_SEED)
    sample = random.permutation(np.array(codes))[:SAMPLE].tolist()
    fields = tuple(PAYLOAD_INDEXES[collection])
    vectors = store.retrieve(collection, sample[: 4 * VERIFY_QUERIES], False, with_vector=True)
    seeds = [hit for hit in vectors if hit.vector is not None][:VERIFY_QUERIES]
    if not seeds:
        return {}
    payloads = [hit.payload for hit in store.retrieve(collection, sample, fields)]
    # Weighted collections are scanned, whatever the filter.
    is_scanned = collection in VectorName.WEIGHTED
    kinds = filter_kinds(() if is_scanned else fields, payloads, store.count(collection))
    recalls = {
        kind.name: query_recalls(store, _queries(collection, kind, seeds))
        for kind in (FilterKind("all", [Filter()] * len(seeds)), *kinds)
    }
    return {
        name: Recall(float(np.mean(shares)), min(shares))
        for name, shares in recalls.items()
        if shares
    }


def _queries(collection: str, kind: FilterKind, seeds: Sequence[Hit]) -> Iterator[Query]:
    for position in range(max(len(kind.filters), MIN_QUERIES) if kind.filters else 0):
        where = kind.filters[position % len(kind.filters)]
        seed = seeds[position % len(seeds)]
        others = replace(where, must_not=(*where.must_not, Ids((seed.id,))))
        yield Query(collection, RECALL_AT, seed.vector, filter=others)


def query_recalls(store: VectorStore, queries: Iterable[Query]) -> list[float]:
    """Return the share of the true nearest that each query finds, for queries with an answer.

    A point that scores as high as the last of the true nearest counts as one of them.
    """
    shares = []
    for query in queries:
        # One at a time: a batch of full scans would stand still for seconds.
        (hits,) = store.query([query])
        (nearest,) = store.query([replace(query, exact=True)])
        if nearest:
            correct = sum(hit.score >= nearest[-1].score - ROUNDING for hit in hits)
            shares.append(min(correct, len(nearest)) / len(nearest))
    return shares


def filter_kinds(
    fields: Iterable[str], payloads: Sequence[dict[str, Any]], points: int
) -> Iterator[FilterKind]:
    """Yield kinds of filters on each of ``fields``, from common to rare values.

    Args:
        fields: indexed fields.
        payloads: payloads of points drawn at random.
        points: number of points in the collection.
    """
    for field in fields:
        values = [payload[field] for payload in payloads if payload.get(field) is not None]
        if not values:
            continue
        if is_number(values[0]) and not field.endswith("_code"):
            yield FilterKind(field, [Filter((condition,)) for condition in ranges(field, values)])
        elif field == TrackField.SEARCH_TEXT:
            tokens = common_values([text.split() for text in values], len(payloads), points)
            yield FilterKind(field, [Filter((Words(field, (str(token),)),)) for token in tokens])
        else:
            lists = [value if isinstance(value, list) else [value] for value in values]
            matched = common_values(lists, len(payloads), points)
            matches = [Match(field, (value,)) for value in matched]
            yield FilterKind(field, [Filter((match,)) for match in matches])
            yield FilterKind(
                f"not_{field}", [Filter((), (Match(field, tuple(matched)),))] * PER_STEP
            )
            unpopular = Between(TrackField.POPULARITY_RANK, 1, UNPOPULAR)
            if isinstance(values[0], list):
                yield FilterKind(
                    f"popular_{field}", [Filter((match,), (unpopular,)) for match in matches]
                )


def is_number(value: object) -> bool:
    """Return whether a range of such values makes sense."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def ranges(field: str, values: Sequence[float]) -> Iterator[Between]:
    """Yield random ranges that let ``SHARES`` of the values through."""
    random = np.random.default_rng(VERIFY_SEED)
    for share in SHARES:
        for start in random.uniform(0, 1 - share, PER_STEP):
            low, high = np.quantile(values, [start, start + share], method="nearest")
            yield Between(field, low.item(), high.item())


def common_values(values: Iterable[Sequence[Value]], sampled: int, points: int) -> list[Value]:
    """Return values that many, some and few points have, the most common first.

    Among them are the rarest values that are too common to be scanned: the links within these
    are the weakest.
    """
    counts = Counter(value for of_point in values for value in of_point)
    ordered = sorted(counts, key=lambda value: (-counts[value], str(value)))
    positions = np.unique(np.geomspace(1, len(ordered), 3 * PER_STEP).astype(int)) - 1
    selected = {ordered[position] for position in positions}
    not_scanned = [value for value in ordered if counts[value] * points > SCAN_LINKED * sampled]
    selected.update(not_scanned[-PER_STEP:])
    return [value for value in ordered if value in selected]
