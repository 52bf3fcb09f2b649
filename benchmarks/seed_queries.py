"""Make texts as people type them, from a lake's own tables, each with what it means.

Nothing is stored: the same lake and seed give the same texts. Rules say what a text means:

- A *song* is a title key and a main artist; the most popular of its tracks is meant.
- A title alone means the most popular song of that title. It is used only where the next artist's
  song is at least ``CLEAR_LEAD`` less popular.
- An artist's name means the most popular artist of that name. It is used only where no song of
  that name is as popular.
- A misspelt text is left out where it is the exact name of something else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import opencc
import polars as pl
import regex as re

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.text_keys import fold, name_key, title_key

CLEAR_LEAD = 12
"""Popularity by which the song that a title alone means leads the next artist's."""

SCRIPTS = {
    "japanese": r"[\u3040-\u30ff]",
    "korean": r"[\uac00-\ud7af]",
    "chinese": r"[\u4e00-\u9fff]",
    "cyrillic": r"[\u0400-\u04ff]",
    "arabic": r"[\u0600-\u06ff]",
    "hebrew": r"[\u0590-\u05ff]",
    "greek": r"[\u0370-\u03ff]",
    "thai": r"[\u0e00-\u0e7f]",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


@dataclass(frozen=True)
class Typed:
    """One text and what it means: songs in order, or one artist."""

    kind: str
    text: str
    songs: tuple[dict[str, Any], ...] = ()
    artist_code: int | None = None
    artist_name: str = ""


class Catalogue:
    """The tables that the rules read: every track with its title key, and every artist."""

    def __init__(self, lake: LakePaths):
        columns = ("track_id", "track_name", "artist_codes", "artist_names", "isrc")
        known = pl.read_parquet(
            lake.table("tracks"), columns=[*columns, "recording_code", "popularity"]
        )
        known = known.with_columns(pl.col("popularity").fill_null(0).cast(pl.Int64))
        keys = [title_key(name) for name in known["track_name"]]
        main = pl.col("artist_codes").list.first()
        self.tracks = known.with_columns(pl.Series("song", keys), main.alias("main")).drop_nulls(
            "main"
        )
        best = self.tracks.sort("popularity", descending=True, maintain_order=True)
        self.songs = best.unique(["song", "main"], keep="first", maintain_order=True)
        artists = pl.read_parquet(lake.table("artists")).filter(pl.col("num_tracks") > 0)
        names = [name_key(name) for name in artists["artist_name"]]
        artists = artists.with_columns(pl.Series("name", names), pl.col("popularity").fill_null(0))
        self.artists = artists.sort("popularity", "num_tracks", descending=True)
        self.names = set(names) | set(keys) | {name_key(name) for name in known["track_name"]}


def queries(lake: LakePaths, each: int, seed: int) -> list[Typed]:
    """Make about ``each`` texts of every kind."""
    catalogue = Catalogue(lake)
    rng = np.random.default_rng(seed)
    return [query for kind in _KINDS for query in kind(catalogue, each, rng)]


def _draw(songs: pl.DataFrame, number: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    chosen = rng.permutation(songs.height)[:number]
    return songs[np.sort(chosen)].to_dicts()


def _known(catalogue: Catalogue, least: int = 20) -> pl.DataFrame:
    named = (pl.col("song").str.len_chars() > 1) & (pl.col("popularity") >= least)
    return catalogue.songs.filter(named)


def _artist(song: dict[str, Any]) -> str:
    return song["artist_names"][0]


def _plain(song: dict[str, Any]) -> str:
    """The title without what follows it in brackets or after a dash, unless that is part of it."""
    bare = re.sub(r"\s*[(\[].*$|\s+-\s+.*$", "", song["track_name"])
    return bare if title_key(bare) == song["song"] else song["track_name"]


def _ways(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    ways: dict[str, Callable[[dict[str, Any]], str]] = {
        "title - artist": lambda song: f"{song['track_name']} - {_artist(song)}",
        "artist - title": lambda song: f"{_artist(song)} - {song['track_name']}",
        "title artist": lambda song: f"{song['track_name']} {_artist(song)}".lower(),
        "artist title": lambda song: f"{_artist(song)} {song['track_name']}".lower(),
        "title by artist": lambda song: f"{song['track_name']} by {_artist(song)}",
        "full width": lambda song: f"{song['track_name']} - {_artist(song)}".translate(FULL_WIDTH),
        "id": lambda song: song["track_id"],
        "link": lambda song: f"https://open.spotify.com/intl-de/track/{song['track_id']}?si=0a1b",
        "uri": lambda song: f"spotify:track:{song['track_id']}",
    }
    for kind, write in ways.items():
        for song in _draw(_known(catalogue), each, rng):
            yield Typed(kind, write(song), (song,))
    coded = catalogue.tracks.filter(pl.col("isrc").is_not_null())
    coded = coded.sort("popularity", descending=True).unique("isrc", keep="first")
    for song in _draw(coded, each, rng):
        yield Typed("isrc", song["isrc"], (song,))


def _titles(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    ranked = catalogue.songs.group_by("song", maintain_order=True).agg(
        pl.exclude("song").first(),
        pl.len().alias("artists"),
        pl.col("popularity").sort(descending=True).get(1, null_on_oob=True).alias("next"),
    )
    taken = set(catalogue.artists["name"])
    clear = (pl.col("popularity") - pl.col("next").fill_null(0) >= CLEAR_LEAD) & (
        pl.col("popularity") >= 40
    )
    known = ranked.filter(clear & ~pl.col("song").is_in(taken))
    kinds = {"title alone": pl.col("artists") < 5, "title of five artists": pl.col("artists") >= 5}
    for kind, condition in kinds.items():
        for song in _draw(known.filter(condition), each, rng):
            yield Typed(kind, _plain(song), (song,))


def _artists(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    best = catalogue.songs.group_by("song").agg(pl.col("popularity").max().alias("song_popularity"))
    by_name = catalogue.artists.unique("name", keep="first", maintain_order=True)
    meant = by_name.join(best, left_on="name", right_on="song", how="left").filter(
        pl.col("popularity") > pl.col("song_popularity").fill_null(0)
    )
    meant = meant.filter((pl.col("popularity") >= 30) & (pl.col("name").str.len_chars() > 1))
    others = meant.filter(pl.col("artist_name").str.contains(r"[\u0370-\u07ff\u0e00-\ud7af]"))
    shared = catalogue.artists.group_by("name").len().filter(pl.col("len") > 1)["name"]
    groups = {
        "artist alone": meant,
        "artist, other script": others,
        "artist, shared name": meant.filter(pl.col("name").is_in(shared.implode())),
    }
    for kind, group in groups.items():
        for row in _draw(group, each, rng):
            name = row["artist_name"]
            yield Typed(kind, name, (), row["artist_code"], name)
    for row in _draw(meant.filter(pl.col("name").str.len_chars() >= 6), each, rng):
        name = row["artist_name"]
        typed = misspelt(name.lower(), 1, rng)
        if name_key(typed) not in catalogue.names:
            yield Typed("artist, one typo", typed, (), row["artist_code"], name)


def _scripts(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    for script, pattern in SCRIPTS.items():
        written = catalogue.songs.filter(pl.col("track_name").str.contains(pattern))
        for song in _draw(written, each, rng):
            yield Typed(script, f"{_plain(song)} {_artist(song)}", (song,))
    chinese = catalogue.songs.filter(pl.col("track_name").str.contains(SCRIPTS["chinese"]))
    for kind, name in (("simplified", "t2s"), ("traditional", "s2t")):
        convert = opencc.OpenCC(name).convert
        changed = [song for song in chinese.to_dicts() if convert(song["song"]) != _plain(song)]
        for place in np.sort(rng.permutation(len(changed))[:each]):
            song = changed[place]
            yield Typed(kind, convert(f"{_plain(song)} - {_artist(song)}"), (song,))
    for row in _draw(chinese.filter(pl.col("song").str.len_chars() >= 5), each, rng):
        title = misspelt_han(_plain(row), rng)
        if name_key(title) not in catalogue.names:
            yield Typed("chinese, one typo", f"{title} - {_artist(row)}", (row,))


def _folded(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    known, whole = _known(catalogue), pl.col("track_name")
    accented = known.filter(whole.str.contains("[À-ÖØ-öø-ÿ]"))
    featuring = known.filter(whole.str.contains(r"(?i)\((feat|with)\.? "))
    editions = known.filter(whole.str.contains(r"(?i)remaster"))
    for song in _draw(accented, each, rng):
        yield Typed("without accents", fold(f"{song['track_name']} - {_artist(song)}"), (song,))
    for song in _draw(featuring, each, rng):
        yield Typed("feat. left out", f"{_plain(song)} - {_artist(song)}", (song,))
    for song in _draw(known.filter(pl.col("artist_codes").list.len() > 1), each, rng):
        guests = ", ".join(song["artist_names"][1:])
        text = f"{_artist(song)} feat. {guests} - {_plain(song)}"
        yield Typed("feat. put in", text, (song,))
    for song in _draw(editions, each, rng):
        yield Typed("remaster left out", f"{_plain(song)} - {_artist(song)}", (song,))
    for song in _draw(known, each, rng):
        text = f"{_plain(song)} (Remastered 2009) - {_artist(song)}"
        yield Typed("remaster put in", text, (song,))


def _misspelt(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    long = _known(catalogue).filter(
        pl.col("song").str.len_chars().is_between(5, 40) & pl.col("song").str.contains("[a-z]{4}")
    )
    ways = {
        "one typo, title - artist": (1, "{} - {}"),
        "two typos, title - artist": (2, "{} - {}"),
        "one typo, artist title": (1, "{1} {0}"),
        "two typos, title artist": (2, "{} {}"),
    }
    for kind, (number, form) in ways.items():
        for song in _draw(long, each, rng):
            text = misspelt(form.format(_plain(song), _artist(song)).lower(), number, rng)
            if name_key(text) not in catalogue.names:
                yield Typed(kind, text, (song,))
    clear = [query for query in _titles(catalogue, 4 * each, rng) if len(query.text) >= 8]
    for query in clear[:each]:
        text = misspelt(query.text.lower(), 1, rng)
        if name_key(text) not in catalogue.names:
            yield Typed("one typo, title alone", text, query.songs)


def _several(catalogue: Catalogue, each: int, rng: np.random.Generator) -> Iterator[Typed]:
    for place in range(each):
        songs = _draw(_known(catalogue, 30), 3, rng)
        texts = [f"{_plain(song)} - {_artist(song)}" for song in songs]
        yield Typed("several songs", ("\n", "; ")[place % 2].join(texts), tuple(songs))


_KINDS = (_ways, _titles, _artists, _scripts, _folded, _misspelt, _several)


def misspelt(text: str, number: int, rng: np.random.Generator) -> str:
    """Leave out, swap, change or double ``number`` letters of the longer words of a text."""
    for _ in range(number):
        places = [m.start() for m in re.finditer(r"(?<=\p{L})\p{L}(?=\p{L}{2})", text)]
        if not places:
            return text
        at = int(rng.choice(places))
        match rng.integers(4):
            case 0:
                text = text[:at] + text[at + 1 :]
            case 1:
                text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            case 2:
                text = text[:at] + str(rng.choice(list(LETTERS))) + text[at + 1 :]
            case _:
                text = text[:at] + text[at] + text[at:]
    return text


def misspelt_han(text: str, rng: np.random.Generator) -> str:
    """Leave out one character of a text, swap it with the next, or change it."""
    at = int(rng.integers(len(text) - 1))
    kind = rng.integers(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + "的一是在人有我他这中"[int(rng.integers(10))] + text[at + 1 :]
