import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.errors import UsageError
from embeat_serve.seeds.parsing import (
    MAX_TEXT,
    MAX_TOKENS,
    Link,
    Reading,
    check_text,
    parse_isrc,
    parse_link,
    parse_track_id,
    possible_readings,
    reading_tokens,
    search_tokens,
)

ID = "0F02KChKwbcQ3tk4q1YxLH"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"  {ID}\n",
        f"spotify:track:{ID}",
        f"https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com/track/{ID}?si=0123456789abcdef",
        f"http://open.spotify.com/intl-de/track/{ID}#t=10",
        f"open.spotify.com/track/{ID}/",
        f"https://open.spotify.com/embed/track/{ID}",
    ],
)
def test_track_references(text: str):
    assert parse_track_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        ID[:-1],
        f"{ID}x",
        f"spotify:album:{ID}",
        f"https://open.spotify.com/playlist/{ID}",
        "https://open.spotify.com/track/short",
        "https://example.org/track/" + ID,
        "spotify:track:",
        "晴天",
    ],
)
def test_what_is_no_track_is_refused(text: str):
    with pytest.raises(UsageError):
        parse_track_id(text)


def test_links_name_their_kind():
    assert parse_link(f"https://open.spotify.com/artist/{ID}?si=x") == Link("artist", ID)
    assert parse_link("Hello - Adele") is None
    assert parse_link(ID) is None


@pytest.mark.parametrize(
    "text", ["TWK970300503", "twk970300503", "TW-K97-03-00503", "ISRC: TWK970300503"]
)
def test_isrc(text: str):
    assert parse_isrc(text) == "TWK970300503"


@pytest.mark.parametrize("text", ["", "TWK97030050", "TWK9703005033", "12K970300503", "晴天"])
def test_what_is_no_isrc(text: str):
    assert parse_isrc(text) is None


def test_a_text_is_read_both_ways_round():
    assert possible_readings("晴天 - Jay Chou") == [
        Reading("晴天 - Jay Chou"),
        Reading("晴天", "Jay Chou"),
        Reading("Jay Chou", "晴天"),
    ]


def test_every_dash_may_divide():
    divided = possible_readings("Symphony No. 5 - Allegro - Beethoven")
    assert Reading("Symphony No. 5 - Allegro", "Beethoven") in divided
    assert Reading("Symphony No. 5", "Allegro - Beethoven") in divided


@pytest.mark.parametrize("text", ["晴天—周杰倫", "晴天 – 周杰倫", "晴天-周杰倫"])
def test_dashes_of_all_kinds(text: str):
    assert Reading("晴天", "周杰倫") in possible_readings(text)


def test_by_divides_where_no_dash_does():
    assert Reading("Hey Jude", "The Beatles") in possible_readings("Hey Jude by The Beatles")
    assert Reading("Stand", "Me - Ben E. King") not in possible_readings(
        "Stand by Me - Ben E. King"
    )


def test_words_leave_out_what_credits_differ_in():
    assert search_tokens("Uptown Funk feat. Bruno Mars, Bruno") == (
        "uptown",
        "funk",
        "bruno",
        "mars",
    )
    assert reading_tokens(Reading("Hello (Remastered 2009)", "Adele")) == ("hello", "adele")
    assert len(search_tokens(" ".join(f"w{i}" for i in range(500)))) == MAX_TOKENS


@pytest.mark.parametrize("text", ["", "   ", "\n", "x" * (MAX_TEXT + 1)])
def test_empty_and_endless_texts_are_refused(text: str):
    with pytest.raises(UsageError):
        check_text(text)


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str):
    found = possible_readings(text)
    assert found[0] == Reading(text)
    for reading in found:
        reading_tokens(reading)
    parse_isrc(text)
