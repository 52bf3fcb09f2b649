"""How much of the truly nearest a release finds, for every kind of filter and selectivity.

Filtered approximate search fails by kind: where a filter leaves too many to scan and has no links
of its own, a walk of the graph ends early. So every indexed field is asked about, with conditions
that let nearly all, half, a tenth … of the points through.
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
SAMPLE = 2_000
"""Points whose values tell how common values are."""

SHARES = (0.9, 0.5, 0.1, 0.05, 0.02, 0.005)
"""Of the points that ranges of a number let through."""

PER_STEP = 4
"""Queries per field and selectivity."""

LEAST = 12
"""Queries per kind: a field that few values tell apart is asked about for several points, since a
mean over one query says little."""

UNPOPULAR = 9
"""Known popularity up to which serving may leave tracks out."""

ROUNDING = 1e-6
"""Scores this close are the same: which of two equal tracks is listed does not matter."""


class Kind(NamedTuple):
    """Filters of one kind: ``all``, a field, ``not`` a field, or two fields together."""

    name: str
    filters: list[Filter]
    """From those that let most through to those that let few."""


class Recall(NamedTuple):
    """Share of the true nearest found."""

    mean: float
    worst: float


def measure_recalls(store: VectorStore, collection: str, codes: Sequence[int]) -> dict[str, Recall]:
    """Recall@100 of a collection by kind of filter; kinds without an answer are left out.

    Args:
        store: release to ask.
        collection: of it.
        codes: point ids to sample from.
    """
    random = np.random.default_rng(VERIFY_SEED)
    chosen = random.permutation(np.array(codes))[:SAMPLE].tolist()
    fields = tuple(PAYLOAD_INDEXES[collection])
    vectors = store.retrieve(collection, chosen[: 4 * VERIFY_QUERIES], False, with_vector=True)
    seeds = [hit for hit in vectors if hit.vector is not None][:VERIFY_QUERIES]
    if not seeds:
        return {}
    payloads = [hit.payload for hit in store.retrieve(collection, chosen, fields)]
    # Weighted collections are scanned, whatever the filter.
    scanned = collection in VectorName.WEIGHTED
    kinds = kinds_of(() if scanned else fields, payloads, store.count(collection))
    found = {
        kind.name: recall_of(store, _queries(collection, kind, seeds))
        for kind in (Kind("all", [Filter()] * len(seeds)), *kinds)
    }
    return {
        name: Recall(float(np.mean(shares)), min(shares))
        for name, shares in found.items()
        if shares
    }


def _queries(collection: str, kind: Kind, seeds: Sequence[Hit]) -> Iterator[Query]:
    for position in range(max(len(kind.filters), LEAST) if kind.filters else 0):
        where = kind.filters[position % len(kind.filters)]
        seed = seeds[position % len(seeds)]
        others = replace(where, must_not=(*where.must_not, Ids((seed.id,))))
        yield Query(collection, RECALL_AT, seed.vector, filter=others)


def recall_of(store: VectorStore, queries: Iterable[Query]) -> list[float]:
    """Share of the true nearest that the store finds, for each query that has an answer.

    Whatever scores as high as the last of the true ones counts as found.
    """
    shares = []
    for query in queries:
        # One at a time: a batch of full scans would stand still for seconds.
        (found,) = store.query([query])
        (true,) = store.query([replace(query, exact=True)])
        if true:
            reached = sum(hit.score >= true[-1].score - ROUNDING for hit in found)
            shares.append(min(reached, len(true)) / len(true))
    return shares


def kinds_of(
    fields: Iterable[str], payloads: Sequence[dict[str, Any]], points: int
) -> Iterator[Kind]:
    """Kinds of filters on each of ``fields``, with values as common as ``payloads`` show.

    Args:
        fields: indexed fields.
        payloads: of points drawn at random.
        points: how many there are in all.
    """
    for field in fields:
        values = [payload[field] for payload in payloads if payload.get(field) is not None]
        if not values:
            continue
        if is_number(values[0]) and not field.endswith("_code"):
            yield Kind(field, [Filter((condition,)) for condition in ranges(field, values)])
        elif field == TrackField.SEARCH_TEXT:
            tokens = common([text.split() for text in values], len(payloads), points)
            yield Kind(field, [Filter((Words(field, (str(token),)),)) for token in tokens])
        else:
            listed = [value if isinstance(value, list) else [value] for value in values]
            wanted = common(listed, len(payloads), points)
            matches = [Match(field, (value,)) for value in wanted]
            yield Kind(field, [Filter((match,)) for match in matches])
            yield Kind(f"not_{field}", [Filter((), (Match(field, tuple(wanted)),))] * PER_STEP)
            known = Between(TrackField.POPULARITY_RANK, 1, UNPOPULAR)
            if isinstance(values[0], list):
                yield Kind(f"popular_{field}", [Filter((match,), (known,)) for match in matches])


def is_number(value: object) -> bool:
    """Whether ranges of it make sense."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def ranges(field: str, values: Sequence[float]) -> Iterator[Between]:
    """Ranges that let ``SHARES`` of the values through, anywhere among them."""
    random = np.random.default_rng(VERIFY_SEED)
    for share in SHARES:
        for start in random.uniform(0, 1 - share, PER_STEP):
            low, high = np.quantile(values, [start, start + share], method="nearest")
            yield Between(field, low.item(), high.item())


def common(values: Iterable[Sequence[Value]], sampled: int, points: int) -> list[Value]:
    """Values that many, some and few points have, the most common first.

    Among them the rarest one that is too common to be scanned: the links within it are the
    weakest.
    """
    counts = Counter(value for of_point in values for value in of_point)
    ordered = sorted(counts, key=lambda value: (-counts[value], str(value)))
    places = np.unique(np.geomspace(1, len(ordered), 3 * PER_STEP).astype(int)) - 1
    chosen = {ordered[place] for place in places}
    walked = [value for value in ordered if counts[value] * points > SCAN_LINKED * sampled]
    chosen.update(walked[-PER_STEP:])
    return [value for value in ordered if value in chosen]
