"""Titles as keys of recordings: what was released again is folded, what was made anew is not.

Serving's ``title_key`` also folds live takes and edits, because a list should not hold a song
twice; these are recordings of their own, and keep their key here. So only what is known to leave
the recording alone is taken off a title, in brackets or after a dash, and any other addition, in
whatever language, stays: ``Live``, ``En vivo``, ``Karaoke``, ``Demo``, ``Radio Edit``, ``Remix``.
"""

import polars as pl

from embeat_pipeline.text import blank, name_key

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

_BRACKETED = rf"(?i)\s*[(\[]\s*(?:(?:{_FEATURING}|with\s)[^()\[\]]*|{_SAME})\s*[)\]]"
_GUESTS = rf"(?i)\s\b{_FEATURING}[^()\[\]]*?(\s-\s|\s*[(\[]|$)"
_TRAILING = rf"(?i)(?:\s+[-–]\s+{_SAME})+\s*$"
_ALSO_REMASTERED = rf"(?i)\s*[/;,]\s*{_REMASTER}\s*([)\]]|$)"

_LIVE = r"unplugged|in concert|(?:en|ao) vivo|en (?:directo|concierto)|karaoke|instrumentals"
_LIVE_TITLE = rf"(?i)\b(?:live|instrumental|{_LIVE})\b"
_LIVE_ALBUM = rf"(?i)\b(?:live (?:at|from|in)|{_LIVE})\b|[(\[] *live\b| - live\b"


def recording_key(title: pl.Expr, album: pl.Expr) -> pl.Expr:
    """Key that the releases of one recording share; null where the title is.

    Args:
        title: text.
        album: text; of a live, karaoke or instrumental album every track is one, marked or not.
    """
    bare = (
        title.str.replace_all(_BRACKETED, "")
        .str.replace_all(_GUESTS, "${1}")
        .str.replace_all(_ALSO_REMASTERED, "${1}")
        .str.replace_all(_TRAILING, "")
    )
    only_on_album = album.str.contains(_LIVE_ALBUM) & ~title.str.contains(_LIVE_TITLE)
    key = name_key(pl.when(bare.str.contains(blank())).then(title).otherwise(bare))
    return pl.when(only_on_album.fill_null(False)).then(key + " (live)").otherwise(key)
