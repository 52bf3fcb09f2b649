"""Made-up playlists for the tests of neighbour lists, and their scores by the plain formulas."""

import math

import numpy as np
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.artists import normalised_genres
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, NeighbourInputs
from embeat_pipeline.playlists.neighbours.model import NeighbourLists
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE, STRENGTH_LEVELS

TRACKS, ARTISTS, PLAYLISTS, GENRES = 30, 9, 25, 4
SINGLE = SourceWeights(
    track_weight=1.0,
    popularity=0.2,
    vector_weight=0.7,
    artist_weight=0.5,
    same_artist_weight=0.3,
    acoustic_weight=0.6,
    genre_weight=0.2,
    album_weight=0.4,
)
SEVERAL = SourceWeights(
    track_weight=0.5,
    ease_weight=3.0,
    artist_weight=0.9,
    acoustic_weight=0.2,
    genre_weight=0.1,
    album_weight=0.2,
    full_score=0.3,
)
EQUAL = NeighbourConfig(
    single_seed=SINGLE,
    multi_seed=SEVERAL,
    ridge=2.0,
    floor=0.5,
    neighbours=8,
    acoustic_artists=3,
    full_style=0.5,
)


def made_up_inputs() -> NeighbourInputs:
    random = np.random.default_rng(4)
    playlists = (random.random((PLAYLISTS, TRACKS)) < 0.2).astype(np.float32)
    playlists[0] = 1
    artists = random.integers(0, ARTISTS - 2, TRACKS)  # the last two are in no playlist
    artists[3] = UNKNOWN
    genres = random.random((ARTISTS, GENRES)) * (random.random((ARTISTS, GENRES)) < 0.5)
    genres[-1] = 0
    sounds = random.standard_normal((ARTISTS, 6)).astype(np.float32)
    sounds[[1, -1]] = 0
    sounds /= np.maximum(np.linalg.norm(sounds, axis=1, keepdims=True), 1e-9)
    genres[0] = 0
    genre_vectors = np.random.default_rng(6).normal(size=(GENRES, GENRE_VECTOR_SIZE)) / 8
    related = np.random.default_rng(5).random((ARTISTS, ARTISTS)) < 0.1
    return NeighbourInputs(
        track_codes=np.arange(10, 10 + TRACKS, dtype=np.uint32),
        playlists=sparse.csr_array(playlists),
        vectors=random.standard_normal((TRACKS, 5)).astype(np.float32),
        artists=artists,
        albums=np.where(random.random(TRACKS) < 0.3, UNKNOWN, random.integers(0, 6, TRACKS)),
        genres=sparse.csr_array(genres.astype(np.float32)),
        genre_vectors=genre_vectors.astype(np.float32),
        related=sparse.csr_array((related | related.T).astype(np.float32)),
        artist_vectors=sounds,
    )


def inside(inputs: NeighbourInputs, artist: int) -> set[int]:
    """Playlists that hold an artist."""
    tracks = np.flatnonzero(inputs.artists == artist)
    return {playlist for track in tracks for playlist in holding(inputs, int(track))}


def together(inputs: NeighbourInputs, one: int, other: int) -> float:
    mine, theirs = inside(inputs, one), inside(inputs, other)
    sizes = inputs.playlists.sum(axis=1)
    shared = sum(float(sizes[p]) ** -0.5 for p in mine & theirs)
    return shared / math.sqrt(len(mine) * len(theirs)) if shared else 0.0


def sounding(inputs: NeighbourInputs, artist: int, other: int) -> float:
    """What the artists in playlists nearest by sound say, the less the more playlists hold it."""
    own = inputs.artist_vectors[artist]
    cosines = {
        one: float(own @ inputs.artist_vectors[one])
        for one in set(inputs.artists.tolist()) - {UNKNOWN, artist}
        if inputs.artist_vectors[one].any()
    }
    if not own.any():
        return 0.0
    nearest = sorted(cosines, key=lambda one: -cosines[one])[: EQUAL.acoustic_artists]
    weights = [math.exp(cosines[one] / EQUAL.acoustic_temperature) for one in nearest]
    said = [together(inputs, one, other) for one in nearest]
    return doubt(inputs, artist) * float(np.dot(weights, said)) / sum(weights)


def doubt(inputs: NeighbourInputs, artist: int) -> float:
    """How little playlists say of an artist."""
    return EQUAL.confidence_shift / (len(inside(inputs, artist)) + EQUAL.confidence_shift)


def artist_score(
    inputs: NeighbourInputs, weights: SourceWeights, artist: int, track: int, by_sound: bool = False
) -> float:
    config, other = EQUAL, int(inputs.artists[track])
    if UNKNOWN in (artist, other):
        return 0.0
    score = weights.artist_weight * together(inputs, artist, other)
    if by_sound:
        score += weights.acoustic_weight * sounding(inputs, artist, other)
    genres = normalised_genres(inputs).toarray()
    in_common = float(genres[artist] @ genres[other])
    score += weights.genre_weight * doubt(inputs, artist) * in_common
    score += weights.same_artist_weight * (artist == other)
    return score * len(holding(inputs, track)) ** config.artist_popularity


def style(inputs: NeighbourInputs, seed: int, track: int) -> float:
    """How far a track is of the style of another, 0..1."""
    one, other = int(inputs.artists[seed]), int(inputs.artists[track])
    genres = normalised_genres(inputs).toarray()
    if one == UNKNOWN or not genres[one].any():
        return 1.0
    if other == UNKNOWN:
        return EQUAL.unknown_style
    if one == other or inputs.related.toarray()[one, other]:
        return 1.0
    if not genres[other].any():
        return EQUAL.unknown_style
    places = inputs.genres.toarray()[[one, other]] @ inputs.genre_vectors
    near = float(places[0] @ places[1]) / float(np.prod(np.linalg.norm(places, axis=1)))
    return float(np.clip(max(genres[one] @ genres[other], near) / EQUAL.full_style, 0, 1))


def holding(inputs: NeighbourInputs, track: int) -> list[int]:
    return np.flatnonzero(inputs.playlists[:, [track]].toarray().ravel()).tolist()


def track_score(inputs: NeighbourInputs, weights: SourceWeights, seed: int, track: int) -> float:
    config = EQUAL
    sizes = inputs.playlists.sum(axis=1)
    both = set(holding(inputs, seed)) & set(holding(inputs, track))
    counts = len(holding(inputs, seed)), len(holding(inputs, track))
    cosine = sum(float(sizes[p]) ** -0.5 for p in both)
    cosine /= math.sqrt(counts[0] * counts[1]) + config.shrinkage
    score = weights.track_weight * cosine * counts[1] ** weights.popularity
    vector = inputs.vectors[seed] / np.linalg.norm(inputs.vectors[seed])
    score += weights.vector_weight * float(vector @ inputs.vectors[track])
    if inputs.albums[seed] == inputs.albums[track] != UNKNOWN:
        score += weights.album_weight * counts[1] ** config.artist_popularity
    score += weights.ease_weight * float(regression(inputs)[seed, track])
    score *= 1 - (1 - style(inputs, seed, track)) * config.style_shift / (
        counts[0] + config.style_shift
    )
    rest = config.confidence_shift / (counts[0] + config.confidence_shift)
    return score + rest * artist_score(inputs, weights, int(inputs.artists[seed]), track)


def regression(inputs: NeighbourInputs) -> np.ndarray:
    """EASE as it is defined: the inverse Gram matrix over its diagonal."""
    playlists = inputs.playlists.toarray().astype(float)
    inverse = np.linalg.inv(playlists.T @ playlists + EQUAL.ridge * np.eye(TRACKS))
    return inverse / -np.diag(inverse)


def expected_list(scores: list[float], weights: SourceWeights) -> dict[int, int]:
    order = sorted(range(len(scores)), key=lambda track: -scores[track])[: EQUAL.neighbours]
    base = EQUAL.floor * max(scores[order[-1]], 0)
    top = scores[order[0]] - base
    weight = min(1.0, scores[order[0]] / weights.full_score) ** EQUAL.score_exponent
    return {
        track: math.ceil((scores[track] - base) / top * weight * STRENGTH_LEVELS)
        for track in order
        if scores[track] > 0
    }


def listed(lists: NeighbourLists, row: int, kind: str) -> dict[int, int]:
    """Column -> strength of a kind, in the order of the list."""
    strengths = getattr(lists, kind)[row]
    return dict(
        zip(
            lists.columns[row][strengths > 0].tolist(),
            strengths[strengths > 0].tolist(),
            strict=True,
        )
    )
