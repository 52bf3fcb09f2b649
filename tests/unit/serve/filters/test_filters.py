import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import embeat_serve
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import UsageError
from embeat_serve.filters.compiled import RELAXABLE_FILTERS
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender

pytestmark = pytest.mark.slow

GENRES = ("mandopop", "soul", "techno")
LANGUAGES = {"mandopop": "zh", "soul": "en", "techno": "de"}
QUESTIONS: list[dict[str, Any]] = [
    {"text": "晴天 - Jay Chou"},
    {"text": "Hello - Adele"},
    {"text": "Nobody Knows My Genre"},
    {"artist": "Jay Chou"},
    {"features": {"danceability": 0.5, "energy": 0.6, "valence": 0.4}},
]


@pytest.fixture(scope="module")
def payloads(recommender: Recommender) -> dict[str, dict[str, Any]]:
    """Every track of the catalogue by id."""
    with recommender.opened() as release:
        hits = release.store.retrieve("tracks", range(1_000))
    return {hit.payload["track_id"]: hit.payload for hit in hits}


def ends(low: int, high: int, scale: float = 1) -> st.SearchStrategy[tuple[Any, Any]]:
    end = st.none() | st.integers(low, high).map(lambda value: value / scale)
    if scale == 1:
        end = st.none() | st.integers(low, high)
    return st.tuples(end, end).map(
        lambda pair: tuple(sorted(pair)) if None not in pair else pair  # type: ignore[type-var]
    )


@st.composite
def some_filters(draw: st.DrawFn) -> Filters:
    ranges = {"year": ends(1985, 2022), "popularity": ends(0, 95)}
    ranges |= {"tempo": ends(60, 180), "energy": ends(0, 10, 10)}
    given_ranges: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(sorted(ranges)), max_size=3)):
        low, high = draw(ranges[name])
        given_ranges |= {f"{name}_min": low, f"{name}_max": high}
    names = st.lists(st.sampled_from(GENRES), max_size=2, unique=True).map(tuple)
    some = st.just(()) | names
    return Filters(
        **given_ranges,
        explicit=draw(st.sampled_from([None, None, False, True])),
        genres=draw(some),
        without_genres=draw(some),
        without_artists=draw(st.sampled_from([(), (), ("Jay Chou", "artist 3"), ("Nova",)])),
        instrumental=draw(st.sampled_from([False, False, True])),
        same_language=draw(st.booleans()),
        languages=draw(st.sampled_from([(), (), ("zh",), ("en", "de"), ("is",)])),
    )


def broken_by(song: dict[str, Any], filters: Filters, languages: set[str]) -> set[str]:
    """Filters that a track does not keep, told without the code under test."""
    broken = set()
    values = {**song, "popularity": song["popularity_rank"]}
    for name in ("year", "popularity", "tempo", "energy"):
        low, high = filters.range(name)
        value = values.get(name)
        if (low, high) == (None, None):
            continue
        if (
            value is None
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            broken.add(name)
    of_song = set(song.get("genres", ()))
    if filters.genres and not of_song & set(filters.genres):
        broken.add("genres")
    if of_song & set(filters.without_genres):
        broken.add("without_genres")
    if filters.instrumental and not song.get("instrumental"):
        broken.add("instrumental")
    if filters.same_language and song.get("language") not in languages:
        broken.add("same_language")
    if filters.languages and song.get("language") not in filters.languages:
        broken.add("languages")
    if filters.explicit is not None and song["explicit"] != filters.explicit:
        broken.add("explicit")
    blocked = {name.casefold() for name in filters.without_artists}
    if {name.casefold() for name in song["artist_names"]} & blocked:
        broken.add("without_artists")
    return broken


@st.composite
def some_options(draw: st.DrawFn) -> RecallOptions:
    every = st.just(set(CHANNELS))
    some_channels = st.sets(st.sampled_from(CHANNELS), min_size=1)
    steps = st.sampled_from([0.0, 0.0, -1.0, 0.4, 1.0])
    return replace(
        PRESETS[draw(st.sampled_from(sorted(PRESETS)))],
        channels=tuple(draw(every | some_channels)),
        adventure=draw(steps),
        hits=draw(steps),
        diversify=draw(st.sampled_from([True, True, False])),
    )


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    question=st.sampled_from(QUESTIONS),
    filters=some_filters(),
    k=st.integers(1, 40),
    options=some_options(),
)
def test_every_song_passes_every_filter_that_is_not_reported(
    recommender: Recommender,
    payloads: dict,
    question: dict,
    filters: Filters,
    k: int,
    options: RecallOptions,
):
    answer = recommender.recommend(**question, k=k, filters=filters, options=options)
    languages = {payloads[seed.track_id].get("language") for seed in answer.seeds if seed.track_id}
    broken = set()
    for song in answer.results:
        broken |= broken_by(payloads[song.track_id], filters, languages - {None})
        assert sum(song.channels.values()) == pytest.approx(song.score, abs=1e-9)
        assert 0 <= song.score <= 1
    assert broken <= set(answer.relaxed)
    assert not broken & {"explicit", "without_artists"}
    if not options.diversify:
        assert broken <= {"same_language"}
    assert recommender.recommend(**question, k=k, filters=filters, options=options) == answer


def test_a_filter_leaves_a_full_list_where_songs_pass(recommender: Recommender, payloads: dict):
    filters = Filters(year_min=2000, year_max=2009, energy_max=0.6, explicit=False)
    passing = sum(not broken_by(song, filters, set()) for song in payloads.values())
    answer = recommender.recommend("晴天", k=30, filters=filters)
    assert passing > 60
    assert len(answer.results) == 30
    assert not set(answer.relaxed) & {spec.name for spec in RELAXABLE_FILTERS}


def test_filters_give_way_in_their_order(recommender: Recommender, payloads: dict):
    # Ten songs a year at most, and of those a few are this slow.
    filters = Filters(year_min=2001, year_max=2001, tempo_max=80, explicit=False)
    answer = recommender.recommend("晴天", k=12, filters=filters, explain=True)
    assert "tempo" in answer.relaxed
    kept = [song for song in answer.results if payloads[song.track_id]["year"] == 2001]
    assert len(answer.results) == 12
    assert kept
    assert ("year" in answer.relaxed) == (len(kept) < 12)
    for song in answer.results:
        slow = payloads[song.track_id]["tempo"] <= 80
        assert ("not of the tempo asked for" in (song.explanation or "")) == (not slow)


def test_what_never_gives_way_leaves_the_list_short(recommender: Recommender):
    names = (*(f"Artist {code}" for code in range(20)), "Jay Chou", "Mayday", "Adele")
    filters = Filters(explicit=True, without_artists=names)
    answer = recommender.recommend("晴天", k=40, filters=filters)
    assert 0 < len(answer.results) < 40
    assert not {song.artist_names[0] for song in answer.results} & set(names)


def test_a_language_that_nobody_knows_is_reported(recommender: Recommender):
    answer = recommender.recommend("Nobody Knows My Genre", filters=Filters(same_language=True))
    assert "same_language" in answer.relaxed
    assert len(answer.results) == 20


def test_artists_are_blocked_by_name_id_and_link(recommender: Recommender):
    every = {
        name
        for text in ("Mayday", f"artist{1:016d}", f"https://open.spotify.com/artist/artist{1:016d}")
        for song in recommender.recommend(
            "晴天", k=100, filters=Filters(without_artists=(text, "Nobody Ever"))
        ).results
        for name in song.artist_names
    }
    assert "Jay Chou" in every
    assert "Mayday" not in every
    answer = recommender.recommend("晴天", filters=Filters(without_artists=("Nobody Ever",)))
    assert answer.missing == ("Nobody Ever",)


def test_an_unknown_genre_is_refused_with_what_may_be_meant(recommender: Recommender):
    with pytest.raises(UsageError, match="did you mean: mandopop"):
        recommender.recommend("晴天", filters=Filters(genres=("mandopob",)))
    album = Filters(without_artists=(f"spotify:album:{'x' * 22}",))
    with pytest.raises(UsageError, match="album"):
        recommender.recommend("晴天", filters=album)


def test_a_release_without_genre_names_is_broken(make_release: Any, tmp_path: Path):
    lake: LakePaths = make_release(tmp_path, only=20)
    (lake.release("0123456789ab") / "genres.json").write_text(json.dumps([[]]))
    with embeat_serve.open(lake=lake.root) as opened:
        assert opened.recommend("Alone", filters=Filters(year_min=1990)).results is not None
        with pytest.raises(embeat_serve.EmbeatError, match=r"genres\.json"):
            opened.recommend("Alone", filters=Filters(genres=("soul",)))
