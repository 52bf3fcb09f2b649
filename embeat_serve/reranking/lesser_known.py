"""Keep songs off a list of hidden gems that another edition of theirs has made known.

The popularity of a track is that of one edition: the single that went out of print counts 0, and
its copy on the album 80. So a song counts by the best-known track of its title and artist, which
one store call finds for all songs of a longer list.
"""

import re
from collections import Counter
from collections.abc import Sequence

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.options import MAX_K, RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.seeds.parsing import search_tokens
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.batch import PendingHits, QueryBatch
from embeat_serve.stores.query import Between, Filter, Query, Words

MARGIN = 10
"""Popularity below ``popular_threshold`` at which a song is known, with the dial at its end."""

FACTOR, LEAST_LENGTH = 4, 60
"""Songs that are looked at: so many times those of the list, and at least."""

FACTOR_OF_SEEDS = 2
"""The same beside seeds, each of which makes a longer list dearer."""

EDITIONS = 5
"""Tracks that are read for each song, the most popular."""

_VERSION = re.compile(r"\s+[-–—]\s+|\s*[(\[]")


def length_to_choose_from(k: int, options: RecallOptions, *, has_seeds: bool = False) -> int:
    """Length of the list that ``choose_lesser_known`` needs for one of ``k`` songs."""
    if options.hits >= 0 or not options.diversify or options.upstream is not None:
        return k
    wanted = FACTOR_OF_SEEDS * k if has_seeds else max(FACTOR * k, LEAST_LENGTH)
    return max(k, min(wanted, MAX_K))


def choose_lesser_known(
    store: VectorStore, songs: Sequence[Candidate], k: int, options: RecallOptions
) -> list[Candidate]:
    """The first ``k`` songs that no edition has made known, then the first others; one store call.

    Raises:
        BrokenRelease: the release cannot be read.
        StoreUnreachable: the server does not answer.
    """
    if len(songs) <= k or length_to_choose_from(k, options) == k:
        return list(songs[:k])
    batch = QueryBatch(store)
    least = round(options.popular_threshold + MARGIN * options.hits)
    editions = [batch.add(_editions_query(song, least)) for song in songs]
    batch.execute()
    shares = max(options.same_artist_max_share, options.other_artist_max_share)
    most_of_artist = max(1, round(shares * k))
    count: Counter[int | None] = Counter()
    unknown: list[Candidate] = []
    others: list[Candidate] = []
    for song, of_song in zip(songs, editions, strict=True):
        artist = next(iter(song.artist_codes), None)
        if count[artist] < most_of_artist and not _is_among(song, of_song):
            count[artist] += 1
            unknown.append(song)
        else:
            others.append(song)
    return [*unknown, *others][:k]


def _editions_query(song: Candidate, least: int) -> Query:
    names = song.payload.get(TrackField.ARTIST_NAMES, ())
    text = f"{bare_title(song.payload.get(TrackField.TRACK_NAME, ''))} {next(iter(names), '')}"
    known = Between(TrackField.POPULARITY_RANK, least)
    return Query(
        Collection.TRACKS,
        EDITIONS,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter((Words(TrackField.SEARCH_TEXT, search_tokens(text)), known)),
        payload=(TrackField.TRACK_NAME, TrackField.ARTIST_CODES),
    )


def _is_among(song: Candidate, editions: PendingHits) -> bool:
    title = bare_title(song.payload.get(TrackField.TRACK_NAME, ""))
    return any(
        bare_title(hit.track.get("track_name", "")) == title
        and not set(hit.track.get("artist_codes", ())).isdisjoint(song.artist_codes)
        for hit in editions.hits
    )


def bare_title(title: str) -> str:
    """Key of a title up to its first bracket or dash: whatever version, it is the same hit."""
    return name_key(_VERSION.split(title, maxsplit=1)[0]) or name_key(title)
