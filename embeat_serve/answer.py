"""Answer one request from a release: open this file to follow a request from text to list."""

import re
from dataclasses import replace

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import name_key, search_text
from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.explanation import explain as explanation
from embeat_serve.filters.compiled import CompiledFilter, compile_filters
from embeat_serve.filters.request import Filters
from embeat_serve.pipeline import recommend_tracks
from embeat_serve.questions.genres import genre_words
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.question import PartKind, Question, QuestionPart
from embeat_serve.ranking.steering import steer_options
from embeat_serve.recommendation_plan import RecommendationRequest
from embeat_serve.release import Release
from embeat_serve.results import ListTitle, Reading, Recommendations, SeedSong, Song, Understanding
from embeat_serve.seeds.exclusions import ExclusionQuery, Exclusions
from embeat_serve.seeds.models import SeedSet
from embeat_serve.seeds.request import TextRequest
from embeat_serve.seeds.resolver import exact_artist, resolve_seeds
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.titles.title_model import TitleProfile
from embeat_serve.trace import Trace
from embeat_serve.unresolved_request import UnresolvedRequest


def answer(release: Release, request: UnresolvedRequest, trace: Trace) -> Recommendations:
    """Look up the seeds of a request, and make its list.

    Raises:
        UsageError: upstream's merge is asked for a title.
        SeedNotFound: the catalogue does not have the seeds.
        Unavailable: the release cannot be read.
    """
    options = steer_options(request.options)
    if request.title is not None and options.upstream is not None:
        raise UsageError("upstream's merge reads no titles and no questions; leave the preset out")
    with trace.section("seed"):
        batch = QueryBatch(release.store)
        exclusion_query = ExclusionQuery(batch, request.exclusions)
        seeds = resolve_seeds(
            release, batch, request.seeds, artist_tracks=options.artist_seed_tracks
        )
        batch.execute()  # where the seeds took no store call
        exclusions = exclusion_query.result()
        compiled = _compile_filters(release, request.filters, exclusions, seeds)
    is_alone = seeds.title is not None
    title = _title_profile(release, seeds.title if is_alone else request.title)
    recommendation = RecommendationRequest(
        seeds,
        options,
        request.k,
        filters=compiled,
        disliked=exclusions.disliked,
        title=title if title is not None and (title.is_known or is_alone) else None,
        store_calls=batch.store_calls,
    )
    ranked = recommend_tracks(release, recommendation, trace)
    with trace.section("ranking"):
        results = tuple(
            Song.of(
                candidate,
                rank,
                explanation(candidate, seeds.songs, compiled) if request.explain else None,
            )
            for rank, candidate in enumerate(ranked.songs, start=1)
        )
    return Recommendations(
        release=release.name,
        seeds=() if is_alone else tuple(map(SeedSong.of, seeds.songs)),
        results=results,
        relaxed=tuple(ranked.relaxed),
        timings_ms=trace.milliseconds(),
        artist=seeds.artist,
        missing=(*seeds.missing, *exclusions.missing),
        guessed=seeds.guessed,
        alternatives=seeds.alternatives,
        title=ListTitle(title.title, round(title.knowledge, 4)) if title and title.title else None,
    )


def _compile_filters(
    release: Release, filters: Filters | None, exclusions: Exclusions, seeds: SeedSet
) -> CompiledFilter:
    names_genres = bool(filters and (filters.genres or filters.without_genres))
    genre_codes = release.genre_codes if names_genres else {}
    languages = [song.payload.get(TrackField.LANGUAGE) for song in seeds.songs]
    of_seeds = [language for language in languages if language is not None]
    return compile_filters(
        filters,
        genre_codes=genre_codes,
        artist_codes=exclusions.blocked,
        languages=of_seeds,
    )


def _title_profile(release: Release, title: str | None) -> TitleProfile | None:
    return None if title is None else release.title_model.profile(title)


def answer_question(
    release: Release, request: UnresolvedRequest, trace: Trace, *, has_length: bool
) -> Recommendations:
    """Answer a text that may be a name or a question; a name that the catalogue has comes first.

    Args:
        release: what to answer from.
        request: its seeds are the text.
        trace: takes the times.
        has_length: whether the length of the list was given beside the text.

    Raises:
        SeedNotFound: the text is neither.
        Unavailable: the release cannot be read.
    """
    if not isinstance(request.seeds, TextRequest):
        return answer(release, request, trace)
    text = request.seeds.text
    named, unknown = None, None
    try:
        named = answer(release, request, trace)
    except SeedNotFound as error:
        unknown = error
    if named is not None and not named.guessed:
        return _as_name(release, text, named)
    if TITLE_AND_ARTIST.search(text):
        if named is None:
            raise unknown or SeedNotFound(f"no song matches {text!r}")
        return _as_name(release, text, named)
    question = with_artists(release, parse_question(text, release.genre_codes))
    if named is not None and _is_bare(question, text):
        return _as_name(release, text, named)
    try:
        asked = UnresolvedRequest.of_question(question, request, release.genre_codes)
        if question.k is not None and not has_length:
            asked = replace(asked, k=question.k)
        result = answer(release, asked, trace)
    except SeedNotFound:
        if named is not None:
            return _as_name(release, text, named)
        if unknown is not None and unknown.suggestions:
            raise unknown from None
        raise SeedNotFound(f"no song, artist or name of playlists matches {text!r}") from None
    understood = Understanding(Reading.QUESTION, question.parts, question.ignored)
    return replace(result, understood=understood)


TITLE_AND_ARTIST = re.compile(r"\s[-–—]\s")
"""Pattern of what stands between a title and an artist, and in no question."""

BETWEEN_NAMES = re.compile(r"\s*(?:[,&+、]|\b(?:and|und|et|y|e|en|i|ve|и)\b)\s*")
"""Pattern of what stands between the names of artists."""

LEAST_FAME = 40
"""Popularity of an artist's best-known song from which on words in capitals may be the artist."""


def with_artists(release: Release, question: Question) -> Question:
    """A question in which names of artists are no longer words: "Radiohead deep cuts".

    Only words that begin with a capital letter, all of which name known artists, are names: most
    words of everyday are the name of some band.
    """
    if question.like:
        return question
    parts: list[QuestionPart] = []
    like: list[str] = []
    for part in question.parts:
        names = BETWEEN_NAMES.split(part.text) if part.kind is PartKind.WORDS else []
        if names and all(_is_artist(release, name) for name in names):
            part = replace(part, kind=PartKind.LIKE, value=", ".join(names))
            like += names
        parts.append(part)
    return replace(question, like=tuple(like), parts=tuple(parts)) if like else question


def _is_artist(release: Release, name: str) -> bool:
    is_everyday = name_key(name) in genre_words().everyday
    if is_everyday or name[:1] == name[:1].lower():
        return False
    batch = QueryBatch(release.store)
    seeds = exact_artist(release, batch, name, artist_tracks=1)
    fame = (seed.payload.get(TrackField.POPULARITY) or 0 for seed in seeds.songs) if seeds else ()
    return max(fame, default=0) >= LEAST_FAME


WELL_KNOWN = 0.9
"""Knowledge of a title from which on a text that is a song's name may be meant as a title, too."""


def _as_name(release: Release, text: str, named: Recommendations) -> Recommendations:
    is_title = release.title_model.profile(text).knowledge >= WELL_KNOWN
    return replace(named, understood=Understanding.of_name(named, is_title_too=is_title))


def _is_bare(question: Question, text: str) -> bool:
    """Whether a question is nothing but words, all of them."""
    return question.is_words and search_text(question.title) == search_text(text)
