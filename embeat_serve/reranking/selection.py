"""Choose the tracks of a list: reserve the shares it must have, fill it, relax its rules."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from embeat_serve.reranking.constraints import Constraint
from embeat_serve.reranking.ranked_tracks import RankedTrack
from embeat_serve.reranking.relaxation import relaxations
from embeat_serve.reranking.selection_state import SelectionState


class Selection(NamedTuple):
    """The tracks of a list, and what they do not keep to."""

    tracks: list[RankedTrack]
    """In the order in which they were chosen."""
    broken: list[str]
    """Names of the constraints that a track breaks, in the order in which they gave way."""
    unmet: list[str]
    """Names of the least shares that the candidates could not provide."""


def select(
    tracks: Iterable[RankedTrack], constraints: Sequence[Constraint], state: SelectionState
) -> Selection:
    """The best tracks that keep to the constraints, relaxed only as far as the length needs.

    Args:
        tracks: best first; read several times.
        constraints: in the order in which they give way.
        state: an empty list, with its limits; it holds the selection afterwards.
    """
    _reserve(tracks, constraints, state)
    broken: set[str] = set()
    for enforced, relaxed in relaxations(constraints):
        if state.is_full:
            break
        broken |= _fill(tracks, enforced, relaxed, state)
    return Selection(
        state.tracks, [rule.name for rule in constraints if rule.name in broken], _unmet(state)
    )


def _reserve(
    tracks: Iterable[RankedTrack], constraints: Sequence[Constraint], state: SelectionState
) -> None:
    """Add the best tracks of the two kinds that the list must have a share of."""
    for track in tracks:
        if state.by_seed_artists >= state.limits.least_by_seed_artists:
            break
        if track.by_seed_artist and _is_admitted(track, constraints, state):
            state.add(track)
    for track in tracks:
        if state.popular >= state.limits.least_popular:
            break
        if track.popular and _is_admitted(track, constraints, state):
            state.add(track)


def _fill(
    tracks: Iterable[RankedTrack],
    enforced: Sequence[Constraint],
    relaxed: Sequence[Constraint],
    state: SelectionState,
) -> set[str]:
    """Add the best tracks that the enforced constraints admit; names the relaxed ones broken."""
    broken: set[str] = set()
    for track in tracks:
        if state.is_full:
            break
        if _is_admitted(track, enforced, state):
            broken.update(rule.name for rule in relaxed if rule.blocks(track, state))
            state.add(track)
    return broken


def _is_admitted(
    track: RankedTrack, constraints: Sequence[Constraint], state: SelectionState
) -> bool:
    # What gives way last, filters and shares of artists, blocks most.
    if state.is_full or any(rule.blocks(track, state) for rule in reversed(constraints)):
        return False
    return not state.holds(track)


def _unmet(state: SelectionState) -> list[str]:
    is_short = {
        "same_artist_min_share": state.by_seed_artists < state.limits.least_by_seed_artists,
        "popular_min_share": state.popular < state.limits.least_popular,
    }
    return [share for share, short in is_short.items() if short]
