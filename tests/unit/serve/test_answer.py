"""Questions in words, and titles, asked of a release."""

from typing import Any

import pytest

from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.results import Reading, Recommendations


def genres_of(answer: Recommendations) -> set[str]:
    return {genre for song in answer.results for genre in song.genres[:1]}


def test_a_title_alone_lists_songs_of_its_playlists(recommender: Recommender):
    answer = recommender.recommend(title="rainy evening", k=10, explain=True)
    assert answer.seeds == ()
    assert answer.title is not None
    assert answer.title.knowledge == pytest.approx(1, abs=0.01)
    assert genres_of(answer) == {"mandopop"}
    first = answer.results[0]
    assert next(iter(first.channels)) == "title"
    assert sum(first.channels.values()) == pytest.approx(first.score)
    assert "playlists of such a name" in str(first.explanation)
    assert answer.to_dict().get("title") == {"text": "rainy evening", "knowledge": 1.0}


def test_a_longer_list_of_a_title_keeps_to_it(recommender: Recommender):
    answer = recommender.recommend(title="warehouse at night", k=60)
    assert len(answer.results) == 60
    assert genres_of(Recommendations("", (), answer.results[:20])) == {"techno"}


def test_reasons_count_the_playlists_with_words_of_the_title(recommender: Recommender):
    answer = recommender.recommend(title="Warehouse, at night", k=5, explain=True)
    assert answer.to_dict().get("title") == {
        "text": "Warehouse, at night",
        "knowledge": 1.0,
        "phrase": "warehouse",
        "playlists": 6,
    }
    for song in answer.results:
        assert "n 5 playlists with “warehouse” in their names" in str(song.explanation)


def test_a_title_beside_a_seed_brings_songs_of_both(recommender: Recommender):
    alone = recommender.recommend("Hello - Adele", k=20)
    beside = recommender.recommend("Hello - Adele", title="warehouse at night", k=20)
    assert [song.track_id for song in beside.results] != [song.track_id for song in alone.results]
    assert any("title" in song.channels for song in beside.results)
    assert beside.seeds == alone.seeds


def test_a_title_that_nobody_uses_changes_nothing_beside_a_seed(recommender: Recommender):
    alone = recommender.recommend("Hello - Adele", k=20)
    beside = recommender.recommend("Hello - Adele", title="qqqq", k=20)
    assert beside.results == alone.results
    assert beside.title is not None
    assert not beside.title.is_known


def test_a_title_that_nobody_uses_alone_is_not_found(recommender: Recommender):
    with pytest.raises(SeedNotFound, match="no playlist has a name like 'qqqq'"):
        recommender.recommend(title="qqqq")


@pytest.mark.parametrize("title", ["", "  ", "x" * 600])
def test_a_title_is_a_text(recommender: Recommender, title: str):
    with pytest.raises(UsageError):
        recommender.recommend("Hello - Adele", title=title)


def test_a_question_is_taken_apart(recommender: Recommender):
    answer = recommender.ask("7 songs for a rainy evening, but no Mayday")
    assert len(answer.results) == 7
    assert answer.understood is not None
    assert answer.understood.reading is Reading.QUESTION
    kinds = {part.kind.value: part.text for part in answer.understood.parts}
    assert kinds["length"] == "7 songs"
    assert kinds["words"] == "rainy evening"
    assert "Mayday" in kinds["unlike"]
    assert genres_of(answer) == {"mandopop"}
    assert not any("Mayday" in song.artist_names for song in answer.results)


def test_an_occasion_in_another_language_is_looked_for_in_english(recommender: Recommender):
    asked = recommender.ask("8 Lieder für einen regnerischen Tag")
    assert asked.title is not None
    assert asked.title.text.startswith("rainy day")
    assert genres_of(asked) == {"mandopop"}
    known = recommender.ask("8 Lieder für rainy evening")
    assert known.title is not None
    assert known.title.text == "rainy evening"


def test_what_is_given_beside_a_question_comes_first(recommender: Recommender):
    options = RecallOptions(hits=0.5)
    question = "7 songs for a rainy evening, no hits, before 1999"
    filters = Filters(year_max=2010)
    answer = recommender.ask(question, k=3, options=options, filters=filters)
    assert len(answer.results) == 3


def test_a_question_like_an_artist_has_the_artists_songs_as_seeds(recommender: Recommender):
    asked = recommender.ask("something like Kraftwerk")
    assert asked.artist == "Kraftwerk"
    assert {seed.artist_names for seed in asked.seeds} == {("Kraftwerk",)}


def test_a_question_like_several_has_songs_of_all(recommender: Recommender):
    asked = recommender.ask("something like Kraftwerk and Adele")
    artists = {name for seed in asked.seeds for name in seed.artist_names}
    assert artists == {"Kraftwerk", "Adele"}
    assert len(asked.seeds) == 10


def test_a_name_in_a_question_that_nobody_has_is_missing(recommender: Recommender):
    asked = recommender.ask("something like Kraftwerk and Zzyzzxqq Qqwwq")
    assert asked.missing == ("Zzyzzxqq Qqwwq",)
    assert asked.artist == "Kraftwerk"


def test_a_genre_is_a_question(recommender: Recommender):
    asked = recommender.ask("techno from 1980 to 2030")
    assert all("techno" in song.genres for song in asked.results)
    assert asked.understood is not None
    assert [part.kind.value for part in asked.understood.parts] == ["genre", "year"]


@pytest.mark.parametrize("text", ["fast songs", "5 songs", "no hits", "songs before 2030, qqqq"])
def test_filters_alone_list_what_passes_them(recommender: Recommender, text: str):
    answer = recommender.ask(text, k=5, explain=True)
    assert len(answer.results) == 5
    assert answer.seeds == ()
    assert "a similar name" not in str(answer.results[0].explanation)


def test_artists_in_capitals_need_no_like(recommender: Recommender):
    asked = recommender.ask("Kraftwerk before 2030")
    assert asked.artist == "Kraftwerk"
    assert asked.understood is not None
    assert [part.kind.value for part in asked.understood.parts] == ["like", "year"]
    several = recommender.ask("Kraftwerk, Adele")
    assert {name for seed in several.seeds for name in seed.artist_names} >= {"Kraftwerk", "Adele"}


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("3 songs by kraftwerk", True),
        ("3 songs by Kraftwerk", True),
        ("3 songs like kraftwerk", False),
        ("kraftwerk, 3 songs", False),
    ],
)
def test_songs_by_an_artist_are_not_songs_like_them(
    recommender: Recommender, text: str, is_own: bool
):
    own = ["Kraftwerk" in song.artist_names for song in recommender.ask(text).results]
    assert len(own) == 3
    assert all(own) == is_own


def test_songs_by_an_artist_are_the_best_known_ones_first(recommender: Recommender):
    asked = recommender.ask("5 songs by Jay Chou", explain=True)
    seeds = [seed.track_id for seed in asked.seeds]
    assert [song.track_id for song in asked.results] == seeds[:5]
    assert {song.explanation for song in asked.results} == {"Of the best-known songs by Jay Chou."}
    assert asked.relaxed == ()


def test_the_deep_cuts_of_an_artist_are_the_artists_own(recommender: Recommender):
    texts = ("jay chou deep cuts, 8 songs", "like jay chou, no hits, 8 songs")
    own, liked = (
        sum("Jay Chou" in song.artist_names for song in recommender.ask(text).results)
        for text in texts
    )
    assert own > liked


def test_a_list_without_hits_leaves_the_known_songs_out(recommender: Recommender):
    known = recommender.ask("techno, 10 songs")
    assert max(song.popularity or 0 for song in known.results) > 50
    asked = recommender.ask("techno, no hits, 10 songs")
    assert len(asked.results) == 10
    assert max(song.popularity or 0 for song in asked.results) <= 50
    assert [song.rank for song in asked.results] == list(range(1, 11))


@pytest.mark.parametrize(
    "text", ["Kraftwerk and Adele", "Kraftwerk & Adele", "Kraftwerk und Adele"]
)
def test_several_artists_in_capitals_are_told_apart(recommender: Recommender, text: str):
    asked = recommender.ask(text)
    assert {name for seed in asked.seeds for name in seed.artist_names} >= {"Kraftwerk", "Adele"}


@pytest.mark.parametrize(
    ("text", "artists"),
    [
        ("kraftwerk before 2030", {"Kraftwerk"}),
        ("songs by jay chou for a rainy evening", {"Jay Chou"}),
        ("techno songs by Kraftwerk", {"Kraftwerk"}),
        ("rainy evening kraftwerk", {"Kraftwerk"}),
        ("lionel richie and jay chou", {"Lionel Richie", "Jay Chou"}),
        ("echo park 5 songs", {"Echo Park"}),
        ("salt and sand slow songs", {"Salt & Sand"}),
    ],
)
def test_artists_in_small_letters_need_no_like(
    recommender: Recommender, text: str, artists: set[str]
):
    asked = recommender.ask(text)
    assert {name for seed in asked.seeds for name in seed.artist_names} == artists
    assert asked.understood is not None
    assert "like" in [part.kind.value for part in asked.understood.parts]


@pytest.mark.parametrize(
    "text",
    [
        "songs for a nova, 5 songs",
        "5 songs about kraftwerk",
        "nova rainy evening",
        "hermit 5 songs",
    ],
)
def test_words_of_everyday_name_no_artist(recommender: Recommender, text: str):
    assert recommender.ask(text).seeds == ()


def test_an_artist_in_small_letters_that_is_not_wanted_is_left_out(recommender: Recommender):
    asked = recommender.ask("rainy evening, not jay chou, 60 songs")
    assert asked.seeds == ()
    assert len(asked.results) == 60
    assert not any("Jay Chou" in song.artist_names for song in asked.results)


@pytest.mark.parametrize("text", ["kraftwerk before 2030", "songs for a rainy evening"])
def test_a_question_asks_the_store_a_few_times(
    recommender: Recommender, text: str, monkeypatch: pytest.MonkeyPatch
):
    with recommender.opened() as release:
        calls: list[int] = []
        query = release.store.query

        def counted(queries: Any) -> Any:
            calls.append(len(queries))
            return query(queries)

        monkeypatch.setattr(release.store, "query", counted)
        recommender.ask(text)
    assert len(calls) <= (6 if "kraftwerk" in text else 3)


@pytest.mark.parametrize("name", ["Salt & Sand", "Salt and Sand", "salt und sand", "Salt + Sand"])
def test_an_and_in_a_name_may_be_written_in_many_ways(recommender: Recommender, name: str):
    asked = recommender.ask(f"something like {name}")
    assert asked.artist == "Salt & Sand"
    both = recommender.ask(f"something like {name} and Adele")
    assert {name for seed in both.seeds for name in seed.artist_names} == {"Salt & Sand", "Adele"}
    assert recommender.recommend(name).artist == "Salt & Sand"


@pytest.mark.parametrize("text", ["techno music", "techno", "Techno songs", "instrumental music"])
def test_filters_alone_are_a_question_though_a_song_is_called_so(
    recommender: Recommender, text: str
):
    assert recommender.recommend("Techno Music").seeds[0].track_name == "Techno Music"
    asked = recommender.ask(text, k=5)
    assert asked.understood is not None
    assert asked.understood.reading is Reading.QUESTION
    assert asked.seeds == ()


def test_filters_in_quotation_marks_are_a_title(recommender: Recommender):
    asked = recommender.ask('"techno music"', k=5)
    assert [seed.track_name for seed in asked.seeds] == ["Techno Music"]


def test_words_in_capitals_that_name_nobody_are_words(recommender: Recommender):
    asked = recommender.ask("Rainy Evening, 5 songs")
    assert asked.understood is not None
    assert [part.kind.value for part in asked.understood.parts] == ["words", "length"]


def test_what_no_filter_can_meet_is_not_searched_for(recommender: Recommender):
    asked = recommender.ask("techno by women")
    assert asked.understood is not None
    assert asked.understood.ignored == ("by women",)
    assert asked.title is not None
    assert asked.title.text == "techno"


def test_years_that_are_not_wanted_are_no_filter(recommender: Recommender):
    asked = recommender.ask("techno but not from the 80s")
    assert asked.understood is not None
    assert asked.understood.ignored == ("but not from the 80s",)
    assert "year" not in [part.kind.value for part in asked.understood.parts]


def test_a_range_that_is_given_stands_for_that_of_the_question(recommender: Recommender):
    filters = Filters(year_min=2015)
    assert recommender.ask("techno of the 90s", k=3, filters=filters).results


def test_upstreams_merge_reads_no_title(recommender: Recommender):
    upstream = PRESETS["upstream"]
    with pytest.raises(UsageError, match="upstream's merge reads no titles"):
        recommender.recommend("Hello - Adele", title="rainy evening", options=upstream)
    assert recommender.ask("Hello - Adele", options=upstream).results


@pytest.mark.parametrize("text", ["\ud800", 5, None, b"x"])
def test_a_question_is_a_text(recommender: Recommender, text: Any):
    with pytest.raises(UsageError, match="expected a text"):
        recommender.ask(text)


def test_a_song_for_a_title_is_not_said_to_be_like_a_seed(recommender: Recommender):
    answer = recommender.recommend("Alone", title="warehouse at night", k=60, explain=True)
    reasons = [
        str(song.explanation) for song in answer.results if next(iter(song.channels), "") == "title"
    ]
    assert reasons
    assert not any("sounds" in reason or "both" in reason for reason in reasons)


def test_nonsense_is_not_found(recommender: Recommender):
    with pytest.raises(SeedNotFound, match="no song, artist or name of playlists matches"):
        recommender.ask("qqqq wwww zzzz")


@pytest.mark.parametrize(
    "text", ["french songs for a rainy evening", "something like Adele in French"]
)
def test_an_answer_says_that_a_language_is_rare(recommender: Recommender, text: str):
    note = "no song of this release is known to be in French"
    asked = recommender.ask(text, k=5)
    assert asked.notes == (note,)
    assert asked.to_dict().get("notes") == [note]
    assert "languages" in asked.relaxed
    assert recommender.ask("german songs for a rainy evening", k=5).notes == ()
    filtered = recommender.recommend("Hello - Adele", filters=Filters(languages=("fr",)), k=5)
    assert filtered.notes == (note,)


def test_the_json_of_a_question_says_how_it_was_read(recommender: Recommender):
    content = recommender.ask("songs for a rainy evening").to_dict()
    assert content.get("understood") == {
        "reading": "question",
        "parts": [
            {"start": 12, "end": 25, "text": "rainy evening", "kind": "words"}
            | {"value": "rainy evening"}
        ],
        "ignored": [],
        "is_title_too": False,
    }
