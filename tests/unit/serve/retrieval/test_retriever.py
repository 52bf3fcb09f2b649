from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from embeat_pipeline.index.neighbour_payload import pack
from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.ranking.scoring import fuse
from embeat_serve.retrieval.hits import by_sound, vote
from embeat_serve.retrieval.retriever import MAX_GENRE_QUERIES, Place, Recall
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import popularity_floor
from embeat_serve.stores.query import Between, Hit, Ids, Match
from embeat_serve.upstream_options import UpstreamOptions

OPTIONS = PRESETS["upstream"].with_values({"playlist_neighbours": True})


def seed(code: int = 1, **payload: Any) -> Seed:
    known = {"artist_codes": [5], "genre_codes": [7, 8], "energy": 0.5, "popularity": 40}
    fields = {**known, "related_artist_codes": "6 5 9", **payload}
    return Seed(cast(TrackPayload, fields), code=code)


def neighbour(*genres: int, id: int = 0) -> Hit:
    return Hit(id, 0.9, {"genre_codes": list(genres)})


@pytest.mark.parametrize(
    ("neighbours", "winners"),
    [
        ([], (7, 8)),
        ([neighbour(7), neighbour(8)], (7, 8)),
        ([neighbour(8), neighbour(8), neighbour(7)], (8,)),
        ([neighbour(8)], (8,)),
        ([neighbour(3), neighbour(4)], (7, 8)),
        ([neighbour(7, 8), neighbour(8, 8)], (8,)),
    ],
)
def test_the_genre_needs_twice_the_votes(neighbours: list[Hit], winners: tuple[int, ...]):
    assert vote((7, 8), neighbours, ratio=2.0) == winners


def test_popular_songs_are_put_in_order_of_sound():
    vectors = np.eye(3, dtype=np.float32)
    hits = [Hit(4, 90, {}, vectors[0]), Hit(5, 80, {}, None), Hit(6, 70, {}, vectors[1])]
    ids, cosines = by_sound(hits, vectors[1])
    assert ids.tolist() == [6, 4, 5]
    assert cosines == pytest.approx(np.array([1, 0, np.nan]), nan_ok=True)
    assert by_sound(hits, None)[0].tolist() == [4, 5, 6]


def test_every_channel_asks_for_its_own():
    plan = Recall([seed()], OPTIONS, 20).plan()
    uses = {*OPTIONS.channels, "outside", "vectors", "lists", "artist lists"}
    assert {place.use for place in plan} == uses
    assert plan[Place("lists")].collection == Collection.TRACKS_PLAYLIST
    assert plan[Place("lists")].filter.must == (Ids((1,)),)
    assert plan[Place("artist lists")].filter.must == (Ids((5,)),)
    assert plan[Place("playlist", 0)].collection == Collection.TRACKS_PLAYLIST
    assert plan[Place("playlist", 0)].like == 1
    assert plan[Place("acoustic", 0, 7)].limit == 200
    assert plan[Place("genre_popular", None, 7)].limit == 40
    assert plan[Place("same_artist", 0)].limit == 40
    assert Match("artist_codes", (5,)) in plan[Place("same_artist", 0)].filter.must
    assert Match("artist_codes", (6, 9)) in plan[Place("related_artist", 0)].filter.must
    assert plan[Place("genre_popular", None, 8)].order_by == "popularity_rank"


def test_long_lists_stay_within_the_limits():
    plan = Recall([seed()], OPTIONS, 1_000).plan()
    assert plan[Place("acoustic", 0, 7)].limit == 512
    assert plan[Place("same_artist", 0)].limit == 128


def test_many_genres_share_what_is_asked_for():
    plan = Recall([seed(genre_codes=[7, 8, 9, 10])], OPTIONS, 20).plan()
    assert plan[Place("acoustic", 0, 7)].limit == 100
    assert plan[Place("genre_popular", None, 7)].limit == 20
    assert (
        Recall([seed(genre_codes=[7, 8, 9, 10])], OPTIONS, 100)
        .plan()[Place("acoustic", 0, 7)]
        .limit
        == 256
    )


def test_seeds_and_unpopular_songs_are_not_asked_for():
    excluded = Recall([seed(1), seed(2)], OPTIONS, 20).plan()[Place("acoustic", 0, 7)].filter
    assert excluded.must_not == (Ids((1, 2)), Between("popularity_rank", 1, 9))


@pytest.mark.parametrize(("popularity", "floor"), [(40, 10), (3, 3), (None, 10), (0, 0)])
def test_the_floor_is_the_seeds_popularity_where_that_is_lower(popularity: int | None, floor: int):
    assert popularity_floor([seed(popularity=popularity), seed()], OPTIONS) == floor


def test_a_seed_without_genre_is_compared_with_all():
    plan = Recall([seed(genre_codes=[])], OPTIONS, 20).plan()
    assert plan[Place("acoustic", 0)].filter.must == ()
    assert not any(place.use in ("genre_popular", "outside") for place in plan)


def test_a_seed_without_sound_goes_by_popularity():
    plan = Recall([seed(energy=None)], OPTIONS, 20).plan()
    assert plan[Place("same_artist", 0)].order_by == "popularity_rank"


def test_a_song_from_outside_is_compared_by_sound_only():
    outside = Seed({}, vector=np.ones(64, np.float32))
    plan = Recall([outside], OPTIONS, 20).plan()
    assert list(plan) == [Place("acoustic", 0)]
    assert plan[Place("acoustic", 0)].vector is outside.vector


def test_only_the_channels_asked_for():
    options = RecallOptions(channels=("same_artist",))
    assert list(Recall([seed()], options, 20).plan()) == [Place("same_artist", 0)]
    voting = Recall(
        [seed()],
        RecallOptions(channels=("acoustic",), upstream=UpstreamOptions(genre_vote=True)),
        20,
    )
    assert Place("playlist", 0) in voting.plan()
    silent = RecallOptions(channels=("acoustic",))
    assert Place("playlist", 0) not in Recall([seed()], silent, 20).plan()


def test_many_seeds_ask_for_fewer_genres_each():
    seeds = [seed(code, genre_codes=[7, 8, 9, 10, 11]) for code in range(20)]
    plan = Recall(seeds, OPTIONS, 20).plan()
    assert sum(place.use == "acoustic" for place in plan) <= MAX_GENRE_QUERIES
    assert all(query.limit <= 40 for query in plan.values())


LISTED = RecallOptions(channels=("playlist",))


def packed(strengths: dict[int, int]) -> str:
    codes = pl.Series([list(strengths)], dtype=pl.List(pl.UInt32))
    levels = pl.Series([list(strengths.values())], dtype=pl.List(pl.UInt8))
    return pack(codes, codes.cast(pl.List(pl.UInt16)), levels, levels)[0]


def test_two_seeds_that_agree_outweigh_one_that_insists():
    found = {
        Place("lists"): [
            Hit(1, 0, {TrackField.NEIGHBOURS: packed({9: 255, 8: 150, 2: 120})}),
            Hit(2, 0, {TrackField.NEIGHBOURS: packed({7: 255, 8: 150, 1: 90})}),
        ]
    }
    answers = Recall([seed(1), seed(2)], LISTED, 20).answers(found)
    assert fuse(answers, LISTED).ids.tolist() == [8, 7, 9]
    assert [answer.ids.tolist() for answer in answers] == [[9, 8], [7, 8]]
    assert answers[0].strengths == pytest.approx(np.array([255, 150]) / 255)
    assert answers[0].shared is not None
    assert answers[0].shared.tolist() == [9, 8]


def test_a_seed_in_no_playlist_is_spoken_for_by_its_artist():
    own = {TrackField.NEIGHBOURS: packed({9: 255}), TrackField.NEIGHBOUR_CONFIDENCE: 0.8}
    found = {
        Place("lists"): [Hit(1, 0, own)],
        Place("artist lists"): [Hit(5, 0, {ArtistField.NEIGHBOURS: packed({8: 255})})],
    }
    first, second = Recall([seed(1), seed(2)], LISTED, 20).answers(found)
    assert (first.ids.tolist(), first.confidence) == ([9], 0.8)
    assert (second.ids.tolist(), second.confidence) == ([8], 0.0)


def test_an_artists_list_is_brought_along_with_its_songs():
    strengths = np.array([1, 0.9, 0.5], np.float32)
    known = NeighbourList(np.array([8, 1, 9], np.uint32), strengths, strengths, 0.0)
    recall = Recall([seed(1)], LISTED, 20, ("track_id",), known)
    plan = recall.plan()
    assert set(plan) == {Place("listed")}
    assert plan[Place("listed")].filter.must == (Ids((8, 9)),)
    assert plan[Place("listed")].payload == ("track_id",)
    (answer,) = recall.answers({Place("listed"): []})
    assert answer.ids.tolist() == [8, 9]


def test_vectors_are_asked_where_lists_are_not_wanted():
    options = RecallOptions(
        channels=("playlist",), upstream=UpstreamOptions(playlist_neighbours=False)
    )
    assert set(Recall([seed()], options, 20).plan()) == {Place("playlist", 0)}
    assert set(Recall([seed()], LISTED, 20).plan()) == {Place("lists"), Place("artist lists")}


def test_neighbours_below_the_cut_off_are_held_back():
    options = RecallOptions(
        channels=("playlist",), upstream=UpstreamOptions(playlist_neighbours=False)
    )
    recall = Recall([seed()], options, 20)
    hits = [Hit(2, 0.8, {}), Hit(3, 0.75, {}), Hit(4, 0.74, {})]
    near, far = recall.answers({Place("playlist", 0): hits})
    assert (near.ids.tolist(), near.held_back_by) == ([2, 3], None)
    assert (far.ids.tolist(), far.held_back_by) == ([4], "playlist_min_cosine")


def test_the_vote_picks_among_the_answers():
    options = RecallOptions(
        channels=("acoustic", "playlist"), upstream=UpstreamOptions(genre_vote=True)
    )
    found = {
        Place("playlist", 0): [neighbour(8, id=2), neighbour(8, id=3)],
        Place("acoustic", 0, 7): [Hit(20, 0.99, {})],
        Place("acoustic", 0, 8): [Hit(30, 0.5, {})],
    }
    answers = Recall([seed()], options, 20).answers(found)
    acoustic = next(a for a in answers if a.channel == "acoustic" and not a.held_back_by)
    assert acoustic.ids.tolist() == [30]
    undecided = Recall([seed()], RecallOptions(channels=("acoustic",)), 20)
    acoustic = undecided.answers(found)[0]
    assert acoustic.ids.tolist() == [20, 30]
