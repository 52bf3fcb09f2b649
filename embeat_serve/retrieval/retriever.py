"""The five recall channels: what each asks of the store, and what it makes of the answer.

All channels of all seeds are asked in one call. Which genre the seed's playlist neighbours
favour is known only from that call's answer, so each of the seed's genres is asked apart, and
the vote picks among the answers.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from embeat_serve.contract.neighbour_codec import NeighbourList, unpack
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.preselection import AMPLE
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.hits import answer, best, by_sound, cosine_of, neighbour_lists, vote
from embeat_serve.retrieval.negative_feedback import (
    MAX_SOUNDS,
    artists_of,
    demote_similar,
    subtract,
)
from embeat_serve.retrieval.neighbour_aggregation import aggregate_neighbours
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import has_sound, main_artists, popularity_floor, related
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query
from embeat_serve.upstream_options import UpstreamOptions

MAX_GENRE_QUERIES = 24
"""Genres of all seeds asked for at most: the more seeds, the fewer genres of each."""

FILLING_SEEDS = 3
"""Seeds whose neighbours outside their genre, and outside of what filters let through, are
fetched, in case the list stays short."""

WIDE = 4
"""Playlist candidates looked at, as a multiple, where many will not do or will be reordered."""


class Place(NamedTuple):
    """What a query's answer is for."""

    use: str
    """A channel, or ``outside`` (acoustic neighbours of any genre), ``unfiltered`` (the same where
    filters give way), ``vectors`` (of the seeds), ``lists`` and ``artist lists`` (their
    neighbours), ``listed`` and ``listed unfiltered`` (payload of those), ``disliked lists`` and
    ``disliked sound`` (neighbours of disliked songs)."""
    seed: int | None = None
    """Position among the seeds, or disliked songs; None for all."""
    genre: int | None = None
    """None for any; of ``unfiltered`` the number of filters that have given way."""


@dataclass(frozen=True)
class Recall:
    """One question to all channels.

    Attributes:
        seeds: songs the list shall be like.
        options: channels, limits and cut-offs.
        k: length of the list that is wanted.
        payload: fields to bring along with every track found.
        neighbours: of the artist that the seeds stand for, where that is what was asked for.
        gate: filters. Channels that search ask for what passes; playlist neighbours are known by
            their codes alone, so more of them are looked at.
        disliked: songs that the list shall not be like.
        filling: whether to ask for neighbours outside the seed's genre, too, which only a list
            that nothing else fills has a use for.
    """

    seeds: Sequence[Seed]
    options: RecallOptions
    k: int
    payload: bool | Sequence[str] = False
    neighbours: NeighbourList | None = None
    gate: CompiledFilter = NO_FILTER
    disliked: Sequence[Seed] = ()
    filling: bool = True

    def ask(self, store: VectorStore) -> tuple[list[ChannelResult], list[Hit]]:
        """Ask in one store call.

        Returns:
            What each channel found for each seed, and every hit.
        """
        found = self.found(store)
        return self.answers(found), [hit for hits in found.values() for hit in hits]

    def found(self, store: VectorStore) -> dict[Place, list[Hit]]:
        """The hits of ``plan``, in one store call."""
        plan = self.plan()
        return dict(zip(plan, store.query(list(plan.values())), strict=True)) if plan else {}

    def plan(self) -> dict[Place, Query]:
        """Every query, under what it is for."""
        queries: dict[Place, Query] = {}
        for position, seed in enumerate(self.seeds):
            if seed.code is not None and self._asks_vectors():
                queries[Place("playlist", position)] = self._playlist(seed)
            queries.update(self._acoustic(position, seed))
            if self.filling:
                queries.update(self._filling(position, seed))
            if "genre_popular" in self.options.channels:
                genres = self._genres(seed)
                for genre in genres:
                    place = Place("genre_popular", None, genre)
                    queries.setdefault(place, self._popular(genre, len(genres)))
            own = self._favoured(seed.artist_codes)
            if "same_artist" in self.options.channels and own:
                where = Match(TrackField.ARTIST_CODES, own)
                queries[Place("same_artist", position)] = self._by_artist(seed, where)
            akin = self._favoured(related(seed))
            if "related_artist" in self.options.channels and akin:
                where = Match(TrackField.ARTIST_CODES, akin)
                queries[Place("related_artist", position)] = self._by_artist(seed, where)
        queries.update(self._lists())
        queries.update(self._dislikes())
        codes = self._codes()
        if codes and any(place.use == "genre_popular" for place in queries):
            queries[Place("vectors")] = Query(
                Collection.TRACKS, len(codes), filter=Filter((Ids(codes),)), with_vector=True
            )
        return queries

    def answers(self, found: dict[Place, list[Hit]]) -> list[ChannelResult]:
        """What the hits of ``plan`` say, channel by channel and seed by seed."""
        vectors = {hit.id: hit.vector for hit in found.get(Place("vectors"), ())}
        unloved = self._unloved(found)
        answers = []
        for position, seed in enumerate(self.seeds):
            neighbours = found.get(Place("playlist", position), [])
            near = [hit for hit in neighbours if self._is_near(hit)]
            genres = self._genres(seed)
            chosen = (
                vote(genres, near, self._upstream.genre_vote_ratio) if self._votes() else genres
            )
            if "playlist" in self.options.channels and not self._asks_lists():
                far = [hit for hit in neighbours if not self._is_near(hit)]
                answers.append(answer("playlist", position, near))
                answers.append(answer("playlist", position, far, "playlist_min_cosine"))
            if "acoustic" in self.options.channels:
                of_genre = [
                    found.get(Place("acoustic", position, g), []) for g in chosen or (None,)
                ]
                near_by: dict[str | None, Sequence[Hit]] = {
                    None: best(of_genre, self._limit("acoustic"))
                }
                near_by["genre"] = found.get(Place("outside", position), [])
                for number, rule in enumerate(self.gate.rules, start=1):
                    near_by[rule] = found.get(Place("unfiltered", position, number), [])
                for rule, hits in near_by.items():
                    sounding = answer("acoustic", position, hits, rule)
                    answers.append(demote_similar(sounding, unloved, self.options.dislike_weight))
            if "genre_popular" in self.options.channels:
                of_genre = [found.get(Place("genre_popular", None, g), []) for g in chosen]
                popular = best(of_genre, self._limit("genre_popular"))
                vector = seed.vector if seed.code is None else vectors.get(seed.code)
                answers.append(ChannelResult("genre_popular", position, *by_sound(popular, vector)))
            for channel in ("same_artist", "related_artist"):
                hits = found.get(Place(channel, position), [])
                answers.append(answer(channel, position, hits, sound=has_sound(seed)))
        if self._asks_lists():
            answers += self._from_lists(self._known_lists(found))
        return [answer for answer in answers if len(answer.ids)]

    @property
    def _upstream(self) -> UpstreamOptions:
        return self.options.upstream or UpstreamOptions()

    def _asks_lists(self) -> bool:
        return "playlist" in self.options.channels and self._upstream.playlist_neighbours

    def _lists(self) -> Iterable[tuple[Place, Query]]:
        """Neighbours of the seeds and, for those in no playlist, of their main artists."""
        if not self._asks_lists():
            return
        if self.neighbours is not None:
            (answer,) = self._from_lists([self.neighbours])
            codes = answer.ids.tolist()
            for use, query in listed(self.gate, codes, codes[: AMPLE * self.k], self.payload):
                yield Place(use), query
            return
        fields = (TrackField.NEIGHBOURS, TrackField.NEIGHBOUR_CONFIDENCE)
        asked = {
            Place("lists"): (Collection.TRACKS_PLAYLIST, self._codes(), fields),
            Place("artist lists"): (
                Collection.ARTISTS,
                main_artists(self.seeds),
                (ArtistField.NEIGHBOURS,),
            ),
        }
        for place, (collection, codes, payload) in asked.items():
            if codes:
                yield (
                    place,
                    Query(collection, len(codes), filter=Filter((Ids(codes),)), payload=payload),
                )

    def _known_lists(self, found: dict[Place, list[Hit]]) -> list[NeighbourList | None]:
        """The list of each seed: its own, else its main artist's; less what dislikes take off."""
        disliked = neighbour_lists(found.get(Place("disliked lists"), ())).values()
        weight = self.options.dislike_weight
        return [subtract(known, disliked, weight) for known in self._lists_of_seeds(found)]

    def _lists_of_seeds(self, found: dict[Place, list[Hit]]) -> list[NeighbourList | None]:
        if self.neighbours is not None:
            return [self.neighbours]
        own = neighbour_lists(found.get(Place("lists"), ()))
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

    def _from_lists(self, lists: Sequence[NeighbourList | None]) -> list[ChannelResult]:
        options = self.options
        factor, most = options.limits("playlist")
        limit = min(factor * self.k, most) * (WIDE if self.is_wide else 1)
        answers = []
        for position, found in enumerate(aggregate_neighbours(lists, self._left_out(), limit)):
            known = lists[position]
            answers.append(
                ChannelResult(
                    "playlist",
                    position,
                    found.codes.astype(np.int64),
                    strengths=found.strengths.astype(np.float64),
                    shared=None if found.shared is None else found.shared.astype(np.int64),
                    confidence=known.confidence if known else 0.0,
                )
            )
        return answers

    @property
    def is_wide(self) -> bool:
        """Whether more candidates are looked at than a list needs by itself."""
        turned = self.options.adventure != 0 or self.options.hits != 0
        return turned or bool(self.gate) or bool(self.disliked)

    def _dislikes(self) -> Iterable[tuple[Place, Query]]:
        codes = tuple(song.code for song in self.disliked if song.code is not None)
        if not codes or self.options.dislike_weight == 0:
            return
        if self._asks_lists():
            fields = (TrackField.NEIGHBOURS, TrackField.NEIGHBOUR_CONFIDENCE)
            where = Filter((Ids(codes),))
            query = Query(Collection.TRACKS_PLAYLIST, len(codes), filter=where, payload=fields)
            yield Place("disliked lists"), query
        if "acoustic" in self.options.channels:
            for position, song in enumerate(self.disliked[:MAX_SOUNDS]):
                near = self._near(song, 2 * self._limit("acoustic"), self.gate.filter())
                yield Place("disliked sound", position), replace(near, payload=False)

    def _unloved(self, found: dict[Place, list[Hit]]) -> dict[int, float]:
        """Greatest cosine to a disliked song, of tracks that sound like one."""
        unloved: dict[int, float] = {}
        for place, hits in found.items():
            if place.use == "disliked sound":
                for hit in hits:
                    unloved[hit.id] = max(hit.score, unloved.get(hit.id, 0.0))
        return unloved

    def _favoured(self, artists: Sequence[int]) -> tuple[int, ...]:
        """Artists without those of disliked songs."""
        unloved = artists_of(self.disliked)
        return tuple(code for code in artists if code not in unloved)

    def _is_near(self, neighbour: Hit) -> bool:
        return cosine_of(neighbour) >= self._upstream.playlist_min_cosine

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

    def _left_out(self) -> tuple[int, ...]:
        """What is no answer: the seeds, and disliked songs."""
        disliked = (song.code for song in self.disliked if song.code is not None)
        return tuple(dict.fromkeys((*self._codes(), *disliked)))

    def _genres(self, seed: Seed) -> tuple[int, ...]:
        share = max(1, MAX_GENRE_QUERIES // len(self.seeds))
        return seed.genre_codes[: min(self.options.max_genres, share)]

    def _votes(self) -> bool:
        by_genre = {"acoustic", "genre_popular"}.intersection(self.options.channels)
        return self._upstream.genre_vote and bool(by_genre)

    def _asks_vectors(self) -> bool:
        by_vector = "playlist" in self.options.channels and not self._upstream.playlist_neighbours
        return by_vector or self._votes()

    def _filter(
        self, *must: Condition, any_popularity: bool = False, relaxed: Container[str] = ()
    ) -> Filter:
        """``must`` and what filters ask for but for ``relaxed`` ones, without the seeds and
        disliked songs, and without what is known to be too unpopular."""
        must_not: list[Condition] = [Ids(codes)] if (codes := self._left_out()) else []
        floor = popularity_floor(self.seeds, self.options)
        # Unknown popularity is rank 0 and passes; a known 0 is dropped by the list's rules.
        if floor > 1 and not any_popularity:
            must_not.append(Between(TrackField.POPULARITY_RANK, 1, floor - 1))
        asked = self.gate.filter(relaxed, must)
        return replace(asked, must_not=(*must_not, *asked.must_not))

    def _playlist(self, seed: Seed) -> Query:
        votes_only = self._asks_lists() or "playlist" not in self.options.channels
        relaxed = tuple(self.gate.rules) if votes_only else ()
        return Query(
            Collection.TRACKS_PLAYLIST,
            self._limit("playlist"),
            like=seed.code,
            filter=self._filter(any_popularity=True, relaxed=relaxed),
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

    def fillers(self) -> dict[Place, Query]:
        """What ``plan`` lacks where it is not ``filling``."""
        return {
            place: query
            for position, seed in enumerate(self.seeds)
            for place, query in self._filling(position, seed)
        }

    def _filling(self, position: int, seed: Seed) -> Iterable[tuple[Place, Query]]:
        of_use = "acoustic" in self.options.channels and self.options.diversify
        if not of_use or position >= FILLING_SEEDS:
            return
        if self._genres(seed):
            everywhere = self._filter(any_popularity=True)
            yield Place("outside", position), self._near(seed, 2 * self.k, everywhere)
        rules = tuple(self.gate.rules)
        for number in range(1, len(rules) + 1):
            everywhere = self._filter(any_popularity=True, relaxed=rules[:number])
            query = self._near(seed, 2 * self.k, everywhere)
            yield Place("unfiltered", position, number), query

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
        if has_sound(seed):
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


def listed(
    gate: CompiledFilter, codes: Sequence[int], first: Sequence[int], payload: bool | Sequence[str]
) -> Iterable[tuple[str, Query]]:
    """Queries for the payload of ``codes`` that pass, and of ``first`` where filters give way."""
    asked = {"listed": (codes, gate.filter())}
    if gate.rules:
        asked["listed unfiltered"] = first, gate.filter(tuple(gate.rules))
    for use, (wanted, where) in asked.items():
        where = replace(where, must=(Ids(tuple(wanted)), *where.must))
        yield use, Query(Collection.TRACKS, len(wanted), filter=where, payload=payload)
