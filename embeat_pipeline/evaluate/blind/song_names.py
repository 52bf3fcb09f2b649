"""Names that a judge sees: one spelling for both lists, so that spelling gives no side away."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypedDict

import polars as pl

from embeat_pipeline.common.text_expressions import name_key as name_key_expression
from embeat_pipeline.evaluate.blind.records import ListedSong
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.text_keys import name_key


class SongJson(TypedDict):
    """JSON of a ``ShownSong``."""

    track_name: str
    artist_names: list[str]


@dataclass(frozen=True)
class ShownSong:
    """All that a judge sees of a song. It has no id: only songs of the catalogue have one here."""

    track_name: str
    artist_names: tuple[str, ...]

    @classmethod
    def of(cls, track_name: str, artist_names: Sequence[str]) -> Self:
        """A song by its names, composed (NFC) and with single spaces."""
        return cls(_clean(track_name), tuple(map(_clean, artist_names)))

    def to_dict(self) -> SongJson:
        """The JSON object of the song."""
        return {"track_name": self.track_name, "artist_names": list(self.artist_names)}


def shown_songs(lake: LakePaths, songs: Iterable[ListedSong]) -> dict[ListedSong, ShownSong]:
    """Names of songs: as the catalogue has them, else as their list has them.

    A song is found in the catalogue by its id, or by its title and first artist.

    Args:
        lake: has the table ``tracks``.
        songs: as another system lists them.

    Returns:
        Song -> what is shown of it. A song that is not in the catalogue and has no names is
        left out.
    """
    songs = list(dict.fromkeys(songs))
    tracks = pl.scan_parquet(lake.table("tracks"))
    by_id = _songs_by_id(tracks, {song.track_id for song in songs if song.track_id})
    named = [song for song in songs if song.track_id not in by_id and song.track_name]
    by_key = _songs_by_key(tracks, {_key(song) for song in named})
    shown = {song: by_id[song.track_id] for song in songs if song.track_id in by_id}
    for song in named:
        as_listed = ShownSong.of(song.track_name, song.artist_names)
        shown[song] = by_key.get(_key(song), as_listed)
    return shown


def _songs_by_id(tracks: pl.LazyFrame, ids: set[str]) -> dict[str | None, ShownSong]:
    rows = (
        tracks.filter(pl.col("track_id").is_in(sorted(ids)))
        .select("track_id", "track_name", "artist_names")
        .collect()
    )
    return {track: ShownSong.of(name, artists or ()) for track, name, artists in rows.iter_rows()}


def _songs_by_key(
    tracks: pl.LazyFrame, keys: set[tuple[str, str]]
) -> dict[tuple[str, str], ShownSong]:
    """The most popular song of each (title, first artist)."""
    if not keys:
        return {}
    titles = sorted({title for title, _ in keys})
    rows = (
        tracks.select("track_name", "artist_names", "popularity")
        .with_columns(title_key=name_key_expression(pl.col("track_name")))
        .filter(pl.col("title_key").is_in(titles))
        .sort(pl.col("popularity").fill_null(0), descending=True, maintain_order=True)
        .select("track_name", "artist_names", "title_key")
        .collect()
    )
    found: dict[tuple[str, str], ShownSong] = {}
    for name, artists, title in rows.iter_rows():
        key = (title, name_key(artists[0]) if artists else "")
        if key in keys:
            found.setdefault(key, ShownSong.of(name, artists or ()))
    return found


def _key(song: ListedSong) -> tuple[str, str]:
    return name_key(song.track_name), name_key(song.artist_names[0])


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
