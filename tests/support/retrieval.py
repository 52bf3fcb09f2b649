"""Seeds, hits and queries of the retrieval tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from embeat_pipeline.index.neighbour_payload import pack
from embeat_serve.retrieval.channel import Channel, ChannelResult, HitsByKey, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.seeds.models import Seed
from embeat_serve.stores.query import Hit, Query
from tests.support.payloads import track_payload


def seed(code: int = 1, **payload: Any) -> Seed:
    """A song with two genres, an artist and three related ones."""
    fields = {"artist_codes": [5], "genre_codes": [7, 8], "energy": 0.5, "popularity": 40}
    return Seed(track_payload(**{**fields, "related_artist_codes": "6 5 9", **payload}), code)


def queries_of(channel: Channel, request: RetrievalRequest) -> dict[QueryKey, Query]:
    """Queries of one channel."""
    return dict(channel.queries(request))


def results_of(
    channel: Channel, request: RetrievalRequest, hits: Mapping[QueryKey, Sequence[Hit]]
) -> list[ChannelResult]:
    """Results of one channel, where queries without ``hits`` find nothing."""
    every: HitsByKey = {**dict.fromkeys(queries_of(channel, request), ()), **hits}
    return list(channel.results(request, every))


def packed(strengths: dict[int, int]) -> str:
    """Payload of a neighbour list: code -> strength in 1/255; each shares as many playlists as
    its code says, and has half its strength by ALS and a third of it as its count level."""
    codes = pl.Series([list(strengths)], dtype=pl.List(pl.UInt32))
    levels = pl.Series([list(strengths.values())], dtype=pl.List(pl.UInt8))
    als = levels.list.eval(pl.element() // 2)
    counts = levels.list.eval(pl.element() // 3)
    return pack(codes, codes.cast(pl.List(pl.UInt16)), levels, levels, als, counts)[0]
