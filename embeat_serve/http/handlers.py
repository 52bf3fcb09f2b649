"""What a worker does for each route: call the recommender, and shape the answer as JSON or text.

Names of the API meet those of the recommender here and nowhere else. Handlers change no state.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, cast

from embeat_serve.catalogue import lookups as catalogue
from embeat_serve.catalogue.autocomplete import search as autocomplete
from embeat_serve.contract.audio_features import from_mappings
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import EmbeatError, SeedNotFound, UsageError
from embeat_serve.export.playlists import jspf, m3u
from embeat_serve.export.tabular import to_csv
from embeat_serve.filters.request import Filters
from embeat_serve.http.arguments import (
    ArtistArguments,
    AskArguments,
    ExplainArguments,
    HandlerName,
    ListFormat,
    NoArguments,
    OptionArguments,
    RecommendArguments,
    ResolveArguments,
    SearchArguments,
    SimilarityArguments,
    SongArguments,
)
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.release import Release
from embeat_serve.results import Recommendations
from embeat_serve.seeds.resolver import resolve_text
from embeat_serve.stores.query import Query

JsonObject = dict[str, Any]


class Content(NamedTuple):
    """Body of a response, and its media type."""

    body: bytes
    media_type: str

    @classmethod
    def of_text(cls, text: str, media_type: str) -> "Content":
        """Encode a text as UTF-8; what cannot be encoded becomes ``?``."""
        return cls(text.encode("utf-8", "replace"), media_type)

    @classmethod
    def of_json(cls, value: JsonObject) -> "Content":
        """Encode an object as compact JSON."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return cls.of_text(text, "application/json")


WRITERS: dict[str, tuple[Callable[[Recommendations], str], str]] = {
    "m3u": (m3u, "audio/x-mpegurl; charset=utf-8"),
    "jspf": (jspf, "application/jspf+json; charset=utf-8"),
    "csv": (to_csv, "text/csv; charset=utf-8"),
}
"""Formats of a list besides JSON: how to write one, and its media type."""


def recommend(recommender: Recommender, arguments: RecommendArguments) -> JsonObject | Content:
    """Recommend songs like the seeds."""
    result = recommender.recommend(
        arguments.get("text"),
        track_ids=arguments.get("track_ids"),
        isrc=arguments.get("isrc"),
        artist=arguments.get("artist"),
        features=arguments.get("features"),
        title=arguments.get("title"),
        k=arguments.get("k", 20),
        dislikes=arguments.get("dislikes", ()),
        filters=build_filters(arguments.get("filters", {})),
        options=build_options(recommender.settings.recall, arguments),
        explain=arguments.get("explain", False),
    )
    return _list(result, arguments.get("format", "json"))


def ask(recommender: Recommender, arguments: AskArguments) -> JsonObject | Content:
    """Answer a question in words."""
    result = recommender.ask(
        arguments["text"],
        k=arguments.get("k"),
        dislikes=arguments.get("dislikes", ()),
        filters=build_filters(arguments.get("filters", {})),
        options=build_options(recommender.settings.recall, arguments),
        explain=arguments.get("explain", False),
    )
    return _list(result, arguments.get("format", "json"))


def similarity(recommender: Recommender, arguments: SimilarityArguments) -> JsonObject:
    """Compare how two songs sound."""
    value = recommender.similarity(arguments["a"], arguments["b"])
    return {"release": recommender.release, "similarity": round(value, 6)}


def explain(recommender: Recommender, arguments: ExplainArguments) -> JsonObject:
    """Explain why a song would be on the list of the seeds, and at which rank."""
    seeds, track_id = arguments["seeds"], arguments["song"]
    options = replace(build_options(recommender.settings.recall, arguments), diversify=False)
    result = recommender.recommend(track_ids=seeds, k=arguments["k"], options=options, explain=True)
    song = next((song for song in result.results if song.track_id == track_id), None)
    try:
        similarity = round(recommender.similarity(seeds[0], track_id), 6)
    except UsageError:
        similarity = None  # one of the two has no audio features
    with recommender.opened() as release:
        details = catalogue.song(release.store, track_id)
    return {
        "release": result.release,
        "song": details,
        "rank": song.rank if song else None,
        "score": song.score if song else None,
        "channels": dict(song.channels) if song else {},
        "explanation": song.explanation if song else None,
        "similarity": similarity,
        "looked_among": arguments["k"],
    }


def search(recommender: Recommender, arguments: SearchArguments) -> JsonObject:
    """Find songs and artists whose name may begin with a text."""
    kind = arguments.get("kind", "all")
    with recommender.opened() as release:
        result = autocomplete(release, arguments["q"], arguments["limit"])
        name = release.name
    songs = [] if kind == "artists" else result.songs
    artists = [] if kind == "songs" else result.artists
    return {
        "release": name,
        "songs": [catalogue.song_summary(hit) for hit in songs],
        "artists": [catalogue.artist_details(hit) for hit in artists],
        "did_you_mean": list(result.did_you_mean),
    }


def resolve(recommender: Recommender, arguments: ResolveArguments) -> JsonObject:
    """Resolve the lines of a pasted playlist to songs."""
    with recommender.opened() as release:
        lines = [_resolve_line(release, line) for line in arguments["lines"]]
        return {"release": release.name, "lines": lines}


def song(recommender: Recommender, arguments: SongArguments) -> JsonObject:
    """Describe a song."""
    with recommender.opened() as release:
        return {**catalogue.song(release.store, arguments["id"])}


def artist(recommender: Recommender, arguments: ArtistArguments) -> JsonObject:
    """Describe an artist."""
    with recommender.opened() as release:
        return {**catalogue.artist(release.store, arguments["id"], arguments["songs"])}


def genres(recommender: Recommender, arguments: NoArguments) -> JsonObject:
    """List the genres with their places on the map."""
    with recommender.opened() as release:
        return {"release": release.name, "genres": catalogue.genres(release.store)}


def releases(recommender: Recommender, arguments: NoArguments) -> JsonObject:
    """List the releases."""
    with recommender.opened() as release:
        return {"releases": catalogue.releases(recommender.settings, release)}


def ready(recommender: Recommender, arguments: NoArguments) -> JsonObject:
    """Name the release that is open, and the one that is published."""
    return {"release": recommender.release, "published": recommender.published}


Handler = Callable[[Recommender, Any], JsonObject | Content]

HANDLERS: dict[HandlerName, Handler] = {
    "recommend": recommend,
    "ask": ask,
    "similarity": similarity,
    "explain": explain,
    "search": search,
    "resolve": resolve,
    "song": song,
    "artist": artist,
    "genres": genres,
    "releases": releases,
    "ready": ready,
}


def call_handler(
    recommender: Recommender, name: HandlerName, arguments: Mapping[str, Any]
) -> Content:
    """Call a handler by its name.

    Raises:
        EmbeatError: the request is wrong, or the release cannot be read.
    """
    result = HANDLERS[name](recommender, arguments)
    return result if isinstance(result, Content) else Content.of_json(result)


def http_status(error: EmbeatError) -> int:
    """HTTP status for an error."""
    return {2: 422, 3: 404, 4: 503}.get(error.exit_status, 500)


def load_release(recommender: Recommender) -> None:
    """Load all of the release that requests read, and query each collection once.

    Raises:
        Unavailable: the release cannot be read.
    """
    with recommender.opened() as release:
        release.load()
        autocomplete(release, "a", 1)
        vector = release.encoder.encode(from_mappings([{"energy": 0.5}]))[0]
        for collection in Collection.ALL:
            release.store.query([Query(collection, 1, vector=vector)])


def build_options(defaults: RecallOptions, arguments: OptionArguments) -> RecallOptions:
    """Build the recall options of a request: its preset, else the defaults, with its changes.

    Raises:
        UsageError: an option is out of its range.
    """
    preset = arguments.get("preset")
    base = PRESETS[preset] if preset else defaults
    return base.with_values(_with_tuples(arguments.get("options", {})))


def build_filters(fields: Mapping[str, Any]) -> Filters:
    """Build the filters of a request.

    Raises:
        UsageError: a filter is out of its range.
    """
    return Filters(**_with_tuples(fields))


def _list(result: Recommendations, format: ListFormat) -> JsonObject | Content:
    """A list in the format asked for."""
    writer = WRITERS.get(format)
    if writer:
        write, media_type = writer
        return Content.of_text(write(result), media_type)
    return {
        **result.to_dict(),
        "artist": result.artist,
        "missing": list(result.missing),
        "guessed": result.guessed,
        "alternatives": list(result.alternatives),
        "notes": list(result.notes),
    }


def _with_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Turn JSON lists into tuples, which frozen dataclasses hold."""
    return {
        name: tuple(cast("list[Any]", value)) if isinstance(value, list) else value
        for name, value in fields.items()
    }


def _resolve_line(release: Release, line: str) -> JsonObject:
    result: JsonObject = {"line": line, "songs": [], "guessed": False, "did_you_mean": []}
    try:
        seeds = resolve_text(release, line, artist_tracks=1)
    except SeedNotFound as error:
        return {**result, "did_you_mean": list(error.suggestions)}
    except UsageError:
        return result
    songs = [
        {
            "track_id": seed.payload.get("track_id", ""),
            "track_name": seed.payload.get("track_name", ""),
            "artist_names": list(seed.payload.get("artist_names", ())),
        }
        for seed in seeds.songs
    ]
    return {**result, "songs": songs, "guessed": seeds.guessed}
