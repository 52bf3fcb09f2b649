"""Measure whether lists stay in the style of their seeds, and how many of their songs jar.

Playlists say what people put together; this asks whether a list holds together. No listener has
calibrated it, and the lists themselves are made with genres, years and related artists, so a good
fit of those parts is no independent evidence. It tells lists apart that jar; it does not say which
list people like better. Genres count as they are in ``artist_genres``, predicted ones too.

A song is measured against the seed that it fits best. Its *fit* is the mean of the parts that are
known, see ``StyleParts``: none weighs more than another, since nothing says which should.

Three measures count songs of ten that are not of the style of their seeds. The first two say
nothing of songs by an artist of the seeds or by one related to them, nor where genres are unknown.

- ``jarring``: the genres are far from those of every seed (``JARRING_NEARNESS``).
- ``no_common_genre``: there is no genre in common with any seed. It needs no threshold, but a song
  of *nu disco* counts beside one of *filter house*.
- ``below_mates``: the fit is below the 5th percentile of the fits of *mates*, tracks of the very
  playlists that the seeds are from. One playlist has too few of them for a percentile, so mates are
  pooled over all queries whose seeds are in about as many training playlists: what is known of
  songs differs by that. By construction about one mate in twenty is below: 0.5 of ten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.metrics.style_parts import PARTS, StyleParts, read_style_tables
from embeat_pipeline.evaluate.options import EvaluationQueries
from embeat_pipeline.evaluate.systems.base import PRODUCT, System
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import mix
from embeat_pipeline.interactions.queries import STRATA, QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.contract.lake import LakePaths

DEPTH = 10
"""Songs of a list that count, and mates drawn from a playlist."""
MATES = "playlist mates"
"""Name of the row of tracks of the playlists themselves: what a fit can be."""
PERCENTILE = 5.0
"""Percentile of the fits of mates below which a song jars."""
EVIDENCE = ("0", "1-3", "4-20", "21+")
"""Strata: number of training playlists that hold the seeds (their median)."""
EVIDENCE_FROM = (0.5, 3.5, 20.5)
"""Lower bounds of all strata of ``EVIDENCE`` but the first."""
JARRING_NEARNESS = 0.3
"""Nearness of genres (``PairStyle.genre_nearness``) below which a song jars. In blind tests of 120
pairs of lists, language models found half of the songs below .2 unfit, whether they had a genre in
common with the seed or not; 18% from there to .4; and 9% of the others, of those without a genre in
common one of twenty."""
METRICS = ("fit", *PARTS, "jarring", "no_common_genre", "below_mates", "knows_genres", "songs")
"""Figures of a list, see ``list_values``."""
BLOCK_PAIRS = 1 << 16
"""Pairs of a seed and a song in memory at a time: some 30 MB."""


class ListStyle(NamedTuple):
    """Style of the songs of q lists of k, each against the seed that it fits best."""

    is_song: NDArray[np.bool_]
    """(q, k) whether the list goes on so far."""
    parts: NDArray[np.float64]
    """(4, q, k) see ``PARTS``; NaN where unknown."""
    fit: NDArray[np.float64]
    """(q, k) mean of the known parts; NaN where none is known."""
    knows_genres: NDArray[np.bool_]
    """(q, k) whether genres of the song and of a seed are known."""
    jarring: NDArray[np.bool_]
    """(q, k) whether its genres are far from those of every seed."""
    no_common_genre: NDArray[np.bool_]
    """(q, k) whether it has no genre in common with any seed."""


def measure_style_fit(
    lake: LakePaths,
    systems: Mapping[int, Sequence[System]],
    queries: EvaluationQueries,
    seed: int = 0,
) -> dict[str, Any]:
    """Style fit of the first ten songs, and how many of them jar.

    Args:
        lake: with the tables of ``read_style_tables``.
        systems: number of seeds -> what is compared.
        queries: that the systems answered.
        seed: of the random pairs, of the mates and of the bootstrap.

    Returns:
        ``depth``, ``percentile`` and ``seeds``: number of seeds -> see ``_measure_queries``.
    """
    parts = StyleParts(read_style_tables(lake), seed)
    frequency = queries.train.frequency()
    measured = {
        str(count): _measure_queries(
            parts,
            systems[count],
            query_set,
            strata=_strata(query_set, frequency, queries.is_novel),
            seed=seed,
        )
        for count, query_set in queries.queries.items()
    }
    return {"depth": DEPTH, "percentile": PERCENTILE, "seeds": measured}


def _measure_queries(
    parts: StyleParts,
    systems: Sequence[System],
    queries: QuerySet,
    *,
    strata: tuple[dict[str, NDArray[np.bool_]], NDArray[np.intp]],
    seed: int,
) -> dict[str, Any]:
    """Figures of one set of queries.

    Returns:
        ``queries`` (by stratum), ``thresholds`` (stratum of evidence -> fit below which a song
        jars), ``systems`` (name -> stratum -> metric -> interval) and ``differences`` (the same,
        minus ``product``). Besides ``systems``, ``MATES`` has a row. What nothing is known of is
        left out.
    """
    count = queries.seeds.shape[1]
    masks, evidence = strata
    lists = {system.name: system.ranked[count][:, :DEPTH] for system in systems}
    lists[MATES] = draw_mates(queries, seed)
    styles = {name: style_of_lists(parts, queries.seeds, ranked) for name, ranked in lists.items()}
    thresholds = mate_thresholds(styles[MATES].fit, evidence)
    values = {name: list_values(style, thresholds[evidence]) for name, style in styles.items()}
    gains = {name: of_list - values[PRODUCT] for name, of_list in values.items() if name != PRODUCT}
    return {
        "queries": {stratum: int(mask.sum()) for stratum, mask in masks.items()},
        "thresholds": dict(zip(EVIDENCE, thresholds.tolist(), strict=True)),
        "systems": _intervals(values, masks, seed),
        "differences": _intervals(gains, masks, seed),
    }


def style_of_lists(
    parts: StyleParts, seeds: NDArray[np.int64], ranked: NDArray[np.int64]
) -> ListStyle:
    """Measure lists (q, k) against their seeds (q, s), all track codes; see ``ListStyle``."""
    block = max(1, BLOCK_PAIRS // max(seeds.shape[1] * ranked.shape[1], 1))
    starts = range(0, max(len(seeds), 1), block)
    blocks = [
        _style_of_block(parts, seeds[start : start + block], ranked[start : start + block])
        for start in starts
    ]
    is_song, by_part, *rest = zip(*blocks, strict=True)
    return ListStyle(
        np.concatenate(is_song), np.concatenate(by_part, axis=1), *map(np.concatenate, rest)
    )


def _style_of_block(
    parts: StyleParts, seeds: NDArray[np.int64], ranked: NDArray[np.int64]
) -> ListStyle:
    shape = (len(seeds), seeds.shape[1], ranked.shape[1])
    is_song = ranked != PADDING
    songs = np.where(is_song, ranked, 0)
    pairs = parts.of_pairs(
        np.broadcast_to(seeds[:, :, None], shape).ravel(),
        np.broadcast_to(songs[:, None, :], shape).ravel(),
    )
    by_seed = pairs.parts.reshape(len(PARTS), *shape)
    fits = mean_of_known(by_seed, axis=0)
    best = np.argmax(np.where(np.isnan(fits), -1, fits), axis=1)[:, None, :]
    chosen = np.take_along_axis(by_seed, best[None], axis=2)[:, :, 0]
    fit = np.take_along_axis(fits, best, axis=1)[:, 0]
    knows, shares, related = (
        flags.reshape(shape).any(axis=1)
        for flags in (pairs.knows_genres, pairs.shares_genre, pairs.is_related)
    )
    nearness = np.nan_to_num(pairs.genre_nearness, nan=-1.0).reshape(shape).max(axis=1)
    is_judged = knows & ~related & is_song
    return ListStyle(
        is_song,
        np.where(is_song, chosen, np.nan),
        np.where(is_song, fit, np.nan),
        knows & is_song,
        is_judged & (nearness < JARRING_NEARNESS),
        is_judged & ~shares,
    )


def list_values(style: ListStyle, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Figures of each list: (len(METRICS), q).

    ``fit`` and its parts are means over the songs of which they are known. ``jarring``,
    ``no_common_genre`` and ``below_mates`` are songs of ten: a shorter list counts as if it went on
    alike, and what is unknown does not jar. ``knows_genres`` is the share of songs that ``jarring``
    can judge; ``songs`` is how many there are. All but ``songs`` are NaN for an empty list.

    Args:
        style: of q lists.
        thresholds: (q,) fits below which a song counts in ``below_mates``; NaN: none does.
    """
    is_song = style.is_song
    is_below = style.fit < thresholds[:, None]

    def share(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
        return mean_of_known(np.where(is_song, flags, np.nan), axis=1)

    return np.stack(
        [
            mean_of_known(style.fit, axis=1),
            *mean_of_known(style.parts, axis=2),
            DEPTH * share(style.jarring),
            DEPTH * share(style.no_common_genre),
            DEPTH * share(is_below),
            share(style.knows_genres),
            is_song.sum(axis=1).astype(np.float64),
        ]
    )


def draw_mates(queries: QuerySet, seed: int = 0, number: int = DEPTH) -> NDArray[np.int64]:
    """(q, number) targets of each query, drawn at random; ``PADDING`` where there are fewer."""
    targets = queries.targets.tocoo()
    lots = mix(mix(queries.keys, seed)[targets.row] + mix(targets.col.astype(np.uint64)))
    order = np.lexsort((lots, targets.row))
    rows, codes = targets.row[order], targets.col[order]
    position = np.arange(len(rows)) - queries.targets.indptr[rows]
    mates = np.full((len(queries), number), PADDING, np.int64)
    is_drawn = position < number
    mates[rows[is_drawn], position[is_drawn]] = codes[is_drawn]
    return mates


def mate_thresholds(fits: NDArray[np.float64], evidence: NDArray[np.intp]) -> NDArray[np.float64]:
    """(len(EVIDENCE),) ``PERCENTILE`` of the fits (q, k) of mates, by stratum of each query (q,).

    NaN where a stratum has no mate whose fit is known.
    """
    is_known = ~np.isnan(fits)
    pooled = [
        fits[evidence == stratum][is_known[evidence == stratum]] for stratum in range(len(EVIDENCE))
    ]
    return np.array([np.percentile(one, PERCENTILE) if one.size else np.nan for one in pooled])


def mean_of_known(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Mean along an axis without what is NaN; NaN where all is."""
    is_known = ~np.isnan(values)
    number = is_known.sum(axis=axis)
    total = np.where(is_known, values, 0.0).sum(axis=axis)
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def _strata(
    queries: QuerySet, frequency: NDArray[np.int64], is_novel: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[np.bool_]], NDArray[np.intp]]:
    """Masks (q,) of the strata that are shown, and (q,) positions in ``EVIDENCE``.

    With one seed, novel playlists are shown by evidence too.
    """
    support = np.median(frequency[queries.seeds], axis=1)
    evidence = np.searchsorted(EVIDENCE_FROM, support, side="right")
    novel = is_novel[queries.playlists]
    masks = {"all": np.ones(len(queries), bool), STRATA["overlap"][0]: novel}
    if queries.seeds.shape[1] == 1:
        masks |= {name: novel & (evidence == place) for place, name in enumerate(EVIDENCE)}
    return masks, evidence


def _intervals(
    values: Mapping[str, NDArray[np.float64]], masks: Mapping[str, NDArray[np.bool_]], seed: int
) -> dict[str, Any]:
    """Name -> stratum -> metric -> interval, of (len(METRICS), q) values of each name."""
    cells = [(name, metric) for name in values for metric in METRICS]
    matrix = np.concatenate([*values.values()])
    result: dict[str, Any] = {name: {} for name in values}
    for stratum, mask in masks.items():
        found = bootstrap.intervals_of_known(matrix[:, mask], seed)
        for (name, metric), interval in zip(cells, found, strict=True):
            if interval.count:
                result[name].setdefault(stratum, {})[metric] = asdict(interval)
    return result
