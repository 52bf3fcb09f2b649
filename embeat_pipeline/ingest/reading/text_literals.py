"""Parse lists and dicts that Python or JSON wrote as text, into lists of text."""

import polars as pl

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""

_JSON_STRING = (
    r'^"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]'
    r"|\\u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})"
    r'|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*"$'
)

_ESCAPES = {r"\'": "'", r"\"": '"', r"\\": "\\", r"\n": " ", r"\t": " "}


def is_quoted(text: pl.Expr) -> pl.Expr:
    """Whether text is a list, tuple or set of quoted texts, possibly empty."""
    return text.str.contains(r"""^\s*[\[({]\s*(?:['"].*['"]\s*,?\s*)?[\])}]\s*$""")


def is_bracketed(text: pl.Expr) -> pl.Expr:
    """Whether text is in square brackets."""
    return text.str.contains(r"^\s*\[.*\]\s*$")


def items(text: pl.Expr) -> pl.Expr:
    """Items of a list, or alternating keys and values of a dict; they may be without quotes."""
    quoted = text.str.extract_all(_QUOTED).list.eval(_unquoted(pl.element()))
    bare = (
        text.str.strip_chars(" \t[](){}").str.split(",").list.eval(pl.element().str.strip_chars())
    )
    words = bare.list.filter((pl.element() != "") & ~pl.element().is_in(["None", "null", "nan"]))
    return pl.when(text.str.contains("['\"]")).then(quoted).otherwise(words)


def keys(text: pl.Expr) -> pl.Expr:
    """Keys of a dict."""
    return items(text).list.gather_every(2)


def values(text: pl.Expr) -> pl.Expr:
    """Values of a dict."""
    return items(text).list.gather_every(2, 1)


def is_dict(text: pl.Expr) -> pl.Expr:
    """Whether text is a dict."""
    return text.str.contains(r"^\s*\{\s*['\"].*['\"]\s*:\s*['\"].*\}\s*$")


def is_records(text: pl.Expr) -> pl.Expr:
    """Whether text is a list of dicts."""
    return text.str.contains(r"^\s*\[\s*\{")


def record_values(text: pl.Expr, key: str) -> pl.Expr:
    """Value of ``key`` in each item of a list of dicts."""
    pairs = text.str.extract_all(rf"""['"]{key}['"]\s*:\s*(?:{_QUOTED})""")
    value = pl.element().str.extract(rf"""^['"]{key}['"]\s*:\s*(.*)$""")
    return pairs.list.eval(_unquoted(value))


def _unquoted(quoted: pl.Expr) -> pl.Expr:
    is_json = quoted.str.contains(_JSON_STRING)
    decoded = pl.when(is_json).then(quoted).otherwise(pl.lit('""')).str.json_decode(pl.String)
    inner = quoted.str.slice(1, quoted.str.len_chars() - 2)
    plain = ~quoted.str.contains("\\", literal=True)
    python = inner.str.replace_many(_ESCAPES)
    return pl.when(plain).then(inner).when(is_json).then(decoded).otherwise(python)
