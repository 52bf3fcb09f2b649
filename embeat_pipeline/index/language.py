"""Guess the language of a song from its title, artists and genres; unknown stays unknown.

The first evidence decides, in this order: the script of the title; a genre of a language whose
songs often have English titles (k-pop); the script of the artists' names; words of the title that
only one language has; any genre of a language. The audio is not used.
"""

import polars as pl

GENRE_LANGUAGES = (
    ("yue", r"cantopop|cantonese|hong kong"),
    ("zh", r"mandopop|c-pop|chinese|taiwan|zhongguo|gufeng"),
    ("ko", r"k-pop|k-rap|k-indie|k-rock|korean|\btrot\b"),
    ("ja", r"j-pop|j-rock|j-rap|japanese|anime|kayokyoku|enka|vocaloid|visual kei|shibuya-kei"),
    ("th", r"\bthai\b"),
    ("vi", r"vietnamese|v-pop|vinahouse"),
    ("id", r"indonesian?|dangdut"),
    ("tl", r"\bopm\b|pinoy|filipino|tagalog"),
    ("hi", r"bollywood|filmi|hindi"),
    ("pa", r"punjabi|bhangra"),
    ("ta", r"tamil|kollywood"),
    ("te", r"telugu|tollywood"),
    ("fa", r"persian|iranian"),
    ("ar", r"\barab|egyptian|khaliji|\brai\b"),
    ("he", r"israeli|hebrew|mizrahi"),
    ("el", r"\bgreek\b|laiko|entehno"),
    (
        "pt",
        r"brazil|brasil|\bmpb\b|sertanejo|pagode|samba|forro|funk carioca|portugu|\bfado\b|axe$",
    ),
    (
        "es",
        r"\blatino?\b|reggaeton|spanish|espanol|español|mexican|flamenco|salsa|bachata|cumbia"
        r"|ranchera|norteno|\bbanda\b|mariachi|corrido|vallenato|argentin|chilen|colombian|rock en",
    ),
    ("fr", r"\bfrench\b|francais|français|chanson|variete|francoton|quebecois"),
    ("de", r"\bgerman\b|deutsch|schlager"),
    ("it", r"\bitalian\b|canzone|napoletan"),
    ("tr", r"turkish|turkce|türkçe|anatolian|arabesk"),
    ("pl", r"\bpolish\b|disco polo"),
    ("uk", r"ukrainian"),
    ("ru", r"\brussian\b"),
    ("bg", r"bulgarian"),
    ("sr", r"serbian|turbo folk|yugoslav"),
    ("en", r"\bbritish\b|\buk\b|\bamericana?\b|\bcountry\b|nashville|britpop|southern hip hop"),
)
"""Language -> pattern of its genre names; the first match counts. Nations whose bands mostly sing
in English (Swedish, Dutch) are left out."""

WORDLESS = (
    r"house|techno|electro|\bedm\b|\bdisco\b|trance|jazz|classical|orchestr|soundtrack|piano"
    r"|instrumental|ambient|lo-fi|chill|baroque|opera|\bdub\b|metal|guitar"
)
"""Genre names that say nothing of the language, even with a nation in them ("french house")."""

ENGLISH_TITLES = ("yue", "zh", "ko", "ja", "th", "vi", "id", "tl", "hi", "pa", "ta", "te")
"""Languages whose songs often have English titles."""

KANA = r"[\p{Hiragana}\p{Katakana}]"
SCRIPTS = (
    ("ja", KANA),
    ("ko", r"\p{Hangul}"),
    ("zh", r"\p{Han}"),
    ("th", r"\p{Thai}"),
    ("he", r"\p{Hebrew}"),
    ("el", r"\p{Greek}"),
    ("hi", r"\p{Devanagari}"),
    ("ta", r"\p{Tamil}"),
    ("te", r"\p{Telugu}"),
    ("pa", r"\p{Gurmukhi}"),
    ("bn", r"\p{Bengali}"),
    ("ka", r"\p{Georgian}"),
    ("hy", r"\p{Armenian}"),
    ("fa", r"[پچژگ]"),
    ("ar", r"\p{Arabic}"),
    ("uk", r"[іїєґІЇЄҐ]"),
    ("sr", r"[ђћџљњјЂЋЏЉЊЈ]"),
    ("ru", r"\p{Cyrillic}"),
)
"""Language -> letters of its script; the first match counts."""

SHARED_SCRIPTS = (("zh", ("yue", "ja", "ko")), ("ru", ("uk", "bg", "sr")), ("ar", ("fa",)))
"""Language that a script suggests -> other languages, which the genre decides between."""

WORDS = (
    (
        "en",
        "the|you|your|my|of|and|with|it's|don't|i'm|can't|this|what|love|never|when|we|to|is|are|how|why|where"
        r"|won't|ain't|she|from",
    ),
    ("es", "el|los|las|del|y|mi|corazón|corazon|quiero|para|por|una|amor|contigo|yo|eres|estoy"),
    ("pt", "não|nao|você|voce|meu|minha|uma|eu|é|saudade|coração|da|em|pra|amor"),
    ("fr", "les|des|une|est|mon|ma|je|toi|dans|et|l'amour|c'est|pas|du|nous|le"),
    ("de", "der|und|ich|nicht|ein|eine|du|das|mein|ist|wir|für|dich|mit|auf|im|liebe"),
    ("it", "il|che|di|non|sono|gli|della|amore|perché|nel|ti|sei|mio|più|cuore"),
    ("tr", "bir|ben|seni|sen|aşk|gibi|beni|var|yok|değil"),
    ("pl", "nie|się|jest|moja|ciebie|mnie|dla|miłość"),
    ("id", "cinta|yang|aku|kau|tak|dan|untuk|kamu"),
)
"""Language -> common words of titles. They count where a title has words of one language only."""

VERSION = r"\s*(?:[(\[]| - | – |\b(?i:feat|ft)\b\.?).*$"
"""What follows a title: versions, guests."""

_OTHER_LETTERS = r"[\p{L}--[\p{Latin}\p{Common}]]"


def genre_languages(names: pl.Series) -> pl.Series:
    """Return the language (str, or null) of each genre name (str)."""
    name = pl.col("name")
    language = _first(name, GENRE_LANGUAGES)
    wordless = name.str.contains(WORDLESS)
    frame = names.str.to_lowercase().alias("name").to_frame()
    return frame.select(pl.when(~wordless).then(language).alias("language")).to_series()


def languages(titles: pl.Series, artists: pl.Series, genre: pl.Series) -> pl.Series:
    """Return the language codes of songs (str, ISO 639, null where unknown).

    Args:
        titles: titles (str).
        artists: names of the artists, joined (str).
        genre: language of the main artist's genres (str, or null).
    """
    frame = pl.DataFrame({"title": titles, "artists": artists, "genre": genre.cast(pl.String)})
    hint = pl.col("genre")
    frame = frame.with_columns(
        title_script=_of_script(frame["title"]), artist_script=_of_script(frame["artists"])
    )
    of_title, of_artists = _refined("title_script"), _refined("artist_script")
    japanese = (pl.col("title_script") == "zh") & hint.is_null() & (of_artists.is_in(["ja", "ko"]))
    return frame.select(
        pl.when(japanese)
        .then(of_artists)
        .otherwise(
            pl.coalesce(
                of_title,
                pl.when(hint.is_in(ENGLISH_TITLES)).then(hint),
                of_artists,
                _of_words(pl.col("title")),
                hint,
            )
        )
        .alias("language")
    ).to_series()


def _of_script(texts: pl.Series) -> pl.Series:
    """Return the language of each text's script; null for Latin letters only."""
    other = texts.str.contains(_OTHER_LETTERS).fill_null(False)
    frame = texts.alias("text").to_frame().with_row_index("row")
    detected = frame.filter(other).with_columns(language=_first(pl.col("text"), SCRIPTS))
    joined = frame.join(
        detected.select("row", "language"), on="row", how="left", maintain_order="left"
    )
    return joined["language"]


def _refined(script: str) -> pl.Expr:
    language, hint = pl.col(script), pl.col("genre")
    for suggested, others in SHARED_SCRIPTS:
        language = (
            pl.when((pl.col(script) == suggested) & hint.is_in(others))
            .then(hint)
            .otherwise(language)
        )
    return language


def _of_words(title: pl.Expr) -> pl.Expr:
    bare = title.str.replace(VERSION, "").str.to_lowercase().str.replace_all("’", "'")
    matches = {
        language: bare.str.contains(rf"(?:^|[\s,.!?])(?:{words})(?:$|[\s,.!?])").cast(pl.Int8)
        for language, words in WORDS
    }
    only_one = pl.sum_horizontal(matches.values()) == 1
    language_of_words = pl.coalesce(
        pl.when(has_words == 1).then(pl.lit(language)) for language, has_words in matches.items()
    )
    return pl.when(only_one).then(language_of_words)


def _first(text: pl.Expr, patterns: tuple[tuple[str, str], ...]) -> pl.Expr:
    return pl.coalesce(
        pl.when(text.str.contains(pattern)).then(pl.lit(language)) for language, pattern in patterns
    )
