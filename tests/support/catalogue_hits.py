"""Hits of tracks and artists, as a store returns them to seed resolution."""

from embeat_serve.contract.text_keys import name_key
from embeat_serve.stores.query import Hit


def track_hit(id: int, name: str, *artists: str, popularity: int | None = 50) -> Hit:
    """A track by artists whose codes follow from their names."""
    payload = {
        "track_id": f"{id:022d}",
        "track_name": name,
        "artist_names": list(artists),
        "artist_codes": [sum(map(ord, artist)) for artist in artists],
        "name_key": name_key(name),
    }
    return Hit(id, 0.0, payload if popularity is None else {**payload, "popularity": popularity})


def artist_hit(
    id: int, name: str, popularity: int = 50, songs: int = 1, artist_id: str | None = None
) -> Hit:
    """An artist; without songs it is never meant."""
    payload = {"artist_name": name, "name_key": name_key(name), "popularity_rank": popularity}
    identified = {} if artist_id is None else {"artist_id": artist_id}
    return Hit(id, 0.0, {**payload, **identified, "num_tracks": songs})
