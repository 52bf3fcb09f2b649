"""The five recall channels: what each asks of the store, and what it makes of the answer.

All channels of all seeds are asked in one call. Which genre the seed's playlist neighbours
favour is known only from that call's answer, so each of the seed's genres is asked apart, and
the vote picks among the answers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from embeat_serve.candidates import Answer, Found
from embeat_serve.contract import ArtistField, Collection, TrackField
from embeat_serve.neighbours import Neighbours, agreed, unpack
from embeat_serve.query import Between, Condition, Filter, Hit, Ids, Match, Query
from embeat_serve.seeds import Seed
from embeat_serve.settings import RecallOptions
from embeat_serve.store import VectorStore

MAX_RELATED = 20
"""Related artists asked for, closest first."""

MAX_GENRE_QUERIES = 24
"""Genres of all seeds asked for at most: the more seeds, the fewer genres of each."""

FILLING_SEEDS = 3
"""Seeds whose neighbours outside their genre are fetched, in case the list stays short."""


class Place(NamedTuple):
    """What a query's answer is for."""

    use: str
    """A channel, or ``outside`` (acoustic neighbours of any genre), ``vectors`` (of the seeds),
    ``lists`` and ``artist lists`` (their neighbours), ``listed`` (payload of those)."""
    seed: int | None = None
    """Position among the seeds; None for all."""
    genre: int | None = None
    """None for any."""


@dataclass(frozen=True)
class Recall:
    """One question to all channels.

    Attributes:
        seeds: songs the list shall be like.
        options: channels, limits and cut-offs.
        k: length of the list that is wanted.
        payload: fields to bring along with every track found.
        neighbours: of the artist that the seeds stand for, where that is what was asked for.
    """

    seeds: Sequence[Seed]
    options: RecallOptions
    k: int
    payload: bool | Sequence[str] = False
    neighbours: Neighbours | None = None

    def ask(self, store: VectorStore) -> tuple[list[Answer], list[Hit]]:
        """Ask in one store call.

        Returns:
            What each channel found for each seed, and every hit.
        """
        plan = self.plan()
        found = dict(zip(plan, store.query(list(plan.values())), strict=True)) if plan else {}
        return self.answers(found), [hit for hits in found.values() for hit in hits]

    def plan(self) -> dict[Place, Query]:
        """Every query, under what it is for."""
        queries: dict[Place, Query] = {}
        for position, seed in enumerate(self.seeds):
            if seed.code is not None and self._asks_vectors():
                queries[Place("playlist", position)] = self._playlist(seed)
            queries.update(self._acoustic(position, seed))
            if "genre_popular" in self.options.channels:
                genres = self._genres(seed)
                for genre in genres:
                    place = Place("genre_popular", None, genre)
                    queries.setdefault(place, self._popular(genre, len(genres)))
            if "same_artist" in self.options.channels and seed.artist_codes:
                where = Match(TrackField.ARTIST_CODES, seed.artist_codes)
                queries[Place("same_artist", position)] = self._by_artist(seed, where)
            if "related_artist" in self.options.channels and (related := _related(seed)):
                where = Match(TrackField.ARTIST_CODES, related)
                queries[Place("related_artist", position)] = self._by_artist(seed, where)
        queries.update(self._lists())
        codes = self._codes()
        if codes and any(place.use == "genre_popular" for place in queries):
            queries[Place("vectors")] = Query(
                Collection.TRACKS, len(codes), filter=Filter((Ids(codes),)), with_vector=True
            )
        return queries

    def answers(self, found: dict[Place, list[Hit]]) -> list[Answer]:
        """What the hits of ``plan`` say, channel by channel and seed by seed."""
        vectors = {hit.id: hit.vector for hit in found.get(Place("vectors"), ())}
        answers = []
        for position, seed in enumerate(self.seeds):
            neighbours = found.get(Place("playlist", position), [])
            near = [hit for hit in neighbours if self._is_near(hit)]
            genres = self._genres(seed)
            chosen = vote(genres, near, self.options.genre_vote_ratio) if self._votes() else genres
            if "playlist" in self.options.channels and not self._asks_lists():
                far = [hit for hit in neighbours if not self._is_near(hit)]
                answers.append(_answer("playlist", position, near))
                answers.append(_answer("playlist", position, far, "playlist_min_cosine"))
            if "acoustic" in self.options.channels:
                of_genre = [
                    found.get(Place("acoustic", position, g), []) for g in chosen or (None,)
                ]
                inside = _best(of_genre, self._limit("acoustic"))
                outside = found.get(Place("outside", position), [])
                answers.append(_answer("acoustic", position, inside))
                answers.append(_answer("acoustic", position, outside, "genre"))
            if "genre_popular" in self.options.channels:
                of_genre = [found.get(Place("genre_popular", None, g), []) for g in chosen]
                popular = _best(of_genre, self._limit("genre_popular"))
                vector = seed.vector if seed.code is None else vectors.get(seed.code)
                answers.append(Answer("genre_popular", position, by_sound(popular, vector)))
            for channel in ("same_artist", "related_artist"):
                hits = found.get(Place(channel, position), [])
                answers.append(_answer(channel, position, hits, sound=_has_sound(seed)))
        if self._asks_lists():
            answers += self._from_lists(self._known_lists(found))
        return [answer for answer in answers if answer.found]

    def _asks_lists(self) -> bool:
        return "playlist" in self.options.channels and self.options.playlist_neighbours

    def _lists(self) -> Iterable[tuple[Place, Query]]:
        """Neighbours of the seeds and, for those in no playlist, of their main artists."""
        if not self._asks_lists():
            return
        if self.neighbours is not None:
            codes = [
                found.id for answer in self._from_lists([self.neighbours]) for found in answer.found
            ]
            where = Filter((Ids(tuple(codes)),))
            yield (
                Place("listed"),
                Query(Collection.TRACKS, len(codes), filter=where, payload=self.payload),
            )
            return
        fields = (TrackField.NEIGHBOURS, TrackField.NEIGHBOUR_CONFIDENCE)
        asked = {
            Place("lists"): (Collection.TRACKS_PLAYLIST, self._codes(), fields),
            Place("artist lists"): (
                Collection.ARTISTS,
                _main_artists(self.seeds),
                (ArtistField.NEIGHBOURS,),
            ),
        }
        for place, (collection, codes, payload) in asked.items():
            if codes:
                yield (
                    place,
                    Query(collection, len(codes), filter=Filter((Ids(codes),)), payload=payload),
                )

    def _known_lists(self, found: dict[Place, list[Hit]]) -> list[Neighbours | None]:
        """The list of each seed: its own, else its main artist's."""
        if self.neighbours is not None:
            return [self.neighbours]
        own = {
            hit.id: unpack(text, hit.payload.get(TrackField.NEIGHBOUR_CONFIDENCE, 0.0))
            for hit in found.get(Place("lists"), ())
            if (text := hit.payload.get(TrackField.NEIGHBOURS))
        }
        of_artist = {
            hit.id: unpack(text)
            for hit in found.get(Place("artist lists"), ())
            if (text := hit.payload.get(ArtistField.NEIGHBOURS))
        }
        return [
            own.get(-1 if seed.code is None else seed.code)
            or of_artist.get(next(iter(seed.artist_codes), -1))
            for seed in self.seeds
        ]

    def _from_lists(self, lists: Sequence[Neighbours | None]) -> list[Answer]:
        options = self.options
        factor, most = options.limits("playlist")
        limit = min(factor * self.k, most)
        answers = []
        for position, (codes, strengths) in enumerate(agreed(lists, self._codes(), limit)):
            pairs = zip(codes.tolist(), strengths.tolist(), strict=True)
            found = tuple(Found(code, None, strength) for code, strength in pairs)
            known = lists[position]
            confidence = known.confidence if known else 0.0
            answers.append(Answer("playlist", position, found, confidence=confidence))
        return answers

    def _is_near(self, neighbour: Hit) -> bool:
        return _cosine(neighbour) >= self.options.playlist_min_cosine

    def _limit(self, channel: str) -> int:
        """Tracks asked for per seed: what one seed would get is shared, but for k each."""
        options = self.options
        factor, limit = options.limits(channel)
        for_one = min(factor * self.k, limit)
        return min(for_one, max(self.k, for_one // len(self.seeds)))

    def _limit_per_genre(self, channel: str, genres: int) -> int:
        """Tracks asked for in each genre: all together twice what is kept."""
        limit = self._limit(channel)
        return min(limit, max(self.k, 2 * limit // max(genres, 1)))

    def _codes(self) -> tuple[int, ...]:
        return tuple(seed.code for seed in self.seeds if seed.code is not None)

    def _genres(self, seed: Seed) -> tuple[int, ...]:
        share = max(1, MAX_GENRE_QUERIES // len(self.seeds))
        return seed.genre_codes[: min(self.options.max_genres, share)]

    def _votes(self) -> bool:
        by_genre = {"acoustic", "genre_popular"}.intersection(self.options.channels)
        return self.options.genre_vote and bool(by_genre)

    def _asks_vectors(self) -> bool:
        by_vector = "playlist" in self.options.channels and not self.options.playlist_neighbours
        return by_vector or self._votes()

    def _filter(self, *must: Condition, any_popularity: bool = False) -> Filter:
        """``must``, without the seeds, and without what is known to be too unpopular."""
        must_not: list[Condition] = [Ids(codes)] if (codes := self._codes()) else []
        floor = popularity_floor(self.seeds, self.options)
        # Unknown popularity is rank 0 and passes; a known 0 is dropped by the list's rules.
        if floor > 1 and not any_popularity:
            must_not.append(Between(TrackField.POPULARITY_RANK, 1, floor - 1))
        return Filter(must, tuple(must_not))

    def _playlist(self, seed: Seed) -> Query:
        return Query(
            Collection.TRACKS_PLAYLIST,
            self._limit("playlist"),
            like=seed.code,
            filter=self._filter(any_popularity=True),
            payload=True if self.payload is True else self._playlist_payload(),
        )

    def _playlist_payload(self) -> tuple[str, ...]:
        fields = self.payload or (TrackField.GENRE_CODES,)
        return (*fields, TrackField.PLAYLIST_WEIGHT) if not isinstance(fields, bool) else ()

    def _acoustic(self, position: int, seed: Seed) -> Iterable[tuple[Place, Query]]:
        if "acoustic" not in self.options.channels:
            return
        genres = self._genres(seed)
        for genre in genres or (None,):
            where = () if genre is None else (Match(TrackField.GENRE_CODES, (genre,)),)
            limit = self._limit_per_genre("acoustic", len(genres))
            query = self._near(seed, limit, self._filter(*where))
            yield Place("acoustic", position, genre), query
        if genres and self.options.diversify and position < FILLING_SEEDS:
            everywhere = self._filter(any_popularity=True)
            yield Place("outside", position), self._near(seed, 2 * self.k, everywhere)

    def _popular(self, genre: int, genres: int) -> Query:
        return Query(
            Collection.TRACKS,
            self._limit_per_genre("genre_popular", genres),
            order_by=TrackField.POPULARITY_RANK,
            filter=self._filter(Match(TrackField.GENRE_CODES, (genre,))),
            payload=self.payload,
            with_vector=True,
        )

    def _by_artist(self, seed: Seed, where: Match) -> Query:
        limit, filter = self._limit("same_artist"), self._filter(where)
        if _has_sound(seed):
            return self._near(seed, limit, filter)
        by_popularity = TrackField.POPULARITY_RANK
        return Query(
            Collection.TRACKS, limit, order_by=by_popularity, filter=filter, payload=self.payload
        )

    def _near(self, seed: Seed, limit: int, filter: Filter) -> Query:
        return Query(
            Collection.TRACKS,
            limit,
            vector=seed.vector,
            like=seed.code if seed.vector is None else None,
            filter=filter,
            payload=self.payload,
        )


def popularity_floor(seeds: Sequence[Seed], options: RecallOptions) -> int:
    """Popularity a candidate needs: the setting's, or the least popular seed's if lower."""
    known = (seed.payload.get(TrackField.POPULARITY) for seed in seeds)
    return min([options.min_popularity, *(value for value in known if value is not None)])


def vote(genres: Sequence[int], neighbours: Iterable[Hit], ratio: float) -> tuple[int, ...]:
    """The one genre that the neighbours favour, if clearly; otherwise all of ``genres``."""
    votes = Counter(
        genre
        for hit in neighbours
        for genre in set(hit.payload.get(TrackField.GENRE_CODES, ())).intersection(genres)
    )
    # The seed's own order decides between genres with equal votes.
    ranked = sorted(genres, key=lambda genre: -votes[genre])
    if len(ranked) > 1 and 0 < votes[ranked[0]] >= ratio * votes[ranked[1]]:
        return (ranked[0],)
    return tuple(genres)


def by_sound(hits: Sequence[Hit], vector: np.ndarray | None) -> tuple[Found, ...]:
    """Hits by cosine of their vectors to ``vector``; those without one stay in order, last."""
    heard = {hit.id: hit.vector for hit in hits if hit.vector is not None}
    if vector is None or not heard:
        return tuple(Found(hit.id, None) for hit in hits)
    matrix = np.stack(list(heard.values()))
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosines = matrix @ vector / np.maximum(lengths, 1e-12)
    ids = list(heard)
    order = np.argsort(-cosines, kind="stable").tolist()
    unheard = tuple(Found(hit.id, None) for hit in hits if hit.id not in heard)
    return tuple(Found(ids[place], float(cosines[place])) for place in order) + unheard


def _related(seed: Seed) -> tuple[int, ...]:
    related = seed.payload.get(TrackField.RELATED_ARTIST_CODES, ())
    return tuple(code for code in related if code not in seed.artist_codes)[:MAX_RELATED]


def _main_artists(seeds: Sequence[Seed]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(seed.artist_codes[0] for seed in seeds if seed.artist_codes))


def _has_sound(seed: Seed) -> bool:
    # Tracks without audio features have no vector to compare; energy is among the features.
    return seed.vector is not None or seed.payload.get(TrackField.ENERGY) is not None


def _cosine(hit: Hit) -> float:
    """Score of a vector query without the candidate's weight."""
    return hit.score / hit.payload.get(TrackField.PLAYLIST_WEIGHT, 1.0)


def _best(answers: Iterable[list[Hit]], limit: int) -> list[Hit]:
    merged = {hit.id: hit for hits in answers for hit in hits}
    return sorted(merged.values(), key=lambda hit: (-hit.score, hit.id))[:limit]


def _answer(
    channel: str,
    seed: int,
    hits: Iterable[Hit],
    held_back_by: str | None = None,
    sound: bool = True,
) -> Answer:
    found = tuple(Found(hit.id, _cosine(hit) if sound else None) for hit in hits)
    return Answer(channel, seed, found, held_back_by)
