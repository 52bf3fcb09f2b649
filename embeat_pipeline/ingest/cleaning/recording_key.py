"""Titles as keys of recordings: what was released again is folded, what was made anew is not.

Serving's ``title_key`` also folds live takes and edits, because a list should not hold a song
twice; these are recordings of their own, and keep their key here. So only what is known to leave
the recording alone is taken off a title, in brackets or after a dash, and any other addition, in
whatever language, stays: ``Live``, ``En vivo``, ``Karaoke``, ``Demo``, ``Radio Edit``, ``Remix``.
"""

import polars as pl

from embeat_pipeline.common.text_expressions import blank, with_name_key

_REMASTER = (
    r"(?:(?:\d{2,4}|digital(?:ly)?|new|version|versión|versão)[\s-]+)*"
    r"(?:re-?master(?:ed|ing|izado|izada|ización)?|remasteris[ée]e?|rimasterizzat[oa]|リマスター)"
    r"(?:[\s/-]+(?:\d{2,4}|in|en|em|version|versión|versão|edition|album|single|original|digital"
    r"|recording|track)\b)*"
)
_EDITION = (
    r"(?:(?:original|album|single|lp|main|standard)\s+)*"
    r"(?:original(?:\s+(?:mix|version|recording))?|(?:album|single|lp|main)(?:\s+version)?"
    # Once there is a Japanese one, Korean releases say which is the original.
    r"|(?:kr|korean)\s+ver(?:sion|\.)?"
    r"|explicit(?:\s+(?:version|album\s+version))?|bonus(?:\s+track)?|deluxe"
    r"(?:\s+(?:version|edition))?)"
)
_FILM = (
    r"(?:(?:music|song|theme)\s+)?from\s+(?:the\s+\w+\s+)?[\"“”„«'‘][^()\[\]\"“”»’]*[\"“”»'’]?"
    r"(?:\s+(?:original\s+)?(?:motion\s+picture\s+)?(?:soundtrack|score))?"
    r"|(?:from\s+[^()\[\]]*\s)?(?:original\s+)?(?:motion\s+picture\s+)?soundtrack"
)
_SAME = rf"(?:{_REMASTER}|{_EDITION}|{_FILM})"
_FEATURING = r"(?:feat|ft|featuring)\b\.?\s"

_BRACKETED = rf"(?i)[(\[]\s*(?:(?:{_FEATURING}|with\s)[^()\[\]]*|{_SAME})\s*[)\]]"
_GUESTS = rf"(?i)\s\b{_FEATURING}[^()\[\]]*?(\s-\s|\s*[(\[]|$)"
_TRAILING = rf"(?i)(?:\s+[-–]\s+{_SAME})+\s*$"
_ALSO_REMASTERED = rf"(?i)[/;,]\s*{_REMASTER}\s*([)\]]|$)"

_LIVE = r"unplugged|in concert|(?:en|ao) vivo|en (?:directo|concierto)|karaoke|instrumentals"
_LIVE_TITLE = rf"(?i)\b(?:live|instrumental|{_LIVE})\b"
_LIVE_ALBUM = rf"(?i)\b(?:live (?:at|from|in)|{_LIVE})\b|[(\[] *live\b| - live\b"


def with_recording_key(frame: pl.LazyFrame, title: str, album: str, key: str) -> pl.LazyFrame:
    """``frame`` with the key that the releases of one recording share; null where the title is.

    Args:
        frame: with the columns ``title`` and ``album``, text. Of a live, karaoke or instrumental
            album every track is one, marked or not.
        title: name of the column.
        album: name of the column.
        key: name of the new column.
    """
    bare = (
        pl.col(title)
        .str.replace_all(_BRACKETED, " ")
        .str.replace_all(_GUESTS, "${1}")
        .str.replace_all(_ALSO_REMASTERED, "${1}")
        .str.replace_all(_TRAILING, "")
    )
    only_on_album = pl.col(album).str.contains(_LIVE_ALBUM) & ~pl.col(title).str.contains(
        _LIVE_TITLE
    )
    mark = pl.when(only_on_album.fill_null(False)).then(pl.lit(" (live)")).otherwise(pl.lit(""))
    left = pl.col(key)
    stripped = frame.with_columns(bare.alias(key)).with_columns(
        pl.when(left.str.contains(blank())).then(title).otherwise(left).alias(key)
    )
    return with_name_key(stripped, left, key).with_columns(left + mark)
