"""Genres of artists that list none: the model's best, each with a confidence and a source."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from embeat_pipeline.genres.calibration import calibration
from embeat_pipeline.genres.classifier import CHECKED, GenreModel, fit, shares
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.engine import run_sql
from embeat_pipeline.genres.vote_features import SOURCES, Evidence, gather, teachers, unlabelled

CONFUSED = 10
"""Pairs of genres reported as taken for one another."""


def predict_genres(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, str], options: GenreOptions
) -> dict[str, Any]:
    """Add predicted genres to table ``assigned``, which holds the listed ones.

    Returns:
        ``teachers``; ``checked``, what the model does on labelled artists it has not seen.
    """
    gather(engine, tables, options)
    taught = teachers(engine)
    number = len(np.unique(taught.artist))
    model = fit(taught) if number >= options.min_teachers else None
    checked = check(engine, tables, model, taught.take(taught.fold == CHECKED), options)
    for evidence in unlabelled(engine):
        engine.register("predicted", predicted(model, evidence, options))
        engine.execute("INSERT INTO assigned SELECT * FROM predicted")
        engine.unregister("predicted")
    return {"teachers": number, "checked": checked}


def predicted(model: GenreModel | None, evidence: Evidence, options: GenreOptions) -> pa.Table:
    """Rows of table ``assigned`` for the artists of ``evidence``."""
    confidence, rank, strongest = model.predict(evidence) if model else shares(evidence)
    order = np.lexsort((rank, evidence.artist))
    artist, genre = evidence.artist[order], evidence.genre[order]
    confidence, rank, strongest = confidence[order], rank[order], strongest[order]
    # The row below is the runner-up, where it is the same artist's.
    below = np.minimum(np.arange(1, len(order) + 1), max(len(order) - 1, 0))
    alone = np.r_[artist[1:] != artist[:-1], True][: len(order)]
    kept = (confidence >= options.min_confidence) & (rank < options.predicted_genres)
    return pa.table(
        {
            "artist_code": artist[kept],
            "genre_code": genre[kept],
            "position": rank[kept].astype(np.uint8),
            "score": confidence[kept].astype(np.float32),
            "confidence": confidence[kept].astype(np.float32),
            "source": pa.array(np.array(SOURCES)[strongest[kept]].tolist(), pa.string()),
            "runner_up_code": pa.array(genre[below][kept], mask=alone[kept]),
            "runner_up_confidence": pa.array(
                confidence[below][kept].astype(np.float32), mask=alone[kept]
            ),
        }
    )


def check(
    engine: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    model: GenreModel | None,
    held_out: Evidence,
    options: GenreOptions,
) -> dict[str, Any]:
    """What the model does on labelled artists that neither fitted nor calibrated it.

    Returns:
        ``artists`` held out (with any evidence), ``covered`` share with a confident prediction,
        ``top_1`` share right among those, ``ece`` and ``reliability`` of the best genre's
        confidence, ``confused``: names of genres listed first and predicted instead, most often
        first.
        Empty without a model.
    """
    if model is None or not len(held_out):
        return {}
    confidence, rank, _ = model.predict(held_out)
    best = rank == 0
    sure = best & (confidence >= options.min_confidence)
    error, bins = calibration(confidence[sure], held_out.listed[sure].astype(np.float64))
    wrong = sure & ~held_out.listed
    engine.register(
        "mistaken",
        pa.table({"artist_code": held_out.artist[wrong], "genre_code": held_out.genre[wrong]}),
    )
    pairs = run_sql(engine, "confused", {**tables, "pairs": CONFUSED}).fetchall()
    engine.unregister("mistaken")
    return {
        "artists": int(best.sum()),
        "covered": float(sure.sum() / best.sum()),
        "top_1": float(held_out.listed[sure].mean()) if sure.any() else None,
        "ece": error if sure.any() else None,
        "reliability": bins,
        "confused": [
            {"listed": listed, "predicted": guessed, "artists": artists}
            for listed, guessed, artists in pairs
        ],
    }
