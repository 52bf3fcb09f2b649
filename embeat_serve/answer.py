"""Answer one request from a release: open this file to follow a request from text to list."""

import re
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, Self

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import search_text
from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.explanation import explain as explanation
from embeat_serve.filters.compiled import CompiledFilter, compile_filters
from embeat_serve.filters.request import Filters
from embeat_serve.options import RecallOptions
from embeat_serve.pipeline import recommend_tracks
from embeat_serve.questions.language_notes import LanguageQuery
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.question import Question
from embeat_serve.questions.understanding import NamesInText, asks_by_filters, understand
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.ranking.steering import steer_options
from embeat_serve.recommendation_plan import RecommendationRequest
from embeat_serve.release import Release
from embeat_serve.reranking.lesser_known import choose_lesser_known, length_to_choose_from
from embeat_serve.reranking.own_songs import missed_rules, with_own_songs
from embeat_serve.results import ListTitle, Reading, Recommendations, SeedSong, Song, Understanding
from embeat_serve.seeds.exclusions import ExclusionQuery, Exclusions
from embeat_serve.seeds.matching import MIN_SIMILARITY_UNDIVIDED, Fit
from embeat_serve.seeds.models import SeedSet
from embeat_serve.seeds.request import TextRequest
from embeat_serve.seeds.resolver import (
    EXACT,
    MISSPELT,
    first_interpretation,
    nothing_matches,
    resolve_seeds,
)
from embeat_serve.seeds.text_lookup import TextLookup
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.trace import Trace
from embeat_serve.unresolved_request import DEFAULT_K, UnresolvedRequest, titles_of


def answer(release: Release, request: UnresolvedRequest, trace: Trace) -> Recommendations:
    """Look up the seeds of a request, and make its list.

    Raises:
        UsageError: upstream's merge is asked for a title.
        SeedNotFound: the catalogue does not have the seeds.
        Unavailable: the release cannot be read.
    """
    batch = QueryBatch(release.store)
    beside = Beside.of(batch, request)
    with trace.section("seed"):
        tracks = request.options.artist_seed_tracks
        seeds = resolve_seeds(release, batch, request.seeds, artist_tracks=tracks)
    return _make_list(release, request, Resolved(seeds, batch, beside), trace)


class Beside(NamedTuple):
    """What is looked up together with the seeds."""

    exclusions: ExclusionQuery
    languages: LanguageQuery

    @classmethod
    def of(cls, batch: QueryBatch, request: UnresolvedRequest) -> Self:
        """Add the queries of a request to a batch."""
        return cls(ExclusionQuery(batch, request.exclusions), LanguageQuery(batch, request.filters))


class Resolved(NamedTuple):
    """The seeds of a request, and the batch that their store calls went out with."""

    seeds: SeedSet
    batch: QueryBatch
    beside: Beside


def _make_list(
    release: Release, request: UnresolvedRequest, resolved: Resolved, trace: Trace
) -> Recommendations:
    options, (seeds, batch, beside) = steer_options(request.options), resolved
    if request.title is not None and options.upstream is not None:
        raise UsageError("upstream's merge reads no titles and no questions; leave the preset out")
    with trace.section("seed"):
        batch.execute()  # where the seeds took no store call
        exclusions = beside.exclusions.result()
        compiled = _compile_filters(release, request.filters, exclusions, seeds)
        title = seeds.title
        if title is None and request.title is not None:
            title = release.title_model.profile(request.title)
    is_alone = seeds.title is not None
    k = DEFAULT_K if request.k is None else request.k
    recommendation = RecommendationRequest(
        seeds,
        options,
        length_to_choose_from(k, options, has_seeds=not is_alone) if request.avoids_known else k,
        filters=compiled,
        disliked=exclusions.disliked,
        title=title if title is not None and (title.is_known or is_alone) else None,
        store_calls=batch.store_calls,
    )
    ranked = recommend_tracks(release, recommendation, trace)
    phrase = "" if recommendation.title is None else recommendation.title.matches.phrase
    with trace.section("ranking"):
        songs, relaxed = ranked.songs, ranked.relaxed
        if request.is_by:
            are_first = title is None and not request.avoids_known
            length = max(k, len(songs))  # a longer one to choose from, or one that is short
            songs = with_own_songs(songs, seeds.songs, compiled, length, are_first=are_first)
            relaxed = missed_rules(relaxed, songs[:k], seeds.songs)
        if request.avoids_known:
            songs = choose_lesser_known(release.store, songs, k, options)
        results = tuple(
            Song.of(
                candidate,
                rank,
                _reason(candidate, seeds, compiled, phrase) if request.explain else None,
            )
            for rank, candidate in enumerate(songs, start=1)
        )
    return Recommendations(
        release=release.name,
        seeds=() if is_alone else tuple(map(SeedSong.of, seeds.songs)),
        results=results,
        relaxed=tuple(relaxed),
        timings_ms=trace.milliseconds(),
        artist=seeds.artist,
        missing=(*seeds.missing, *exclusions.missing),
        guessed=seeds.guessed,
        alternatives=seeds.alternatives,
        title=ListTitle.of(title) if title and title.title else None,
        notes=beside.languages.notes(),
    )


def _reason(candidate: Candidate, seeds: SeedSet, filters: CompiledFilter, phrase: str) -> str:
    seed = next((seed for seed in seeds.songs if seed.code == candidate.id), None)
    if seed is None:
        return explanation(candidate, seeds.songs, filters, phrase)
    names = seed.payload.get(TrackField.ARTIST_NAMES, ())
    return f"Of the best-known songs by {next(iter(names), 'the artist')}."


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


def answer_question(release: Release, request: UnresolvedRequest, trace: Trace) -> Recommendations:
    """Answer a text that may be a name or a question; a name that the catalogue has comes first.

    Words that playlists are well known to be called come before a name that has them among others
    ("travel", before I Travel), and before a misspelt one; so does a question that says more than
    words.

    Args:
        release: what to answer from.
        request: its seeds are the text.
        trace: takes the times.

    Raises:
        SeedNotFound: the text is neither.
        Unavailable: the release cannot be read.
    """
    if not isinstance(request.seeds, TextRequest):
        return answer(release, request, trace)
    text, tracks = request.seeds.text, request.options.artist_seed_tracks
    batch = QueryBatch(release.store)
    beside = Beside.of(batch, request)
    with trace.section("seed"):
        is_song = TITLE_AND_ARTIST.search(text) is not None
        names = NamesInText(batch, "" if is_song else text, release.genre_names)
        lookup = TextLookup.of_text(release, batch, text, artist_tracks=tracks)
        question = None if is_song else parse_question(text, release.genre_names)
        is_wish = question is not None and asks_by_filters(question, lookup)
        seeds = None if is_wish else first_interpretation(lookup, EXACT)
        if question is not None and _is_bare(question, text) and _is_only_within_a_title(lookup):
            seeds = None if _is_well_known(release, question, request.options) else seeds
        if seeds is not None:
            question = None
        if question is not None:
            question = understand(release.store, question, release.genre_names, names)
    if question is not None and not _may_be_misspelt(release, question, text, request.options):
        with suppress(SeedNotFound):
            return _answer_parts(release, question, request, trace)
    with trace.section("seed"):
        seeds = seeds or first_interpretation(lookup, MISSPELT)
    if seeds is not None:
        named = _make_list(release, request, Resolved(seeds, batch, beside), trace)
        is_title = release.title_model.profile(text).knowledge >= WELL_KNOWN
        return replace(named, understood=Understanding.of_name(named, is_title_too=is_title))
    if question is not None:
        with suppress(SeedNotFound):
            return _answer_parts(release, question, request, trace)
    error = nothing_matches(lookup)
    if question is None or error.suggestions:
        raise error
    raise SeedNotFound(f"no song, artist or name of playlists matches {text!r}")


def _answer_parts(
    release: Release, question: Question, request: UnresolvedRequest, trace: Trace
) -> Recommendations:
    title, english = titles_of(question)
    know = release.title_model.profile
    if english != title and know(english).knowledge > know(title).knowledge + BETTER_KNOWN:
        title = english
    asked = UnresolvedRequest.of_question(question, request, release.genre_codes, title)
    understood = Understanding(Reading.QUESTION, question.parts, question.ignored)
    return replace(answer(release, asked, trace), understood=understood)


TITLE_AND_ARTIST = re.compile(r"\s[-–—]\s")
"""Pattern of what stands between a title and an artist, and in no question."""


BETTER_KNOWN = 0.1
"""Knowledge by which a title in English must lead that in the language of the question."""

WELL_KNOWN = 0.9
"""Knowledge of a title from which on a text that is a song's name may be meant as a title, too."""


MAX_ARTICLE = 4
"""Letters of a text, with a space, that are no part of its question and yet of a name: "the"."""


def _may_be_misspelt(
    release: Release, question: Question, text: str, options: RecallOptions
) -> bool:
    """Whether a question is words, nearly all of the text, that no playlist is known to be called.

    "The midnight suns" may be The Midnight Sons; "songs for a rainy sunday" is no name.
    """
    left_out = len(search_text(text)) - len(search_text(question.title))
    is_like_a_name = question.is_words and left_out <= MAX_ARTICLE
    return is_like_a_name and not _is_well_known(release, question, options)


def _is_well_known(release: Release, question: Question, options: RecallOptions) -> bool:
    """Whether playlists are well known to be called by the words of a question.

    Never for upstream's merge, which reads no titles.
    """
    if options.upstream is not None:
        return False
    know = release.title_model.profile
    return max(know(title).knowledge for title in titles_of(question)) >= WELL_KNOWN


def _is_only_within_a_title(lookup: TextLookup) -> bool:
    """Whether a text is no name, but some words of a song's: "travel" of I Travel.

    All words of a song and its artist are a name: "hello adele".
    """
    song = lookup.best_track
    if lookup.coded_tracks or lookup.best_artist is not None or song is None:
        return False
    fit, similarity, _ = song.closeness
    return fit is Fit.WORDS and similarity < MIN_SIMILARITY_UNDIVIDED


def _is_bare(question: Question, text: str) -> bool:
    """Whether a question is nothing but words, all of them."""
    return question.is_words and search_text(question.title) == search_text(text)
