"""What requests hold. Recall settings become parameters by themselves, from their dataclass."""

from dataclasses import Field, fields
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model
from pydantic import Field as Described

from embeat_serve.contract.audio_features import FEATURES, VALID_RANGE
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.filters.request import LIMITS as FILTER_LIMITS
from embeat_serve.filters.request import Filters
from embeat_serve.option_fields import bounds_of, choices_of
from embeat_serve.options import MAX_K, OPTION_FIELDS, PRESETS
from embeat_serve.seeds.parsing import MAX_TEXT
from embeat_serve.seeds.request import MAX_SEEDS

MAX_LIMIT = 50
"""Most answers to a search."""

MAX_LINES = 100
"""Most lines of a playlist resolved at once."""

SONGS_OF_ARTIST = 10

FORMATS = Literal["json", "m3u", "csv", "jspf"]


class Strict(BaseModel):
    """Refuses what it does not know: a misspelt parameter is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid")


def _split(value: Any) -> Any:
    """``a,b`` and repeated parameters alike."""
    if isinstance(value, list):
        return [part.strip() for text in value for part in _parts(text)]
    return value


def _parts(text: Any) -> list[Any]:
    return text.split(",") if isinstance(text, str) else [text]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Text = Annotated[str, Described(min_length=1, max_length=MAX_TEXT)]
TrackReference = Annotated[
    str, Described(min_length=1, max_length=MAX_TEXT, examples=["0F02KChKwbcQ3tk4q1YxLH"])
]
References = Annotated[list[TrackReference], Described(min_length=1, max_length=MAX_SEEDS)]
Choice = Annotated[list[Literal[CHANNELS]], Described(min_length=1, max_length=len(CHANNELS))]  # type: ignore[valid-type]
Names = Annotated[list[Text], Described(max_length=MAX_SEEDS)]


def option_fields(in_query: bool) -> dict[str, Any]:
    """One field for each recall setting, with its range and its default."""
    return {name: _option(option, in_query) for name, option in OPTION_FIELDS.items()}


def _option(option: Field[Any], in_query: bool) -> Any:
    default = option.default
    if isinstance(default, bool):
        return (bool, Described(default))
    if isinstance(default, int | float):
        low, high = bounds_of(option)
        number = int if isinstance(default, int) else float
        return (number, Described(default, ge=low, le=high))
    if isinstance(default, tuple):
        kind = Annotated[Choice, BeforeValidator(_split)] if in_query else Choice
        return (kind, Described(list(default)))
    choices = choices_of(option)
    return (Literal[choices] if choices else str, Described(default))


def filter_fields(in_query: bool) -> dict[str, Any]:
    """One field for each filter; left out, it lets everything through."""
    kinds = get_type_hints(Filters)
    return {item.name: _filter(item.name, kinds[item.name], in_query) for item in fields(Filters)}


def _filter(name: str, kind: Any, in_query: bool) -> Any:
    if kind == tuple[str, ...]:
        return optional(Annotated[Names, BeforeValidator(_split)] if in_query else Names)
    kind = next(part for part in get_args(kind) or (kind,) if part is not type(None))
    limits = FILTER_LIMITS.get(name.removesuffix("_min").removesuffix("_max"))
    return optional(kind, ge=limits[0], le=limits[1]) if limits else optional(kind)


def optional(kind: Any, **described: Any) -> Any:
    """A field that may be left out, but is never null."""
    return (kind, Described(None, json_schema_extra=_without_default, **described))


def _seed_fields() -> dict[str, Any]:
    return {
        "isrc": optional(Text, description="a recording", examples=["TWK970300503"]),
        "artist": optional(Text, description="an artist's name, or a link to one"),
    }


def _dislikes(in_query: bool) -> Any:
    about = "tracks that the list shall not be like, and not hold" + "; repeat" * in_query
    return optional(
        Annotated[list[TrackReference], Described(max_length=MAX_SEEDS)], description=about
    )


def _list_fields() -> dict[str, Any]:
    return {
        "k": (int, Described(20, ge=1, le=MAX_K, description="length of the list")),
        "explain": (bool, Described(False, description="say why each song is there")),
        "format": (FORMATS, Described("json", description="how the list is written down")),
        "preset": optional(Literal[tuple(PRESETS)], description="set of recall settings"),
    }


Q = "“title - artist” either way round, a title, an artist, an id, a link or an ISRC"

RecommendQuery = create_model(
    "RecommendQuery",
    __base__=Strict,
    q=optional(Text, description=Q, examples=["晴天 - Jay Chou"]),
    track=optional(References, description="track id, URI or URL; repeat for several"),
    **_seed_fields(),
    dislike=_dislikes(in_query=True),
    **_list_fields(),
    **filter_fields(in_query=True),
    **option_fields(in_query=True),
)

FilterBody = create_model("Filters", __base__=Strict, **filter_fields(in_query=False))

Options = create_model("Options", __base__=Strict, **option_fields(in_query=False))


class Features(BaseModel):
    """Audio features of one song, by the usual names; others are left aside."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


def _features() -> type[BaseModel]:
    # -1 and 0 are what dumps write for a missing key, tempo or metre.
    numbers = {name: optional(float, ge=-1, le=VALID_RANGE[name][1]) for name in FEATURES}
    labels = {
        "track_name": optional(Text),
        "artist_names": optional(Names),
    }
    return create_model("AudioFeatures", __base__=Features, **numbers, **labels)


AudioFeatures = _features()

RecommendBody = create_model(
    "RecommendBody",
    __base__=Strict,
    text=optional(Text, description=Q, examples=["晴天 - Jay Chou"]),
    track_ids=optional(References, description="ids, URIs or URLs"),
    **_seed_fields(),
    features=optional(AudioFeatures, description="a song that is in no catalogue"),
    dislikes=_dislikes(in_query=False),
    filters=optional(FilterBody, description="what the songs must be"),
    options=optional(Options, description="recall settings; the server's own where left out"),
    **_list_fields(),
)

SimilarQuery = create_model(
    "SimilarQuery",
    __base__=Strict,
    **{name: optional(float, ge=-1, le=VALID_RANGE[name][1]) for name in FEATURES},
    **_list_fields(),
)


class SearchQuery(Strict):
    """What is being typed."""

    q: Text = Described(examples=["晴天", "bohemian rh"])
    limit: int = Described(10, ge=1, le=MAX_LIMIT, description="most songs, and most artists")
    kind: Literal["all", "songs", "artists"] = "all"


class SimilarityQuery(Strict):
    """Two songs, as ``q`` of ``/v1/recommend`` names one."""

    a: Text
    b: Text


SongOrFeatures: Any = Text | AudioFeatures

SimilarityBody = create_model(
    "SimilarityBody", __base__=Strict, a=(SongOrFeatures, ...), b=(SongOrFeatures, ...)
)

ExplainQuery = create_model(
    "ExplainQuery",
    __base__=Strict,
    track=(References, Described(description="seed tracks; repeat for several")),
    song=(TrackReference, Described(description="the song to explain")),
    k=(int, Described(200, ge=1, le=MAX_K, description="length of the list it is looked for in")),
    preset=_list_fields()["preset"],
    **option_fields(in_query=True),
)


class ResolveBody(Strict):
    """Lines of a playlist: ids, links, ISRCs, or titles with artists."""

    lines: Annotated[list[Text], Described(min_length=1, max_length=MAX_LINES)]


def given(model: BaseModel) -> dict[str, Any]:
    """What a request says, without what it leaves to the server."""
    return model.model_dump(exclude_unset=True)


def with_options(asked: dict[str, Any]) -> dict[str, Any]:
    """A flat query with its filters and recall settings put together, as a body has them."""
    parted: dict[str, Any] = {"options": {}, "filters": {}}
    of_group = dict.fromkeys(OPTION_FIELDS, "options")
    of_group |= {item.name: "filters" for item in fields(Filters)}
    for name, value in asked.items():
        group = of_group.get(name)
        (parted[group] if group else parted)[name] = value
    return parted
