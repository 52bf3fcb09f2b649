"""A request, parsed and checked, before anything is looked up; also one asked for in words."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.filters.request import LIMITS, Filters
from embeat_serve.options import MAX_K, RecallOptions
from embeat_serve.questions.question import PartKind, Question
from embeat_serve.seeds.exclusions import ExclusionRequest
from embeat_serve.seeds.parsing import check_text
from embeat_serve.seeds.request import NamesRequest, SeedRequest, TitleRequest

TITLE_PARTS = frozenset(
    {
        PartKind.WORDS,
        PartKind.GENRE,
        PartKind.YEAR,
        PartKind.LANGUAGE,
        PartKind.COUNTRY,
        PartKind.INSTRUMENTAL,
        PartKind.ENERGY,
    }
)
"""Parts of a question whose words names of playlists hold, too."""


@dataclass(frozen=True)
class UnresolvedRequest:
    """One request, parsed and checked; its seeds and exclusions are not looked up yet."""

    seeds: SeedRequest
    title: str | None
    exclusions: ExclusionRequest
    filters: Filters | None
    options: RecallOptions
    k: int | None
    """Length of the list; None where the request does not say."""
    explain: bool
    avoids_known: bool = False
    """Whether songs are unwanted that another edition of theirs has made known."""
    is_by: bool = False
    """Whether songs of the artists are wanted, not songs like theirs."""

    @classmethod
    def of_question(
        cls,
        question: Question,
        request: "UnresolvedRequest",
        genre_codes: Mapping[str, int],
        title: str,
    ) -> "UnresolvedRequest":
        """What a question asks for, where ``request`` does not say otherwise.

        Args:
            question: of a text.
            request: what came with the text; its seeds and its title do not count.
            genre_codes: ``name_key`` of each genre -> its code.
            title: what the list is looked for by, one of ``titles_of``.

        Raises:
            SeedNotFound: the question says nothing that songs can be found by.
        """
        genres = tuple(genre_codes[name] for name in question.filters.genres if name in genre_codes)
        if question.like:
            seeds: SeedRequest = NamesRequest(question.like, question.like_whole)
        elif title or question.filters or question.hits is not None or question.k is not None:
            seeds = TitleRequest(title, genres, is_filtered=not question.is_words)
        else:
            raise SeedNotFound("the question names no song, artist, genre or occasion")
        asked = question.filters
        if question.like:
            # A filter beside ten seeds costs more than the whole list; the dial does without.
            asked = replace(asked, popularity_max=None)
        filters = _merged(request.filters, asked)
        blocked = (*filters.without_artists, *question.unlike, *question.unlike_whole)
        filters = replace(filters, without_artists=blocked)
        options = request.options
        if question.hits is not None and options.hits == 0:
            options = replace(options, hits=question.hits)
        avoids_known = question.hits is not None and question.hits < 0 and options.hits < 0
        if question.is_by and _keeps_shares(options):
            options = replace(options, same_artist_min_share=1.0, same_artist_max_share=1.0)
        return replace(
            request,
            seeds=seeds,
            title=check_text(title) if title else None,
            exclusions=replace(request.exclusions, artists=filters.without_artists),
            filters=filters or None,
            options=options,
            avoids_known=avoids_known,
            is_by=question.is_by,
            k=request.k or question.k,
        )


def titles_of(question: Question) -> tuple[str, str]:
    """The title of the list that a question asks for, as typed and in English; empty for none."""
    parts = [
        part
        for part in question.parts
        if part.kind in TITLE_PARTS and part.text not in question.ignored
    ]
    english = dict.fromkeys(part.english for part in parts)
    return " ".join(part.text for part in parts), " ".join(english)


def _keeps_shares(options: RecallOptions) -> bool:
    """Whether nobody has said how many songs of an artist there shall be."""
    usual = RecallOptions()
    return (options.same_artist_min_share, options.same_artist_max_share) == (
        usual.same_artist_min_share,
        usual.same_artist_max_share,
    )


def _merged(own: Filters | None, asked: Filters) -> Filters:
    """Filters that a question asks for, with those that were given beside it."""
    if own is None:
        return asked
    given = {item.name for item in fields(Filters) if getattr(own, item.name) != item.default}
    # An end of a range that is given stands for the whole of it.
    for name in LIMITS:
        ends = {f"{name}_min", f"{name}_max"}
        given |= ends if ends & given else set()
    return replace(asked, **{name: getattr(own, name) for name in given})


DEFAULT_K = 20
"""Length of a list where none is given."""


def check_k(k: object) -> int:
    """Check the length of a list.

    Raises:
        UsageError: not a whole number in 1..1000.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise UsageError(f"k must be a whole number in 1..{MAX_K}, found {k!r}")
    return k
