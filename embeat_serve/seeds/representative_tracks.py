"""Choose the tracks that stand for an artist: well known, distinct, and no outliers in sound."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import unpack
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import title_key
from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.lookup_queries import track_query
from embeat_serve.seeds.models import Seed, SeedSet
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Filter, Hit, Ids, Query

READ_FACTOR = 5
"""Tracks read for each one that is wanted: editions of one song are many."""

MAX_CLUSTERS = 3
"""Clusters of sound that one artist has at most."""

MIN_TRACKS_PER_CLUSTER = 4
"""Tracks from which another cluster is worth looking for."""

BEST_KNOWN = 3
"""Most popular tracks, which stand for an artist whatever they sound like."""

NEAREST = 3
"""Other tracks of the artist whose mean distance says how far out a track is."""

OUTLIER_DEVIATIONS = 3.0
"""Standard deviations above the median from which a track is an outlier: an interview, an intro,
a song that is credited to the wrong artist."""

MAD_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

MAX_OUTLIER_QUANTILE = 0.75
"""Quantile of the distances below which no track is an outlier."""


def artist_seeds(
    batch: QueryBatch,
    artist: Hit,
    number: int,
    *,
    alternatives: tuple[str, ...] = (),
    guessed: bool = False,
) -> SeedSet:
    """Read an artist's tracks and playlist neighbours in one store call; choose the seeds.

    Args:
        batch: sends the queries.
        artist: the artist, of the collection of artists.
        number: tracks wanted.
        alternatives: labels of what else may be meant.
        guessed: whether the artist's name is spelt otherwise than the text.

    Raises:
        SeedNotFound: the catalogue has no track of the artist.
    """
    name = artist.artist.get("artist_name", "")
    query = track_query(TrackField.ARTIST_CODES, [artist.id], limit=READ_FACTOR * number)
    tracks = batch.add(replace(query, with_vector=True))
    neighbours = batch.add(
        Query(
            Collection.ARTISTS,
            1,
            filter=Filter((Ids((artist.id,)),)),
            payload=(ArtistField.NEIGHBOURS,),
        )
    )
    batch.execute()
    if not tracks.hits:
        raise SeedNotFound(f"the artist {name!r} has no songs in the catalogue")
    lists = (hit.artist.get("neighbours") for hit in neighbours.hits)
    chosen = select_representative_tracks(tracks.hits, artist.id, number)
    return SeedSet(
        tuple(Seed.of(hit) for hit in chosen),
        artist=name,
        neighbours=next((unpack(text) for text in lists if text), None),
        guessed=guessed,
        alternatives=alternatives,
    )


def select_representative_tracks(hits: Sequence[Hit], artist: int, number: int) -> list[Hit]:
    """The ``number`` tracks that stand for an artist, most popular first.

    Editions of a song count once, tracks where the artist is only a guest come after all others,
    and outliers are left out. Each cluster gives its most popular tracks, as many as its share.

    Args:
        hits: tracks of the artist with their vectors, most popular first.
        artist: code.
        number: tracks wanted.
    """
    songs = _distinct_songs(hits, artist)
    as_main_artist = [hit for hit in songs if _is_main_artist(hit, artist)]
    pool = as_main_artist if len(as_main_artist) >= number else songs
    audible = [hit for hit in pool if hit.vector is not None and np.any(hit.vector)]
    if len(audible) <= max(number, NEAREST + 1):
        return pool[:number]
    vectors = np.stack([hit.vector for hit in audible if hit.vector is not None])
    distances = 1 - _cosines(vectors)
    outlying = outliers(distances)
    outlying[:BEST_KNOWN] = False
    inside = np.flatnonzero(~outlying)
    cluster = medoids(distances[np.ix_(inside, inside)])
    turns = np.concatenate([_turns(cluster == medoid) for medoid in np.unique(cluster)])
    members = np.concatenate([np.flatnonzero(cluster == medoid) for medoid in np.unique(cluster)])
    # The best-known track comes at once.
    turns[members == 0] = 0
    first = members[np.lexsort((members, turns))][:number]
    return [audible[place] for place in np.sort(inside[first]).tolist()]


def outliers(distances: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which of n tracks are far from all others; never more than a quarter.

    Args:
        distances: (n, n), symmetric.

    Returns:
        (n,) True for an outlier.
    """
    number = len(distances)
    to_others = np.sort(distances + np.diag(np.full(number, np.inf)), axis=1)
    remoteness = to_others[:, : min(NEAREST, number - 1)].mean(axis=1)
    median = np.median(remoteness)
    deviation = MAD_TO_DEVIATION * np.median(np.abs(remoteness - median))
    limit = median + OUTLIER_DEVIATIONS * max(deviation, 1e-6)
    return remoteness > max(limit, float(np.quantile(remoteness, MAX_OUTLIER_QUANTILE)))


def medoids(distances: NDArray[np.floating]) -> NDArray[np.intp]:
    """Cluster n tracks by k-medoids with one step of improvement.

    The first medoid is the track closest to all others; each further one is the track farthest
    from those before (T. Gonzalez, "Clustering to minimize the maximum intercluster distance",
    1985). Then each moves to the member its cluster is closest to.

    Args:
        distances: (n, n), symmetric.

    Returns:
        (n,) position of the medoid that each track is nearest to.
    """
    wanted = min(MAX_CLUSTERS, max(1, len(distances) // MIN_TRACKS_PER_CLUSTER))
    centres = [int(distances.sum(axis=1).argmin())]
    while len(centres) < wanted:
        centres.append(int(distances[:, centres].min(axis=1).argmax()))
    nearest = distances[:, centres].argmin(axis=1)
    improved: list[int] = []
    for place in range(len(centres)):
        members = np.flatnonzero(nearest == place)
        within = distances[np.ix_(members, members)].sum(axis=1)
        improved.append(int(members[within.argmin()]))
    return np.array(improved)[distances[:, improved].argmin(axis=1)]


def _turns(is_member: NDArray[np.bool_]) -> NDArray[np.float64]:
    """When each member of a cluster is due: the i-th of a cluster with share s at (i + ½) / s."""
    count = int(is_member.sum())
    return (np.arange(count) + 0.5) * len(is_member) / count


def _cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def _is_main_artist(hit: Hit, artist: int) -> bool:
    return hit.track.get("artist_codes", [])[:1] == [artist]


def _distinct_songs(hits: Sequence[Hit], artist: int) -> list[Hit]:
    ordered = sorted(hits, key=lambda hit: not _is_main_artist(hit, artist))
    songs: dict[str, Hit] = {}
    recordings: set[int] = set()
    for hit in ordered:
        track = hit.track
        recording = track.get("recording_code")
        if recording is None or recording not in recordings:
            songs.setdefault(title_key(track.get("track_name", "")), hit)
        if recording is not None:
            recordings.add(recording)
    return list(songs.values())
