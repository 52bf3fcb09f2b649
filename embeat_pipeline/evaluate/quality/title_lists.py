"""Measure lists that are asked for by the name of a playlist, alone and beside seeds.

The release is asked through its public interface for novel test playlists by their real names, for
lists of 20. A list is good if it has the songs of the playlist. Names alone are compared with the
opponent that is best on validation playlists (``systems.title_neighbours``), and seeds with the
name with the same seeds without it. Playlists without a name take part beside seeds alone, where
both lists are the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.progress import progress
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.playlist_names import NamedPlaylists, NamedSplit
from embeat_pipeline.evaluate.metrics.title_kinds import TitleKind, TitleKinds
from embeat_pipeline.evaluate.systems.title_neighbours import rank_titles, tune_opponent
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import uniform
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics
from embeat_serve.errors import SeedNotFound
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender

LENGTH = 20
"""Length of the lists."""
SEED_COUNTS = (1, 5)
"""Numbers of seeds that lists are asked for with and without a name."""
MIN_PLAYLISTS = 20
"""Playlists of a kind of names from which on figures are given."""
OPPONENT, LIST, NO_RULES = "opponent", "list", "no_rules"
"""What is measured of names alone: the opponent, the list people get, and the same without
re-ranking by rules."""
WITHOUT, WITH = "without", "with"
"""What is measured of seeds: without and with the name."""

Values = Mapping[str, NDArray[np.float64]]
"""What is measured -> (n,) nDCG@20 of the same n playlists."""


class TitleQueries(NamedTuple):
    """What a release is asked for: novel test playlists."""

    named: NamedPlaylists
    """Those that are asked for by name alone."""
    seeds: Mapping[int, QuerySet]
    """Number of seeds -> queries."""
    seed_names: Mapping[int, Sequence[str]]
    """Number of seeds -> name of the playlist of each query; empty where it has none."""


class ListRequest(NamedTuple):
    """One list that is asked for: by a name, by seeds or by both."""

    title: str | None
    track_ids: Sequence[str] | None = None


class MeasuredLists(NamedTuple):
    """Lists of n requests, measured."""

    ndcg: NDArray[np.float64]
    """(n,) nDCG@20."""
    is_known: NDArray[np.bool_]
    """(n,) whether the release knows enough of the name, see ``ListTitle.is_known``."""


@dataclass(frozen=True)
class TitleClient:
    """Asks a release for lists."""

    recommender: Recommender
    catalogue: Catalogue

    def ask(
        self,
        requests: Sequence[ListRequest],
        targets: sparse.csr_array,
        label: str,
        options: RecallOptions | None = None,
    ) -> MeasuredLists:
        """Measure the lists of n requests; a list that cannot be made is empty.

        Args:
            requests: what is asked.
            targets: (n, catalogue) binary.
            label: name shown with the progress.
            options: None asks as users do who set nothing.
        """
        lists: list[list[str]] = []
        is_known: list[bool] = []
        with progress(label, len(requests), "queries") as advance:
            for title, track_ids in requests:
                try:
                    answer = self.recommender.recommend(
                        title=title, track_ids=track_ids, k=LENGTH, options=options
                    )
                except SeedNotFound:
                    lists.append([])
                    is_known.append(False)
                else:
                    lists.append([song.track_id for song in answer.results])
                    is_known.append(answer.title is not None and answer.title.is_known)
                advance(1)
        ranked = self.catalogue.codes(lists, LENGTH)
        ndcg = ranking_metrics(ranked, targets)["ndcg@20"]
        return MeasuredLists(ndcg, np.array(is_known, bool))


def draw_title_queries(
    test: NamedPlaylists,
    queries: Mapping[int, QuerySet],
    is_novel: NDArray[np.bool_],
    *,
    max_queries: int,
    seed: int,
) -> TitleQueries:
    """Choose what is asked, at random where there are more names than ``max_queries``.

    Args:
        test: test playlists.
        queries: number of seeds -> queries of the evaluation, drawn from ``test``.
        is_novel: (test,) whether no training playlist resembles it.
        max_queries: largest number of playlists that are asked for by name alone.
        seed: of the draw.
    """
    usable = np.flatnonzero(is_novel & test.is_named & (test.playlists.sizes > 0))
    lots = uniform(test.playlists.keys[usable], seed + 1)
    drawn = np.sort(usable[np.argsort(lots)[:max_queries]])
    seeds = {
        count: queries[count].select(is_novel[queries[count].playlists])
        for count in SEED_COUNTS
        if count in queries
    }
    names = {
        count: test.names.gather(of_count.playlists).to_list() for count, of_count in seeds.items()
    }
    return TitleQueries(test.select(drawn), seeds, names)


def measure_titles(
    client: TitleClient,
    kinds: TitleKinds,
    split: NamedSplit,
    *,
    queries: TitleQueries,
    seed: int = 0,
) -> dict[str, Any]:
    """nDCG@20 of lists for names, alone and beside seeds, with intervals over playlists.

    Args:
        client: of the release.
        kinds: tells kinds of names apart.
        split: playlists that the opponent is fitted to, and those that it is tuned on.
        queries: what is asked.
        seed: of the bootstrap.

    Returns:
        ``named``, the number of playlists that are asked for by name. Unless that is 0:
        ``opponent`` (``name``, ``parameters`` and ``validation``), ``name_alone`` (see
        ``name_figures``), ``seeds`` (number of seeds -> see ``seed_figures``), and ``kinds`` (kind
        -> ``name_alone`` and ``one_seed``, the same for the playlists whose names are of it).
    """
    if not len(queries.named):
        return {"named": 0}
    opponent = tune_opponent(split.train, split.validation)
    ranked = rank_titles(opponent, split.train, queries.named.names, LENGTH)
    of_opponent = ranking_metrics(ranked, queries.named.playlists.tracks)["ndcg@20"]
    of_release, is_known = ask_names(client, queries.named)
    alone = {OPPONENT: of_opponent, **of_release}
    masks = kind_masks(kinds, queries.named.names.to_list(), is_known)
    report: dict[str, Any] = {
        "named": len(queries.named),
        "opponent": {
            "name": opponent.name,
            "parameters": asdict(opponent.options) if opponent.options else {},
            "validation": dict(opponent.validation),
        },
        "name_alone": name_figures(alone, seed),
        "seeds": {},
        "kinds": {
            kind.value: {"name_alone": name_figures(_rows(alone, mask), seed, MIN_PLAYLISTS)}
            for kind, mask in masks.items()
        },
    }
    for count, drawn in queries.seeds.items():
        names = queries.seed_names[count]
        beside, is_known = ask_seeds(client, drawn, names)
        report["seeds"][str(count)] = seed_figures(beside, seed)
        if count == 1:
            for kind, mask in kind_masks(kinds, names, is_known).items():
                figures = seed_figures(_rows(beside, mask), seed, MIN_PLAYLISTS)
                report["kinds"][kind.value]["one_seed"] = figures
    return report


def ask_names(client: TitleClient, named: NamedPlaylists) -> tuple[Values, NDArray[np.bool_]]:
    """Ask for playlists by their names alone.

    Returns:
        ``LIST`` and ``NO_RULES`` -> nDCG@20, and (n,) whether each name is known.
    """
    requests = [ListRequest(name) for name in named.names]
    targets = named.playlists.tracks
    lists = client.ask(requests, targets, "names")
    no_rules = replace(client.recommender.settings.recall, diversify=False)
    raw = client.ask(requests, targets, "names, no rules", no_rules)
    return {LIST: lists.ndcg, NO_RULES: raw.ndcg}, lists.is_known


def ask_seeds(
    client: TitleClient, queries: QuerySet, names: Sequence[str]
) -> tuple[Values, NDArray[np.bool_]]:
    """Ask for playlists by seeds, without and with their names.

    Args:
        client: of the release.
        queries: q queries.
        names: (q,) name of the playlist of each; empty where it has none.

    Returns:
        ``WITHOUT`` and ``WITH`` -> nDCG@20, and (q,) whether each name is known.
    """
    label = f"{queries.seeds.shape[1]} seeds"
    seeds = client.catalogue.ids(queries.seeds)
    plain = client.ask([ListRequest(None, ids) for ids in seeds], queries.targets, label)
    named = np.flatnonzero(np.array(names, str) != "")
    requests = [ListRequest(names[row], seeds[row]) for row in named.tolist()]
    lists = client.ask(requests, queries.targets[named], f"{label} and name")
    both, is_known = plain.ndcg.copy(), plain.is_known.copy()
    both[named], is_known[named] = lists
    return {WITHOUT: plain.ndcg, WITH: both}, is_known


def kind_masks(
    kinds: TitleKinds, names: Sequence[str], is_known: NDArray[np.bool_]
) -> dict[TitleKind, NDArray[np.bool_]]:
    """Kind -> (n,) whether a name is of it; a playlist without a name is of none."""
    found = [
        kinds.of(name, is_known=known) if name else frozenset()
        for name, known in zip(names, is_known.tolist(), strict=True)
    ]
    return {kind: np.array([kind in of_name for of_name in found], bool) for kind in TitleKind}


def name_figures(values: Values, seed: int = 0, least: int = 1) -> dict[str, Any]:
    """Figures of names alone.

    Args:
        values: ``OPPONENT``, ``LIST`` and ``NO_RULES`` -> nDCG@20.
        seed: of the bootstrap.
        least: playlists that figures are given of.

    Returns:
        ``playlists`` (their number); where there are enough, an interval for each of ``values``,
        and ``ratios``: ``LIST`` and ``NO_RULES`` -> interval of the ratio to the opponent, None
        where the opponent hits nothing.
    """
    report = _intervals(values, seed, least)
    if len(report) > 1:
        release = {name: values[name] for name in (LIST, NO_RULES)}
        found = bootstrap.ratios(np.stack([*release.values()]), values[OPPONENT], seed)
        report["ratios"] = {
            name: asdict(ratio) if math.isfinite(ratio.mean) else None
            for name, ratio in zip(release, found, strict=True)
        }
    return report


def seed_figures(values: Values, seed: int = 0, least: int = 1) -> dict[str, Any]:
    """Figures of seeds with and without a name; the arguments are those of ``name_figures``.

    Returns:
        ``playlists``; where there are enough, an interval for each of ``values``, and
        ``difference``, that of the gain by the name.
    """
    report = _intervals(values, seed, least)
    if len(report) > 1:
        report["difference"] = asdict(bootstrap.difference(values[WITH], values[WITHOUT], seed))
    return report


def _intervals(values: Values, seed: int, least: int) -> dict[str, Any]:
    matrix = np.stack([*values.values()])
    report: dict[str, Any] = {"playlists": matrix.shape[1]}
    if matrix.shape[1] >= least:
        found = bootstrap.intervals(matrix, seed)
        report |= {name: asdict(one) for name, one in zip(values, found, strict=True)}
    return report


def _rows(values: Values, mask: NDArray[np.bool_]) -> Values:
    return {name: of_playlists[mask] for name, of_playlists in values.items()}
