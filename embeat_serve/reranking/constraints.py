"""What a rule of a list is, and the rules that look at one track alone.

``diversity`` has the rules that compare a track with the list so far. ``relaxation`` has the order
in which all of them give way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from embeat_serve.filters.compiled import CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.reranking.ranked_tracks import RankedTrack
from embeat_serve.reranking.remixes import is_remix
from embeat_serve.reranking.selection_state import SelectionState
from embeat_serve.reranking.spoken import are_mostly_spoken
from embeat_serve.seeds.models import Seed


@dataclass(frozen=True)
class ListRequest:
    """What decides which rules a list has."""

    seeds: Sequence[Seed]
    options: RecallOptions
    filters: CompiledFilter


class Constraint(Protocol):
    """A rule that a list keeps until too few tracks are left."""

    @property
    def name(self) -> str:
        """The name in ``Recommendations.relaxed``: of the rule's option or filter, if any."""
        ...

    def applies_to(self, request: ListRequest) -> bool:
        """Whether the list has this rule."""
        ...

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """Whether the rule keeps ``track`` off the list as it is now."""
        ...


class Rule:
    """Base of the rules that every list has."""

    def applies_to(self, request: ListRequest) -> bool:
        """True."""
        return True


class MinPopularity(Rule):
    """No track that is known to be less popular than the floor."""

    name = "min_popularity"

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        return track.unpopular


class DropRemixes:
    """No remix, unless a seed is one."""

    name = "drop_remixes"

    def applies_to(self, request: ListRequest) -> bool:
        """See ``Constraint``."""
        return request.options.drop_remixes and not any(map(is_remix, request.seeds))

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        return track.remix


class DropSpoken:
    """No commentary, interview or skit, unless half of the seeds are; upstream has no such rule."""

    name = "spoken"

    def applies_to(self, request: ListRequest) -> bool:
        """See ``Constraint``."""
        return request.options.upstream is None and not are_mostly_spoken(request.seeds)

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        return track.spoken


@dataclass(frozen=True)
class HeldBack(Rule):
    """No track that a channel holds back under this name (``Candidate.blocked_by``)."""

    name: str

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        return track.candidate.blocked_by == self.name


@dataclass(frozen=True)
class PassesFilter:
    """No track that fails the filter of this name (``filters.compiled``)."""

    name: str

    def applies_to(self, request: ListRequest) -> bool:
        """See ``Constraint``."""
        return self.name in request.filters.rules

    def blocks(self, track: RankedTrack, state: SelectionState) -> bool:
        """See ``Constraint``."""
        return self.name in track.failed_filters
