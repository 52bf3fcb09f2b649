"""What a request asks for, with seeds resolved, and how it spends its store calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from embeat_serve.contract.schema import TrackField
from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.features import METADATA_FIELDS
from embeat_serve.ranking.scoring import TitleRole
from embeat_serve.retrieval.fallback import Fallback
from embeat_serve.retrieval.request import POOL_FACTOR, RetrievalRequest
from embeat_serve.seeds.models import Seed, SeedSet
from embeat_serve.titles.title_model import TitleProfile

CANDIDATE_FIELDS = (
    TrackField.TRACK_ID,
    TrackField.TRACK_NAME,
    TrackField.ARTIST_NAMES,
    TrackField.ARTIST_CODES,
    TrackField.GENRES,
    TrackField.ALBUM_CODE,
    TrackField.ALBUM_NAME,
    TrackField.ISRC,
    TrackField.RECORDING_CODE,
    TrackField.TEMPO,
    TrackField.KEY,
    TrackField.MODE,
    TrackField.NAME_KEY,
    *METADATA_FIELDS,
)
"""Payload that scoring, list rules, explanations and output read."""


LEAST_POOL_LENGTH = 30
"""Length of list that candidates are found for at least."""


class HydrationMode(Enum):
    """When the payload of candidates is read."""

    WITH_RETRIEVAL = auto()
    """With every candidate that a channel finds: no further store call, four times the bytes."""
    FILTERED = auto()
    """For the shortlist and what has yet to meet the filters: one store call."""
    SHORTLIST = auto()
    """For the shortlist alone: one store call, the fewest bytes."""


class FallbackMode(Enum):
    """When fallback candidates are fetched."""

    AT_ONCE = auto()
    """With the channels."""
    IF_SHORT = auto()
    """With the payload, if the channels find too few; again from the start if the list does."""
    NEVER = auto()
    """No query would ask for any."""


class RetrievalPlan(NamedTuple):
    """How a request spends its store calls."""

    hydration: HydrationMode
    fallback: FallbackMode


@dataclass(frozen=True)
class RecommendationRequest:
    """One list to make, its seeds and exclusions looked up.

    Attributes:
        seeds: what the list shall be like.
        options: channels, limits and list rules.
        k: length of the list.
        filters: what its songs must be.
        disliked: songs that it shall not be like, and not hold.
        title: what the title of the list says; None where it has none, or one that says nothing.
        store_calls: store calls already made for this request.
    """

    seeds: SeedSet
    options: RecallOptions
    k: int
    filters: CompiledFilter = NO_FILTER
    disliked: Sequence[Seed] = ()
    title: TitleProfile | None = None
    store_calls: int = 1

    @property
    def is_artist(self) -> bool:
        """Whether the seeds stand for an artist."""
        return self.seeds.artist is not None

    @property
    def title_role(self) -> TitleRole:
        """What the title counts for."""
        if self.title is None:
            return TitleRole.NONE
        return TitleRole.ALONE if self.seeds.title is not None else TitleRole.BESIDE_SEEDS

    @property
    def compares_sound(self) -> bool:
        """Whether candidates are compared with the seeds once more: upstream's are not, and a title
        alone has no sound of its own.
        """
        return self.title_role is not TitleRole.ALONE and self.options.upstream is None

    @property
    def pool_length(self) -> int:
        """Length of list that candidates are found for.

        A short list has the choice of one of thirty, or its songs would be worse. Upstream's
        list has not.
        """
        return self.k if self.options.upstream is not None else max(self.k, LEAST_POOL_LENGTH)

    @property
    def pool_size(self) -> int:
        """Candidates that are enough for a list, whatever its rules use up."""
        return POOL_FACTOR * self.pool_length

    @property
    def candidate_fields(self) -> tuple[str, ...]:
        """Payload fields to read of each candidate."""
        return tuple(dict.fromkeys((*CANDIDATE_FIELDS, *self.filters.fields)))

    def retrieval(self, payload: Sequence[str] = ()) -> RetrievalRequest:
        """What the channels read of this request."""
        return RetrievalRequest(
            self.seeds.songs,
            self.options,
            self.pool_length,
            filters=self.filters,
            disliked=self.disliked,
            artist_neighbours=self.seeds.neighbours,
            title=self.title,
            payload=payload,
        )


def plan_retrieval(request: RecommendationRequest) -> RetrievalPlan:
    """Choose when payload and fallback are read, so that a request takes three store calls.

    Resolving seeds takes one call, or two for an artist or a guessed name. After two, payload
    comes with retrieval; but for tracks in neighbour lists, whose codes only that call tells.
    """
    retrieval = request.retrieval()
    codes_are_known = request.is_artist or not request.options.uses_neighbour_lists
    if codes_are_known and request.store_calls > 1:
        hydration = HydrationMode.WITH_RETRIEVAL
    else:
        hydration = HydrationMode.FILTERED if request.filters else HydrationMode.SHORTLIST
    if not any(Fallback().queries(retrieval)):
        fallback = FallbackMode.NEVER
    elif hydration is HydrationMode.WITH_RETRIEVAL or retrieval.needs_oversampling:
        fallback = FallbackMode.AT_ONCE
    else:
        fallback = FallbackMode.IF_SHORT
    return RetrievalPlan(hydration, fallback)
