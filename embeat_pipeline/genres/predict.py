"""Predict genres of artists that list none, with confidence and source."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from embeat_pipeline.genres.calibration import calibration
from embeat_pipeline.genres.classifier import CHECK_FOLD, GenreModel, fit, predict_from_shares
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.session import run_sql
from embeat_pipeline.genres.vote_features import (
    SOURCES,
    VoteFeatures,
    count_votes,
    labelled_features,
    unlabelled_features,
)

CONFUSED_PAIRS = 10
"""Pairs of confused genres that are reported."""


def predict_genres(
    database: duckdb.DuckDBPyConnection, tables: Mapping[str, str], options: GenreOptions
) -> dict[str, Any]:
    """Add predicted genres to the table ``assigned`` of listed ones.

    Args:
        database: has the table ``assigned``.
        tables: paths of the lake's tables by name.
        options: limits and thresholds.

    Returns:
        ``teachers``, the number of labelled artists used; ``checked``, see ``check_model``.
    """
    count_votes(database, tables, options)
    labelled = labelled_features(database)
    number = len(np.unique(labelled.artist))
    model = fit(labelled) if number >= options.min_labelled else None
    held_out = labelled.select(labelled.fold == CHECK_FOLD)
    checked = check_model(database, tables, model, held_out, options)
    for evidence in unlabelled_features(database):
        database.register("predicted", predicted_rows(model, evidence, options))
        database.execute("INSERT INTO assigned SELECT * FROM predicted")
        database.unregister("predicted")
    return {"teachers": number, "checked": checked}


def predicted_rows(
    model: GenreModel | None, evidence: VoteFeatures, options: GenreOptions
) -> pa.Table:
    """Rows of the table ``assigned`` for the artists of ``evidence``."""
    confidence, rank, strongest = (
        model.predict(evidence) if model else predict_from_shares(evidence)
    )
    order = np.lexsort((rank, evidence.artist))
    artist, genre = evidence.artist[order], evidence.genre[order]
    confidence, rank, strongest = confidence[order], rank[order], strongest[order]
    # The runner-up is in the next row, if that is of the same artist.
    following = np.minimum(np.arange(1, len(order) + 1), max(len(order) - 1, 0))
    is_last = np.r_[artist[1:] != artist[:-1], True][: len(order)]
    kept = (confidence >= options.min_confidence) & (rank < options.predicted_genres)
    return pa.table(
        {
            "artist_code": artist[kept],
            "genre_code": genre[kept],
            "position": rank[kept].astype(np.uint8),
            "score": confidence[kept].astype(np.float32),
            "confidence": confidence[kept].astype(np.float32),
            "source": pa.array(np.array(SOURCES)[strongest[kept]].tolist(), pa.string()),
            "runner_up_code": pa.array(genre[following][kept], mask=is_last[kept]),
            "runner_up_confidence": pa.array(
                confidence[following][kept].astype(np.float32), mask=is_last[kept]
            ),
        }
    )


def check_model(
    database: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    model: GenreModel | None,
    held_out: VoteFeatures,
    options: GenreOptions,
) -> dict[str, Any]:
    """Measure the model on labelled artists that neither fitted nor calibrated it.

    Returns:
        ``artists``, those held out that have any votes; ``covered``, their share with a confident
        prediction; ``top_1``, the share of these whose best genre is right; ``ece`` and
        ``reliability`` of its confidence, see ``calibration``; ``confused``, pairs of the genre
        listed first and a wrong one predicted, most frequent first. Empty without a model.
    """
    if model is None or not len(held_out):
        return {}
    confidence, rank, _ = model.predict(held_out)
    best = rank == 0
    confident = best & (confidence >= options.min_confidence)
    error, bins = calibration(confidence[confident], held_out.listed[confident].astype(np.float64))
    wrong = confident & ~held_out.listed
    database.register(
        "mistaken",
        pa.table({"artist_code": held_out.artist[wrong], "genre_code": held_out.genre[wrong]}),
    )
    pairs = run_sql(database, "confused_genres", {**tables, "pairs": CONFUSED_PAIRS}).fetchall()
    database.unregister("mistaken")
    return {
        "artists": int(best.sum()),
        "covered": float(confident.sum() / best.sum()),
        "top_1": float(held_out.listed[confident].mean()) if confident.any() else None,
        "ece": error if confident.any() else None,
        "reliability": bins,
        "confused": [
            {"listed": listed, "predicted": predicted, "artists": artists}
            for listed, predicted, artists in pairs
        ],
    }
