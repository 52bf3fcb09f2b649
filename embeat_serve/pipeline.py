"""From a question to all channels to the list: asks, merges, reads payload, applies the rules."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from embeat_serve.contract.schema import CHANNELS, Collection, TrackField
from embeat_serve.ranking.candidates import Candidate, CandidateTable
from embeat_serve.ranking.features import LIKENESS_FIELDS
from embeat_serve.ranking.preselection import AMPLE, shortlist
from embeat_serve.ranking.scoring import fuse, payload_features, weigh_payload
from embeat_serve.ranking.steering import steer_scores
from embeat_serve.release import Release
from embeat_serve.reranking.reranker import rerank
from embeat_serve.retrieval.negative_feedback import artists_of, demote_artists
from embeat_serve.retrieval.retriever import WIDE, Place, Recall, listed
from embeat_serve.stores.query import Hit

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
    *LIKENESS_FIELDS,
)
"""What ranking, rules, explanations and output look at."""

PLAYLIST = CHANNELS.index("playlist")


class Chosen(NamedTuple):
    """A list."""

    songs: list[Candidate]
    """Best first as far as the rules allow, with their evidence."""
    relaxed: list[str]
    """Rules that had to give way."""
    clock: dict[str, float]
    """Seconds that the steps took."""


class _Found(NamedTuple):
    fused: CandidateTable
    weighed: tuple[Any, ...]
    """What the scores rest on besides the payload."""
    hits: list[Hit]
    """With payload."""
    filled: bool
    """Whether what only a short list has a use for was asked for."""


def choose(release: Release, asked: Recall, bring_along: bool, is_artist: bool) -> Chosen:
    """The list that answers a question.

    Three store calls answer a question, one more where a song's name had to be guessed. For an
    artist two go into the seeds; then the payload of every track found comes with it
    (``bring_along``), else that of the shortlist is read apart, a quarter of the bytes.
    """
    clock = {"channels": 0.0, "payload": 0.0, "ranking": 0.0}
    eager = bring_along or asked.is_wide or not asked.fillers()
    asked = replace(asked, filling=eager)
    while True:
        found = _find(release, asked, bring_along, is_artist, clock)
        read = time.perf_counter()
        fused, candidates = _with_payload(found, asked)
        ranked, relaxed = rerank(
            candidates,
            asked.seeds,
            asked.options,
            k=asked.k,
            filters=asked.gate,
            disliked=asked.disliked,
        )
        # That so many are not enough takes four copies of every song, but it can be.
        if found.filled or len(ranked) == asked.k:
            break
        asked = replace(asked, filling=True)
    fused.tell(ranked)
    clock["ranking"] += time.perf_counter() - read
    return Chosen(ranked, relaxed, clock)


def _find(
    release: Release,
    asked: Recall,
    bring_along: bool,
    is_artist: bool,
    clock: dict[str, float],
) -> _Found:
    started = time.perf_counter()
    options, passing, store = asked.options, asked.gate, release.store
    fields = tuple(dict.fromkeys((*CANDIDATE_FIELDS, *passing.fields)))
    asked = replace(asked, payload=fields if bring_along else False)
    by_place = asked.found(store)
    told = release.fusion, len(asked.seeds), is_artist
    answers = asked.answers(by_place)
    recalled = time.perf_counter()
    fused = fuse(answers, options, *told)
    hits = [hit for of_place in by_place.values() for hit in of_place]
    filled = asked.filling
    if bring_along:
        pass
    elif passing:
        first = shortlist(fused, options, asked.k * WIDE)
        # Of playlist neighbours nothing is known yet, and many may not pass.
        far = np.setdiff1d(np.flatnonzero(fused.found[:, PLAYLIST]), first)
        fused = fused.take(np.concatenate([first, far]))
        every = fused.ids.tolist()
        queries = [query for _, query in listed(passing, every, every[: AMPLE * asked.k], fields)]
        hits = [hit for of_query in store.query(queries) for hit in of_query]
    elif not filled and len(fused.ids) < AMPLE * asked.k:
        more, hits = _fill(release, replace(asked, payload=fields), fused.ids.tolist())
        answers = asked.answers(by_place | more)
        fused, filled = fuse(answers, options, *told), True
    else:
        fused = fused.take(shortlist(fused, options, asked.k * (WIDE if asked.is_wide else 1)))
        ids = fused.ids.tolist()
        hits = store.retrieve(Collection.TRACKS, ids, fields) if ids else []
    clock["channels"] += recalled - started
    clock["payload"] += time.perf_counter() - recalled
    return _Found(fused, (answers, options, *told), hits, filled)


def _fill(
    release: Release, asked: Recall, ids: Sequence[int]
) -> tuple[dict[Place, list[Hit]], list[Hit]]:
    """What fills a short list, and the hits of that and of ``ids``, with payload: one call."""
    fillers = asked.fillers()
    read = (query for _, query in listed(asked.gate, ids, (), asked.payload))
    found = release.store.query([*fillers.values(), *read])
    by_place = dict(zip(fillers, found, strict=False))
    return by_place, [hit for hits in found for hit in hits]


def _with_payload(found: _Found, asked: Recall) -> tuple[CandidateTable, list[Candidate]]:
    """Candidates whose payload is there, scored as popularity, dislikes and dials want them."""
    payloads = {hit.id: hit.payload for hit in found.hits if hit.payload.get(TrackField.TRACK_ID)}
    there = [row for row, id in enumerate(found.fused.ids.tolist()) if id in payloads]
    fused = found.fused.take(np.array(there, np.intp))
    songs = [seed.payload for seed in asked.seeds]
    told = payload_features(songs, [payloads[id] for id in fused.ids.tolist()])
    fused = weigh_payload(fused, told, *found.weighed)
    candidates = fused.candidates(payloads)
    seed_artists = {code for seed in asked.seeds for code in seed.artist_codes}
    demote_artists(candidates, artists_of(asked.disliked), seed_artists)
    steer_scores(candidates, seed_artists, asked.options)
    return fused, candidates
