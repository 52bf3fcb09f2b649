from collections import Counter
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.text_keys import title_key
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate, Evidence
from embeat_serve.reranking.relaxation import RELAXATION_ORDER
from embeat_serve.reranking.reranker import rerank
from embeat_serve.seeds.models import Seed
from tests.support.payloads import track_payload

OPTIONS = PRESETS["upstream"].with_values({"playlist_neighbours": True})
OWN = 1
"""Artist of the seed."""


def candidate(
    id: int,
    name: str | None = None,
    artists: tuple[int, ...] = (2,),
    score: float | None = None,
    blocked_by: str | None = None,
    **payload: Any,
) -> Candidate:
    score = 1 / (id + 1) if score is None else score
    fields = {"track_name": f"Song {id}" if name is None else name, "artist_codes": artists}
    evidence = [Evidence("acoustic", 0, 0.9, score)]
    return Candidate(id, evidence, blocked_by, track_payload(**{**fields, **payload}), score)


def seed(**payload: Any) -> Seed:
    fields = {"track_name": "The Seed", "artist_codes": [OWN], **payload}
    return Seed(cast(TrackPayload, fields), code=10_000)


def ids(ranked: list[Candidate]) -> list[int]:
    return [item.id for item in ranked]


many = st.lists(
    st.builds(
        candidate,
        st.integers(0, 400),
        st.sampled_from(["A", "B", "C", "D (Live)", "D", "E - Remix", "F", "", "The Seed"])
        | st.none(),
        st.lists(st.integers(1, 7), min_size=1, max_size=2, unique=True).map(tuple),
        st.floats(0, 1),
        st.sampled_from([None, None, None, "genre", "playlist_min_cosine"]),
        popularity=st.none() | st.integers(0, 100),
        album_code=st.none() | st.integers(0, 6),
        recording_code=st.none() | st.integers(0, 200),
    ),
    max_size=30,
    unique_by=lambda item: item.id,
)


@settings(max_examples=120)
@given(many, st.integers(1, 20), st.none() | st.integers(0, 100))
def test_a_rule_holds_or_is_said_to_be_relaxed(
    candidates: list[Candidate], k: int, popularity: int | None
):
    seeds = [seed(popularity=popularity, album_code=0)]
    ranked, relaxed = rerank(candidates, seeds, OPTIONS, k=k)
    assert len(ranked) <= k
    assert len(set(ids(ranked))) == len(ranked)
    assert len(set(relaxed)) == len(relaxed)

    recordings = [
        c.payload.get("recording_code") for c in ranked if c.payload.get("recording_code")
    ]
    assert len(set(recordings)) == len(recordings)
    for one_index, one in enumerate(ranked):
        title = title_key(one.payload.get("track_name", ""))
        assert not (title == "the seed" and OWN in one.artist_codes)
        for other in ranked[:one_index]:
            same_title = title and title == title_key(other.payload.get("track_name", ""))
            assert not (same_title and set(one.artist_codes) & set(other.artist_codes))
            assert not (same_title and "unique_titles" not in relaxed)
    assert_shares(ranked, relaxed, k)
    assert_single_tracks(ranked, relaxed, popularity)
    assert_neighbours(ranked, relaxed)


def assert_shares(ranked: list[Candidate], relaxed: list[str], k: int) -> None:
    artists = Counter(code for item in ranked for code in item.artist_codes)
    if "other_artist_max_share" not in relaxed:
        assert all(n <= max(1, k * 0.15) for code, n in artists.items() if code != OWN)
    if "same_artist_max_share" not in relaxed:
        assert artists[OWN] <= max(1, k * 0.20)
    if "same_artist_min_share" not in relaxed and k >= 5:
        assert artists[OWN] >= min(k * 0.15, int(k * 0.20))
    popular = sum((item.popularity or 0) >= 60 for item in ranked)
    if "popular_min_share" not in relaxed and k >= 5:
        assert popular >= k * 0.10


def assert_single_tracks(
    ranked: list[Candidate], relaxed: list[str], popularity: int | None
) -> None:
    if "min_popularity" not in relaxed:
        floor = min(10, 10 if popularity is None else popularity)
        assert all(item.popularity is None or item.popularity >= floor for item in ranked)
    if "drop_remixes" not in relaxed:
        assert not any("Remix" in item.payload.get("track_name", "") for item in ranked)
    for rule in ("genre", "playlist_min_cosine"):
        if rule not in relaxed:
            assert not any(item.blocked_by == rule for item in ranked)


def assert_neighbours(ranked: list[Candidate], relaxed: list[str]) -> None:
    if "album_neighbours" not in relaxed:
        albums = [item.payload.get("album_code") for item in ranked]
        assert not any(a is not None and a == b for a, b in pairwise(albums))
    if "max_artist_run" not in relaxed:
        main = [item.artist_codes[0] for item in ranked]
        assert not any(a == b == c for a, b, c in zip(main, main[1:], main[2:], strict=False))


@settings(max_examples=60)
@given(many, st.integers(1, 20))
def test_a_list_is_short_only_where_songs_run_out(candidates: list[Candidate], k: int):
    ranked, _ = rerank(candidates, [seed()], OPTIONS, k=k)
    if len(ranked) < k:
        # Whatever is left is one of the songs there, or the seed.
        everything, _ = rerank(candidates, [seed()], OPTIONS, k=100)
        assert len(everything) == len(ranked)


@settings(max_examples=60)
@given(many, st.randoms(use_true_random=False), st.integers(1, 20))
def test_the_order_of_arrival_changes_nothing(candidates: list[Candidate], random, k: int):
    shuffled = list(candidates)
    random.shuffle(shuffled)
    one, other = (rerank(found, [seed()], OPTIONS, k=k) for found in (candidates, shuffled))
    assert (ids(one[0]), one[1]) == (ids(other[0]), other[1])


@pytest.mark.parametrize(
    "copy",
    [
        candidate(10_000),
        candidate(1, recording_code=5),
        candidate(1, isrc="X"),
        candidate(1, "The Seed - Live", artists=(3, OWN)),
    ],
)
@pytest.mark.parametrize("diversify", [True, False])
def test_what_the_seed_is_never_comes_back(copy: Candidate, diversify: bool):
    seeds = [seed(recording_code=5, isrc="X")]
    options = RecallOptions(diversify=diversify)
    assert ids(rerank([copy, candidate(2)], seeds, options, k=5)[0]) == [2]


def test_titles_are_compared_whole():
    names = ["Us", "Trust", "Bus Stop", "Us and Them"]
    found = [candidate(i, name, artists=(10 + i,)) for i, name in enumerate(names)]
    assert len(rerank(found, [seed()], OPTIONS, k=4)[0]) == 4


def test_one_title_a_list():
    found = [candidate(i, "Hello", artists=(10 + i,)) for i in range(3)]
    found.append(candidate(9, "Other", artists=(30,)))
    ranked, relaxed = rerank(found, [seed()], OPTIONS, k=2)
    assert ids(ranked) == [0, 9]
    assert "unique_titles" not in relaxed


def test_tracks_without_an_isrc_are_different_songs():
    found = [candidate(i, isrc=None, artists=(10 + i,)) for i in range(5)]
    found += [candidate(i, isrc="", artists=(10 + i,)) for i in range(5, 10)]
    assert len(rerank(found, [seed()], OPTIONS, k=10)[0]) == 10


def test_remixes_may_follow_a_remix():
    found = [candidate(1, "Song (Club Remix)"), candidate(2, "Remixing Life", artists=(3,))]
    assert ids(rerank(found, [seed()], OPTIONS, k=1)[0]) == [2]
    assert ids(rerank(found, [seed(track_name="My Remix")], OPTIONS, k=1)[0]) == [1]


def test_talk_fills_a_list_only_where_songs_run_out():
    found = [candidate(1, "Song - Commentary"), candidate(2, artists=(3,))]
    options = RecallOptions()
    assert ids(rerank(found, [seed()], options, k=1)[0]) == [2]
    ranked, relaxed = rerank(found, [seed()], options, k=2)
    assert (sorted(ids(ranked)), "spoken" in relaxed) == ([1, 2], True)


def test_unknown_popularity_passes_and_known_does_not():
    found = [candidate(1, popularity=0), candidate(2, artists=(3,)), candidate(3, artists=(4,))]
    assert ids(rerank(found, [seed(popularity=50)], OPTIONS, k=2)[0]) == [2, 3]
    assert ids(rerank(found, [seed(popularity=0)], OPTIONS, k=2)[0]) == [1, 2]


def test_rules_give_way_in_their_order():
    found = [candidate(i, artists=(2,)) for i in range(10)]
    found += [candidate(50 + i, artists=(20 + i,), blocked_by="genre") for i in range(5)]
    ranked, relaxed = rerank(found, [seed()], OPTIONS, k=8)
    names = {rule.name for rule in RELAXATION_ORDER}
    assert "genre" not in relaxed
    assert relaxed[0] == "other_artist_max_share"
    assert [rule for rule in relaxed if rule in names] == ["other_artist_max_share"]
    assert len(ranked) == 8


def test_shares_that_must_be_there_are_taken_from_below():
    found = [candidate(i, artists=(10 + i,), popularity=30) for i in range(40)]
    found += [candidate(100 + i, artists=(OWN,), popularity=30) for i in range(9)]
    found += [candidate(200 + i, artists=(80 + i,), popularity=90) for i in range(9)]
    ranked, relaxed = rerank(found, [seed()], OPTIONS, k=20)
    assert relaxed == []
    assert sum(OWN in item.artist_codes for item in ranked) == 3
    assert sum(item.popularity == 90 for item in ranked) == 2


def test_seeds_of_several_artists_have_a_share_each():
    seeds = [seed(artist_codes=(code,)) for code in (1, 2, 3)]
    found = [candidate(i, artists=(1 + i % 3,)) for i in range(30)]
    ranked, relaxed = rerank(found, seeds, OPTIONS, k=10)
    artists = Counter(item.artist_codes[0] for item in ranked[:6])
    assert len(ranked) == 10
    assert "same_artist_max_share" in relaxed
    assert set(artists) == {1, 2, 3}


def test_the_raw_ranking_is_by_score_alone():
    options = RecallOptions(diversify=False)
    found = [candidate(i, "Hello", popularity=50) for i in range(30)]
    found.append(candidate(99, score=5.0, blocked_by="genre"))
    ranked, relaxed = rerank(found, [seed()], options, k=25)
    assert ids(ranked) == list(range(25))
    assert relaxed == []
