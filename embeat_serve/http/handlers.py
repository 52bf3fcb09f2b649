"""What a worker can be asked: the recommender, called with what a request held.

This is the one place where names of the API meet those of the recommender.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from embeat_serve.catalogue import lookups as catalogue
from embeat_serve.catalogue.autocomplete import search as complete
from embeat_serve.contract.audio_features import from_mappings
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import EmbeatError, SeedNotFound, UsageError
from embeat_serve.export.playlists import jspf, m3u
from embeat_serve.export.tabular import to_csv
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.results import Recommendations
from embeat_serve.stores.query import Query

Arguments = Mapping[str, Any]


class Text(NamedTuple):
    """An answer that is no JSON."""

    content: str
    media_type: str


FORMATS: dict[str, tuple[Callable[[Recommendations], str], str]] = {
    "m3u": (m3u, "audio/x-mpegurl; charset=utf-8"),
    "jspf": (jspf, "application/jspf+json; charset=utf-8"),
    "csv": (to_csv, "text/csv; charset=utf-8"),
}
"""Ways to write a list down besides JSON, and their media types."""


def recommend(recommender: Recommender, asked: Arguments) -> dict[str, Any] | Text:
    """Songs like those asked for."""
    answer = recommender.recommend(
        **_seeds(asked),
        k=asked.get("k", 20),
        dislikes=asked.get("dislikes", ()),
        filters=_filters(asked),
        options=options_of(recommender, asked),
        explain=asked.get("explain", False),
    )
    writer = FORMATS.get(asked.get("format", "json"))
    if writer:
        write, media_type = writer
        return Text(write(answer), media_type)
    return {
        **answer.to_dict(),
        "artist": answer.artist,
        "missing": list(answer.missing),
        "guessed": answer.guessed,
        "alternatives": list(answer.alternatives),
    }


def similarity(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """How alike two songs sound."""
    value = recommender.similarity(asked["a"], asked["b"])
    return {"release": recommender.release, "similarity": round(value, 6)}


def explain(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """Why a song would be on the list of another, and where."""
    seeds, song = asked["seeds"], asked["song"]
    options = replace(options_of(recommender, asked), diversify=False)
    answer = recommender.recommend(track_ids=seeds, k=asked["k"], options=options, explain=True)
    place = next((found for found in answer.results if found.track_id == song), None)
    try:
        alike = round(recommender.similarity(seeds[0], song), 6)
    except UsageError:
        alike = None
    with recommender.opened() as release:
        details = catalogue.song(release.store, song)
    return {
        "release": answer.release,
        "song": details,
        "rank": place.rank if place else None,
        "score": place.score if place else None,
        "channels": dict(place.channels) if place else {},
        "explanation": place.explanation if place else None,
        "similarity": alike,
        "looked_among": asked["k"],
    }


def search(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """Songs and artists that a text may be the beginning of."""
    with recommender.opened() as release:
        found = complete(release, asked["q"], asked["limit"])
        name = release.name
    wanted = asked.get("kind", "all")
    return {
        "release": name,
        "songs": [
            catalogue.song_dict(hit, catalogue.FOUND_FIELDS)
            for hit in found.songs
            if wanted != "artists"
        ],
        "artists": [catalogue.artist_dict(hit) for hit in found.artists if wanted != "songs"],
        "did_you_mean": list(found.did_you_mean),
    }


def resolve(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """Songs that the lines of a pasted playlist stand for."""
    from embeat_serve.seeds.resolver import resolve_text

    lines = []
    with recommender.opened() as release:
        for line in asked["lines"]:
            found: dict[str, Any] = {"line": line, "songs": [], "guessed": False}
            found["did_you_mean"] = []
            try:
                meant = resolve_text(release, line, artist_tracks=1)
                found["guessed"] = meant.guessed
                found["songs"] = [
                    {
                        "track_id": song.payload.get("track_id", ""),
                        "track_name": song.payload.get("track_name", ""),
                        "artist_names": list(song.payload.get("artist_names", ())),
                    }
                    for song in meant.songs
                ]
            except SeedNotFound as error:
                found["did_you_mean"] = list(error.suggestions)
            except UsageError:
                pass
            lines.append(found)
        return {"release": release.name, "lines": lines}


def song(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """A song."""
    with recommender.opened() as release:
        return catalogue.song(release.store, asked["id"])


def artist(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """An artist."""
    with recommender.opened() as release:
        return catalogue.artist(release.store, asked["id"], asked["songs"])


def genres(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """The genre map."""
    with recommender.opened() as release:
        return {"release": release.name, "genres": catalogue.genres(release.store)}


def releases(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """The releases."""
    with recommender.opened() as release:
        return {"releases": catalogue.releases(recommender.settings, release)}


def ready(recommender: Recommender, asked: Arguments) -> dict[str, Any]:
    """The release that answers, whole in memory or mapped, and the one published now."""
    with recommender.opened() as release:
        if not release.warm:
            release.warm = True
            release.load()
            complete(release, "a", 1)
            vector = release.encoder.encode(from_mappings([{"energy": 0.5}]))[0]
            for collection in Collection.ALL:
                release.store.query([Query(collection, 1, vector=vector)])
        return {"release": release.name, "published": recommender.published}


QUESTIONS: dict[str, Callable[[Recommender, Arguments], dict[str, Any] | Text]] = {
    function.__name__: function
    for function in (
        recommend,
        similarity,
        explain,
        search,
        resolve,
        song,
        artist,
        genres,
        releases,
        ready,
    )
}
"""By the name they are asked by."""


def options_of(recommender: Recommender, asked: Arguments) -> RecallOptions:
    """The server's recall settings with those that a request names."""
    preset = asked.get("preset")
    base = PRESETS[preset] if preset else recommender.settings.recall
    given = dict(asked.get("options", {}))
    if "channels" in given:
        given["channels"] = tuple(given["channels"])
    return base.with_values(given)


def answer(recommender: Recommender, question: str, asked: Arguments) -> tuple[str, bytes]:
    """Answer a question: media type and content.

    Raises:
        EmbeatError: as the recommender does.
    """
    found = QUESTIONS[question](recommender, asked)
    if isinstance(found, Text):
        return found.media_type, found.content.encode("utf-8", "replace")
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "application/json", text.encode("utf-8", "replace")


def status_of(error: EmbeatError) -> int:
    """HTTP status of what went wrong."""
    return {2: 422, 3: 404, 4: 503}.get(error.exit_status, 500)


def _filters(asked: Arguments) -> Filters:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in asked.get("filters", {}).items()
    }
    return Filters(**given)


def _seeds(asked: Arguments) -> dict[str, Any]:
    names = ("text", "track_ids", "isrc", "artist", "features")
    return {name: asked[name] for name in names if asked.get(name) is not None}
