"""Which additions to a title leave the recording alone, and which make it another."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.ingest.cleaning.recording_key import with_recording_key


def keys(*titles: str | None, album: str | None = None) -> list[str | None]:
    frame = pl.DataFrame({"title": titles, "album": [album] * len(titles)}, schema_overrides=TEXT)
    return with_recording_key(frame.lazy(), "title", "album", "key").collect()["key"].to_list()


TEXT = {"title": pl.String, "album": pl.String}

FOLDED = [
    "HELLO", "Hello (feat. Someone)", "Hello (with Someone)", "Hello feat. Someone",
    "Hello [ft. Someone & Another]", "Hello - Remastered", "Hello - 2011 Remaster",
    "Hello (Remastered 2009)", "Hello - Remastered 2009 / Single Version",
    "Hello (2015 Remastered Version)", "Hello - Digital Remaster", "Hello - Remasterizado en 2007",
    "Hello (Remasterisé en 2003)", "Hello - リマスター", "Hello - Single Version",
    "Hello (Album Version)", "Hello - Original Mix", "Hello - Bonus Track", "Hello (Deluxe)",
    'Hello - From "The Film"', 'Hello (From "The Film" Soundtrack)', "Hello - from “The Film”",
    "Hello (Original Motion Picture Soundtrack)", "Hello (feat. Someone) - 2011 Remaster",
    "Hello - Bonus Track - 2011 Remaster", "Hello - KR Ver.",
]  # fmt: skip

APART = [
    "Hello - Live", "Hello (Live at Wembley)", "Hello - Live / Remastered", "Hello (En Vivo)",
    "Hello - Ao Vivo", "Hello - Acoustic", "Hello (Demo)", "Hello - Radio Edit", "Hello (Remix)",
    "Hello - Someone Remix", "Hello (Karaoke Version)", "Hello - Instrumental", "Hello カラオケ",
    "Hello (A Cappella)", "Hello - Sped Up", "Hello (Someone's Version)", "Hello - Re-recorded",
    "Hello (Mono)", "Hello - Extended Mix", "Hello - Japanese Version", "Hello, Pt. 2",
    "Hello feat. Someone - Live", "Hello (feat. Someone) [Remix]", "Hello - 2009 Mix",
    "Hello - Original Demo",
]  # fmt: skip


@pytest.mark.parametrize("title", FOLDED)
def test_released_again(title: str):
    assert keys(title) == keys("Hello")


@pytest.mark.parametrize("title", APART)
def test_made_anew(title: str):
    assert keys(title) != keys("Hello")


def test_one_take_written_differently_is_one_take():
    live, *others = keys(
        "Hello - Live", "Hello (Live)", "Hello [LIVE]", "Hello - Live - 2011 Remaster",
        "Hello (Live) [Remastered]", "Hello (Live / Remastered 2011)", "Hello (feat. X) - Live",
    )  # fmt: skip
    assert others == [live] * len(others)


@pytest.mark.parametrize("album", ["Live at Wembley", "MTV Unplugged", "Hits (Live)", "Ao Vivo"])
def test_on_a_live_album_unmarked_titles_are_live_too(album: str):
    assert keys("Hello", album=album) != keys("Hello", album="Hello")
    assert keys("Hello (Live)", album=album) == keys("Hello (Live)", album="Hello")


@pytest.mark.parametrize("album", ["Live Fast", "Alive", "Long Live", None])
def test_not_every_album_with_the_word_is_live(album: str | None):
    assert keys("Hello", album=album) == keys("Hello")


def test_nothing_but_additions_is_a_title():
    assert keys(None) == [None]
    original, bonus = keys("(Original Mix)", "[Bonus Track]")
    assert original
    assert bonus
    assert original != bonus


@settings(max_examples=50)
@given(st.text(max_size=20), st.sampled_from([" (Remastered 2009)", " - 2011 Remaster"]))
def test_a_remaster_of_any_title(title: str, remaster: str):
    plain, remastered = keys("A" + title + "b", "A" + title + "b" + remaster)
    assert plain == remastered
