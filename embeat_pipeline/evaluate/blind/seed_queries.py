"""Ask a release for the songs that go with a seed which a file names by text."""

from embeat_pipeline.evaluate.blind.records import SeedRecord
from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.results import Recommendations


def recommend_seed(
    recommender: Recommender, record: SeedRecord, k: int, options: RecallOptions | None = None
) -> Recommendations | None:
    """Recommend ``k`` songs for the seed of a record; None where the catalogue lacks that song.

    A guess at what was meant is not asked: the other system's list is for another song.

    Raises:
        UsageError: the seed is no request at all, as a link to an album.
        Unavailable: the release cannot be read.
    """
    try:
        result = recommender.recommend(record.seed, k=k, options=options)
    except SeedNotFound:
        return None
    except UsageError as error:
        raise record.cause(error) from error
    is_song = not (result.guessed or result.missing or result.artist)
    return result if is_song else None
