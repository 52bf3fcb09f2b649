"""Pydantic models of queries and request bodies.

Fields of ``RecallOptions`` and ``Filters`` become parameters by themselves, with their ranges.
"""

from dataclasses import Field as DataclassField
from dataclasses import fields
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from embeat_serve.contract.audio_features import FEATURES, VALID_RANGE
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.filters.request import LIMITS as FILTER_LIMITS
from embeat_serve.filters.request import Filters
from embeat_serve.http.arguments import ListFormat, SearchKind
from embeat_serve.option_fields import bounds_of, choices_of
from embeat_serve.options import MAX_K, OPTION_FIELDS, PRESETS
from embeat_serve.seeds.parsing import MAX_TEXT
from embeat_serve.seeds.request import MAX_SEEDS

MAX_LIMIT = 50
"""Most songs, and most artists, in the answer to a search."""

MAX_LINES = 100
"""Most lines of a playlist in one request."""

EXPLAIN_K = 200
"""Length of the list that a song is looked for in, unless the request says another."""

SONGS_OF_ARTIST = 10
"""Best-known songs in the description of an artist."""


class StrictModel(BaseModel):
    """Refuses unknown parameters: a misspelt one is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid")


def split_commas(value: list[str]) -> list[str]:
    """Split the values of a repeated parameter at commas: ``a,b`` means the same as two."""
    return [part.strip() for text in value for part in text.split(",")]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
TrackReference = Annotated[
    str, Field(min_length=1, max_length=MAX_TEXT, examples=["0F02KChKwbcQ3tk4q1YxLH"])
]
References = Annotated[list[TrackReference], Field(min_length=1, max_length=MAX_SEEDS)]
Channels = Annotated[list[Literal[CHANNELS]], Field(min_length=1, max_length=len(CHANNELS))]  # type: ignore[valid-type]
Names = Annotated[list[Text], Field(max_length=MAX_SEEDS)]


def option_fields(in_query: bool) -> dict[str, Any]:
    """Make a model field for each recall option, with its range and its default."""
    return {name: _option(option, in_query) for name, option in OPTION_FIELDS.items()}


def _option(option: DataclassField[Any], in_query: bool) -> Any:
    default = option.default
    if isinstance(default, bool):
        return (bool, Field(default))
    if isinstance(default, int | float):
        low, high = bounds_of(option)
        number = int if isinstance(default, int) else float
        return (number, Field(default, ge=low, le=high))
    if isinstance(default, tuple):
        kind = Annotated[Channels, BeforeValidator(split_commas)] if in_query else Channels
        return (kind, Field(list(CHANNELS)))
    choices = choices_of(option)
    return (Literal[choices] if choices else str, Field(default))


def filter_fields(in_query: bool) -> dict[str, Any]:
    """Make a model field for each filter; one left out lets everything through."""
    kinds = get_type_hints(Filters)
    return {item.name: _filter(item.name, kinds[item.name], in_query) for item in fields(Filters)}


def _filter(name: str, kind: Any, in_query: bool) -> Any:
    if kind == tuple[str, ...]:
        return optional(Annotated[Names, BeforeValidator(split_commas)] if in_query else Names)
    kind = next(part for part in get_args(kind) or (kind,) if part is not type(None))
    limits = FILTER_LIMITS.get(name.removesuffix("_min").removesuffix("_max"))
    return optional(kind, ge=limits[0], le=limits[1]) if limits else optional(kind)


def optional(kind: Any, **metadata: Any) -> Any:
    """Make a model field that may be left out, but is never null."""
    return (kind, Field(None, json_schema_extra=_without_default, **metadata))


def _seed_fields() -> dict[str, Any]:
    return {
        "isrc": optional(Text, description="a recording", examples=["TWK970300503"]),
        "artist": optional(Text, description="an artist's name, or a link to one"),
        "title": optional(
            Text, description="name of the list; alone or beside a seed", examples=["sunday jazz"]
        ),
    }


def _dislikes(in_query: bool) -> Any:
    description = "tracks that the list shall not be like, and not hold"
    if in_query:
        description += "; repeat for several"
    return optional(
        Annotated[list[TrackReference], Field(max_length=MAX_SEEDS)], description=description
    )


def _list_fields() -> dict[str, Any]:
    return {
        "k": (int, Field(20, ge=1, le=MAX_K, description="length of the list")),
        "explain": (bool, Field(False, description="say why each song is there")),
        "format": (ListFormat, Field("json", description="how the list is written down")),
        "preset": optional(Literal[tuple(PRESETS)], description="set of recall settings"),
    }


Q = "“title - artist” either way round, a title, an artist, an id, a link or an ISRC"


def _model(name: str, **model_fields: Any) -> type[StrictModel]:
    return create_model(name, __base__=StrictModel, **model_fields)


class RecommendQuery(
    _model(
        "RecommendQuery",
        q=optional(Text, description=Q, examples=["晴天 - Jay Chou"]),
        track=optional(References, description="track id, URI or URL; repeat for several"),
        **_seed_fields(),
        dislike=_dislikes(in_query=True),
        **_list_fields(),
        **filter_fields(in_query=True),
        **option_fields(in_query=True),
    )
):
    """Seeds, filters and options of a list, as parameters of a query."""


class AnyFeatures(BaseModel):
    """Ignores unknown fields: dumps have more of them than the encoder reads."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


def _feature_fields() -> dict[str, Any]:
    # Dumps write -1 or 0 for a missing key, tempo or metre.
    return {name: optional(float, ge=-1, le=VALID_RANGE[name][1]) for name in FEATURES}


AudioFeatures = create_model(
    "AudioFeatures",
    __base__=AnyFeatures,
    **_feature_fields(),
    track_name=optional(Text),
    artist_names=optional(Names),
)


def _body_fields() -> dict[str, Any]:
    return {
        "dislikes": _dislikes(in_query=False),
        "filters": optional(
            _model("Filters", **filter_fields(in_query=False)),
            description="what the songs must be",
        ),
        "options": optional(
            _model("Options", **option_fields(in_query=False)),
            description="recall settings; the server's own where left out",
        ),
    }


class RecommendBody(
    _model(
        "RecommendBody",
        text=optional(Text, description=Q, examples=["晴天 - Jay Chou"]),
        track_ids=optional(References, description="ids, URIs or URLs"),
        **_seed_fields(),
        features=optional(AudioFeatures, description="a song that is in no catalogue"),
        **_body_fields(),
        **_list_fields(),
    )
):
    """Seeds, filters and options of a list, as a JSON object."""


def _length_of_question() -> dict[str, Any]:
    length = optional(int, ge=1, le=MAX_K, description="length; else the question's own, or 20")
    return {**_list_fields(), "k": length}


QUESTION = "a question in words, in one of twelve languages; or all that `q` takes"


class AskBody(
    _model(
        "AskBody",
        text=(Text, Field(description=QUESTION, examples=["90s french hip hop, no hits"])),
        **_body_fields(),
        **_length_of_question(),
    )
):
    """A question in words, with filters and options of the list."""


class SimilarQuery(_model("SimilarQuery", **_feature_fields(), **_list_fields())):
    """Audio features of a song, and how the list is to be."""


class SearchQuery(StrictModel):
    """Text typed so far."""

    q: Text = Field(examples=["晴天", "bohemian rh"])
    limit: int = Field(10, ge=1, le=MAX_LIMIT, description="most songs, and most artists")
    kind: SearchKind = "all"


class SimilarityQuery(StrictModel):
    """Two songs, as ``q`` of ``/v1/recommend`` names one."""

    a: Text
    b: Text


SongOrFeatures: Any = Text | AudioFeatures


class SimilarityBody(_model("SimilarityBody", a=(SongOrFeatures, ...), b=(SongOrFeatures, ...))):
    """Two songs, each as a text or by its audio features."""


class ExplainQuery(
    _model(
        "ExplainQuery",
        track=(References, Field(description="seed tracks; repeat for several")),
        song=(TrackReference, Field(description="the song to explain")),
        k=(
            int,
            Field(EXPLAIN_K, ge=1, le=MAX_K, description="length of the list it is looked for in"),
        ),
        preset=_list_fields()["preset"],
        **option_fields(in_query=True),
    )
):
    """Seeds, a song, and options of the list that the song is looked for in."""


class ResolveBody(StrictModel):
    """Lines of a playlist: ids, links, ISRCs, or titles with artists."""

    lines: Annotated[list[Text], Field(min_length=1, max_length=MAX_LINES)]


def set_fields(model: BaseModel) -> dict[str, Any]:
    """Fields that a request sets, without those that it leaves to the server."""
    return model.model_dump(exclude_unset=True)


def group_fields(query: dict[str, Any]) -> dict[str, Any]:
    """Group the options and the filters of a flat query, as a request body has them.

    Args:
        query: names of options, of filters, and others.

    Returns:
        The others, with the options under ``options`` and the filters under ``filters``.
    """
    options = set(OPTION_FIELDS)
    filters = {field.name for field in fields(Filters)}
    return {
        "options": {name: value for name, value in query.items() if name in options},
        "filters": {name: value for name, value in query.items() if name in filters},
        **{name: value for name, value in query.items() if name not in options | filters},
    }
