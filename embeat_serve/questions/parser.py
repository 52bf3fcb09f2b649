"""Understand a question in words: "90s French hip hop for running, no hits".

Recognisers run one after the other, the most certain first, and each takes the words that it
knows. What none of them knows is searched for in names of playlists. No model is asked, and
nothing is looked up but the names of genres: where a name needs the catalogue, the question says
so (``Question.like_whole``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from embeat_serve.filters.request import MAX_NAMES, Filters
from embeat_serve.questions.english import in_english
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.languages import find_languages
from embeat_serve.questions.left_words import find_idioms, find_title, find_wishes, find_words
from embeat_serve.questions.local_genres import join_genres
from embeat_serve.questions.measures import find_lengths, find_tempi, find_wish_numbers
from embeat_serve.questions.name_lists import split_names
from embeat_serve.questions.names import find_liked, find_unliked, is_name, like_markers
from embeat_serve.questions.qualities import find_qualities, find_top
from embeat_serve.questions.question import PartKind, PossibleNames, Question, QuestionPart
from embeat_serve.questions.quotes import find_quoted
from embeat_serve.questions.reading import Finding, Reading, Recogniser
from embeat_serve.questions.tokens import tokenise
from embeat_serve.questions.unmarked_names import UnmarkedName, named_parts
from embeat_serve.questions.vocabulary import Role, active_vocabulary
from embeat_serve.questions.years import find_years
from embeat_serve.seeds.parsing import check_text

MOST_POPULAR: Mapping[float | None, int] = {-1: 50, -0.5: 60}
"""Dial ``hits`` -> popularity, 0..100, up to which a song may be on the list."""


def parse_question(text: str, genres: GenreNames, names: Iterable[UnmarkedName] = ()) -> Question:
    """Understand a question in one of the twelve languages of ``vocabulary.LANGUAGES``.

    Args:
        text: as typed. Ids, links and ISRCs are not for this function.
        genres: those of the catalogue.
        names: words that are known to be names of artists.

    Returns:
        What is asked for; genres by their ``name_key``.

    Raises:
        UsageError: the text is empty, or longer than ``seeds.parsing.MAX_TEXT``.
    """
    check_text(text)
    tokens = tokenise(text)
    reading = Reading(text, tokens, active_vocabulary(tokens))
    reading = reading.with_findings(named_parts(reading, names))
    known = _read(reading, (find_idioms, *_measures(), *_meanings(genres)))
    reading = _read(reading.with_hints(known.found), (find_quoted, find_lengths, find_liked))
    reading = _read(reading, (find_idioms, *_measures(), *_meanings(genres)))
    complete = _complete(_read(reading, (find_unliked,)))
    complete = _as_title(reading, complete) or complete
    return _question(replace(complete, found=tuple(join_genres(complete.found, genres))))


def _measures() -> tuple[Recogniser, ...]:
    return (find_lengths, find_tempi, find_years, find_wish_numbers)


def _meanings(genres: GenreNames) -> tuple[Recogniser, ...]:
    return (find_top, find_wishes, find_qualities, genres.find, find_languages)


def _read(reading: Reading, recognisers: Iterable[Recogniser]) -> Reading:
    for find in recognisers:
        reading = reading.with_findings(find(reading))
    return reading


def _complete(reading: Reading) -> Reading:
    reading = reading.with_filler(like_markers(reading))
    return reading.with_findings(find_words(reading))


def _as_title(reading: Reading, complete: Reading) -> Reading | None:
    """A question of nothing but a "no" and a name, as a title: "No Doubt", "Without You"."""
    bare = [
        replace(finding, kind=PartKind.WORDS, names=(), whole=())
        for finding in complete.found
        if finding.kind is PartKind.UNLIKE
        and reading.match(finding.first, Role.NOT, Role.NOT_WEAK) == finding.first + 1
    ]
    if len(bare) < len(complete.found):
        return None
    return replace(reading, found=tuple(bare or find_title(reading)))


def _question(reading: Reading) -> Question:
    found = sorted(reading.found, key=lambda finding: finding.first)
    free = replace(reading, taken=frozenset())
    liked, unliked = _of(found, PartKind.LIKE), _of(found, PartKind.UNLIKE)
    words = _of(found, PartKind.WORDS)
    lengths = [int(finding.low) for finding in _of(found, PartKind.LENGTH) if finding.low]
    return Question(
        like=_names(liked),
        like_whole=_unique(name for finding in liked for name in finding.whole),
        unlike=_names(unliked),
        unlike_whole=_unique(name for finding in unliked for name in finding.whole),
        filters=_filters(found),
        hits=_strongest(_of(found, PartKind.POPULARITY)),
        k=lengths[0] if lengths else None,
        title=" ".join(reading.typed(finding.first, finding.stop) for finding in words),
        parts=tuple(_part(free, finding) for finding in found),
        ignored=tuple(
            reading.typed(finding.first, finding.stop) for finding in words if not finding.is_met
        ),
        possible_names=tuple(_possible_names(reading, found)),
        is_by=any(finding.is_by for finding in liked),
    )


def _possible_names(reading: Reading, found: Sequence[Finding]) -> Iterator[PossibleNames]:
    reading = replace(reading, taken=frozenset())  # the words are taken by now
    for part, finding in enumerate(found):
        first, stop = finding.first, finding.stop
        if finding.kind is not PartKind.WORDS or not is_name(reading, first, stop, is_weak=True):
            continue
        names, whole = split_names(reading, first, stop)
        if all(name[0].isupper() for name in names):
            yield PossibleNames(part, names, whole)


def _filters(found: Sequence[Finding]) -> Filters:
    years = _united(_of(found, PartKind.YEAR))
    tempo = _common(_of(found, PartKind.TEMPO))
    energy = _common(_of(found, PartKind.ENERGY))
    languages = [*_of(found, PartKind.LANGUAGE), *_of(found, PartKind.COUNTRY)]
    explicit = [finding.low == 1 for finding in _of(found, PartKind.EXPLICIT)]
    whole: dict[str, Any] = {"year_min": years[0], "year_max": years[1]}
    return Filters(
        **whole,
        explicit=all(explicit) if explicit else None,
        popularity_max=MOST_POPULAR.get(_strongest(_of(found, PartKind.POPULARITY))),
        tempo_min=tempo[0],
        tempo_max=tempo[1],
        energy_min=energy[0],
        energy_max=energy[1],
        genres=_names(_of(found, PartKind.GENRE))[:MAX_NAMES],
        without_genres=_names(_of(found, PartKind.WITHOUT_GENRE))[:MAX_NAMES],
        instrumental=bool(_of(found, PartKind.INSTRUMENTAL)),
        languages=_names(languages),
    )


def _of(found: Sequence[Finding], kind: PartKind) -> list[Finding]:
    return [finding for finding in found if finding.kind is kind]


def _names(found: Sequence[Finding]) -> tuple[str, ...]:
    return _unique(name for finding in found for name in finding.names)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _united(found: Sequence[Finding]) -> tuple[float | None, float | None]:
    """The range from the first of several to the last: "80s and 90s" is 1980 to 1999."""
    closed = [item for item in found if item.low is not None and item.high is not None]
    if not closed:
        return _common(found)
    lows = [item.low for item in closed if item.low is not None]
    highs = [item.high for item in closed if item.high is not None]
    return min(lows), max(highs)


def _common(found: Sequence[Finding]) -> tuple[float | None, float | None]:
    """What several ranges have in common; the first of them where they have nothing."""
    lows = [item.low for item in found if item.low is not None]
    highs = [item.high for item in found if item.high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is not None and high is not None and low > high:
        return found[0].low, found[0].high
    return low, high


def _strongest(found: Sequence[Finding]) -> float | None:
    """The dial of several phrases: the strongest, of equal ones the lower."""
    dials = [finding.low for finding in found if finding.low is not None]
    return max(dials, key=lambda dial: (abs(dial), -dial)) if dials else None


def _part(reading: Reading, finding: Finding) -> QuestionPart:
    start = reading.tokens[finding.first].start
    end = reading.tokens[finding.stop - 1].end
    text = reading.text[start:end]
    return QuestionPart(start, end, text, finding.kind, finding.value, in_english(reading, finding))
