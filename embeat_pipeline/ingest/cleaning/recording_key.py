"""Key of a title that all releases of one recording share, and other recordings do not.

Additions that are known to keep the recording the same (``Remastered 2011``, ``feat. ...``) are
removed, in brackets or after a dash. Any other addition, in any language, stays: ``Live``,
``En vivo``, ``Karaoke``, ``Demo``, ``Radio Edit``, ``Remix``. Serving's ``title_key`` removes
these, too, since a list should not hold a song twice.
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
    # Songs with a Japanese version mark the Korean original.
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
    """Add the column ``key`` to ``frame``; null where the title is.

    Every track of a live, karaoke or instrumental album counts as such, even if only the album's
    name says so.

    Args:
        frame: has the columns ``title`` and ``album``, both text.
        title: name of the column with titles.
        album: name of the column with names of albums.
        key: name of the new column.
    """
    stem = (
        pl.col(title)
        .str.replace_all(_BRACKETED, " ")
        .str.replace_all(_GUESTS, "${1}")
        .str.replace_all(_ALSO_REMASTERED, "${1}")
        .str.replace_all(_TRAILING, "")
    )
    is_live_album = pl.col(album).str.contains(_LIVE_ALBUM) & ~pl.col(title).str.contains(
        _LIVE_TITLE
    )
    mark = pl.when(is_live_album.fill_null(False)).then(pl.lit(" (live)")).otherwise(pl.lit(""))
    current = pl.col(key)
    stripped = frame.with_columns(stem.alias(key)).with_columns(
        pl.when(current.str.contains(blank())).then(title).otherwise(current).alias(key)
    )
    return with_name_key(stripped, current, key).with_columns(current + mark)
