"""Resolve a request to seed tracks: open this file to see what a typed text is taken for.

What a text may mean is looked up in one store call. ``INTERPRETATIONS`` then read the hits one
after the other, from exact codes to misspelt songs, and the first that finds something decides.
An artist's tracks, or a misspelt song, take one store call more.
"""

from collections.abc import Callable, Sequence
from functools import partial

from embeat_serve.contract.audio_features import from_mappings
from embeat_serve.contract.schema import TrackField
from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.alternatives import (
    alternative_artists,
    alternative_songs,
    closest_labels,
)
from embeat_serve.seeds.lookup_queries import artist_id_query, track_query
from embeat_serve.seeds.matching import (
    EXACT_BONUS,
    SAME_NAME,
    ArtistMatch,
    Fit,
    TrackMatch,
    most_popular,
    popularity,
    popularity_rank,
)
from embeat_serve.seeds.models import CatalogueView, Seed, SeedSet
from embeat_serve.seeds.name_resolver import resolve_names
from embeat_serve.seeds.playlist_resolver import resolve_playlist
from embeat_serve.seeds.representative_tracks import artist_seeds
from embeat_serve.seeds.request import (
    ArtistRequest,
    FeaturesRequest,
    IsrcRequest,
    NamesRequest,
    PlaylistRequest,
    SeedRequest,
    TextRequest,
    TitleRequest,
    TrackIdsRequest,
    parse_text,
)
from embeat_serve.seeds.text_lookup import TextLookup
from embeat_serve.seeds.title_seed import resolve_title
from embeat_serve.seeds.typo_matching import match_misspelt_artists, match_misspelt_tracks
from embeat_serve.stores.batch import QueryBatch


def resolve_seeds(
    catalogue: CatalogueView, batch: QueryBatch, request: SeedRequest, *, artist_tracks: int
) -> SeedSet:
    """Find the seed tracks that a request stands for.

    Args:
        catalogue: the release to look in.
        batch: sends the queries; those that wait in it go out with the first store call.
        request: what the caller gave.
        artist_tracks: tracks that stand for an artist.

    Raises:
        SeedNotFound: nothing matches; carries what may have been meant.
        Unavailable: the release cannot be read.
    """
    match request:
        case TextRequest():
            return interpret_text(catalogue, batch, request, artist_tracks=artist_tracks)
        case TrackIdsRequest():
            return resolve_track_ids(batch, request)
        case IsrcRequest():
            return resolve_isrc(batch, request)
        case ArtistRequest():
            return resolve_artist(catalogue, batch, request, artist_tracks=artist_tracks)
        case PlaylistRequest():
            return resolve_playlist(catalogue, batch, request)
        case FeaturesRequest():
            return resolve_features(catalogue, request)
        case TitleRequest():
            return resolve_title(catalogue, request)
        case NamesRequest():
            return resolve_names(partial(resolve_text, catalogue), request)


def resolve_text(catalogue: CatalogueView, text: str, *, artist_tracks: int) -> SeedSet:
    """Find the seed tracks that a person means by ``text``, in store calls of its own.

    Raises:
        UsageError: ``text`` is empty, too long, or a link to something else.
        SeedNotFound: nothing matches; carries what may have been meant.
    """
    batch = QueryBatch(catalogue.store)
    return resolve_seeds(catalogue, batch, parse_text(text), artist_tracks=artist_tracks)


def resolve_track_ids(batch: QueryBatch, request: TrackIdsRequest) -> SeedSet:
    """Find tracks by id, in the order given.

    Raises:
        SeedNotFound: the catalogue has none of them.
    """
    lookup = batch.add(track_query(TrackField.TRACK_ID, request.ids, len(request.ids)))
    batch.execute()
    tracks = {hit.payload[TrackField.TRACK_ID]: hit for hit in lookup.hits}
    missing = tuple(id for id in request.ids if id not in tracks)
    if not tracks:
        raise SeedNotFound(f"no track {', '.join(missing[:3])} in the catalogue")
    songs = tuple(Seed.of(tracks[id]) for id in request.ids if id in tracks)
    return SeedSet(songs, missing=missing)


def resolve_isrc(batch: QueryBatch, request: IsrcRequest) -> SeedSet:
    """Find the most popular track of a recording.

    Raises:
        SeedNotFound: the catalogue does not have it.
    """
    lookup = batch.add(track_query(TrackField.ISRC, [request.isrc]))
    batch.execute()
    if not lookup.hits:
        raise SeedNotFound(f"no track with ISRC {request.isrc} in the catalogue")
    return SeedSet((Seed.of(most_popular(lookup.hits)),))


def resolve_features(catalogue: CatalogueView, request: FeaturesRequest) -> SeedSet:
    """Make a seed of a song that is in no catalogue; no store call.

    Raises:
        BrokenRelease: the release's encoder cannot be read.
    """
    vector = catalogue.encoder.encode(from_mappings([request.features]))[0]
    return SeedSet((Seed(request.payload, vector=vector),))


def resolve_artist(
    catalogue: CatalogueView, batch: QueryBatch, request: ArtistRequest, *, artist_tracks: int
) -> SeedSet:
    """Find the tracks that stand for an artist.

    Raises:
        SeedNotFound: no artist of that name has tracks in the catalogue.
    """
    if request.artist_id is not None:
        lookup = batch.add(artist_id_query(request.artist_id))
        batch.execute()
        if not lookup.hits:
            raise SeedNotFound(f"no artist {request.artist_id} in the catalogue")
        return artist_seeds(batch, lookup.hits[0], artist_tracks)
    lookup = TextLookup.of_artist(catalogue, batch, request.name, artist_tracks=artist_tracks)
    seeds = first_interpretation(lookup, (by_exact_artist, by_misspelt_artist))
    if seeds is None:
        raise SeedNotFound(f"no artist matches {request.name!r}", lookup.suggestions())
    return seeds


def interpret_text(
    catalogue: CatalogueView, batch: QueryBatch, request: TextRequest, *, artist_tracks: int
) -> SeedSet:
    """Find the song, or the artist, that a person means by a text.

    Raises:
        SeedNotFound: nothing matches; carries what may have been meant.
    """
    lookup = TextLookup.of_text(catalogue, batch, request.text, artist_tracks=artist_tracks)
    seeds = first_interpretation(lookup, INTERPRETATIONS)
    if seeds is None:
        raise nothing_matches(lookup)
    return seeds


def first_interpretation(
    lookup: TextLookup, interpretations: Sequence["Interpretation"]
) -> SeedSet | None:
    """What the first interpretation that finds something takes a text for; None where none does."""
    found = (interpret(lookup) for interpret in interpretations)
    return next((seeds for seeds in found if seeds is not None), None)


def nothing_matches(lookup: TextLookup) -> SeedNotFound:
    """The error for a text that nothing is called; it carries what may have been meant."""
    return SeedNotFound(f"no song or artist matches {lookup.text!r}", lookup.suggestions())


def by_code(lookup: TextLookup) -> SeedSet | None:
    """The track whose id or ISRC the text is."""
    if not lookup.coded_tracks:
        return None
    return SeedSet((Seed.of(most_popular(lookup.coded_tracks)),))


def by_exact_artist(lookup: TextLookup) -> SeedSet | None:
    """The artist whose name the text is, unless a song of that name is more popular."""
    artist, song = lookup.best_artist, lookup.best_track
    if artist is None or not is_artist_meant(artist, song):
        return None
    namesake = song.hit if song and song.closeness.fit == Fit.TITLE else None
    others = alternative_artists(lookup.text, artist.hit, lookup.artists, namesake)
    return artist_seeds(lookup.batch, artist.hit, lookup.artist_tracks, alternatives=others)


def by_exact_song(lookup: TextLookup) -> SeedSet | None:
    """The song whose title, or title and artist, the text is."""
    artist, song = lookup.best_artist, lookup.best_track
    if song is None:
        return None
    namesake = artist.hit if artist else None
    others = alternative_songs(lookup.readings, song, lookup.tracks, namesake)
    return SeedSet((Seed.of(song.hit),), alternatives=others)


def by_misspelt_artist(lookup: TextLookup) -> SeedSet | None:
    """The artist whose name the text is but for a few letters."""
    matches = match_misspelt_artists(lookup.text, lookup.similar_artists)
    if not matches:
        return None
    best, *rest = matches
    others = closest_labels(lookup.text, lookup.tracks, [match.hit for match in rest])
    return artist_seeds(
        lookup.batch, best.hit, lookup.artist_tracks, alternatives=others, guessed=True
    )


def by_misspelt_song(lookup: TextLookup) -> SeedSet | None:
    """The song whose title and artist the text is but for a few letters."""
    matches = match_misspelt_tracks(lookup.readings, lookup.similar_tracks)
    if not matches:
        return None
    song = matches[0].hit
    own_labels = closest_labels(lookup.text, [song], ())
    others = tuple(label for label in lookup.suggestions() if label not in own_labels)
    return SeedSet((Seed.of(song),), guessed=True, alternatives=others)


Interpretation = Callable[[TextLookup], SeedSet | None]
"""Reads the hits of a text in one way; None where the text cannot be meant so."""

EXACT: tuple[Interpretation, ...] = (by_code, by_exact_artist, by_exact_song)
"""Ways to understand a text that is spelt right, in the order in which they are tried."""

MISSPELT: tuple[Interpretation, ...] = (by_misspelt_artist, by_misspelt_song)
"""Ways to understand a text that has a few wrong letters."""

INTERPRETATIONS = (*EXACT, *MISSPELT)
"""All ways to understand a text, exact before misspelt."""


def is_artist_meant(artist: ArtistMatch, song: TrackMatch | None) -> bool:
    """Whether a text that fits both an artist's name and a song means the artist."""
    if song is None:
        return True
    is_name = artist.similarity >= SAME_NAME
    if is_name and song.closeness.fit == Fit.TITLE:
        # A song that is not called exactly so needs a lead over an artist who is.
        lead = max(EXACT_BONUS - song.closeness.bonus, 0)
        return popularity_rank(artist.hit) > popularity(song.hit) - lead
    return is_name or song.closeness.fit == Fit.WORDS
