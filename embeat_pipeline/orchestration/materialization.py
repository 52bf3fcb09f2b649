"""Turn what a stage function returns into a Dagster ``MaterializeResult``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

MADE = "made"


SKIPPED = "skipped: inputs, settings and code are those it was made from"
"""What the UI says of an asset that was not made again."""


def table_metadata(path: Path) -> dict[str, Any]:
    """Row count, column schema and size of a Parquet file, from its footer alone."""
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        columns = [
            dg.TableColumn(name=field.name, type=str(field.type)) for field in file.schema_arrow
        ]
        rows = file.metadata.num_rows
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "bytes": path.stat().st_size,
    }


def asset_result(
    metadata: Mapping[str, Any],
    path: Path | None = None,
    asset_key: str | None = None,
    seconds: float | None = None,
) -> dg.MaterializeResult:
    """Materialization of one asset from what its stage function returned.

    Args:
        metadata: the stage's flat metadata, JSON values.
        path: the Parquet table written, described by ``table_metadata``.
        asset_key: which asset, where one step materializes several.
        seconds: wall-clock time of the stage.
    """
    table = table_metadata(path) if path else {}
    timing = {} if seconds is None else {"seconds": round(seconds, 3)}
    outcome = {"outcome": SKIPPED if metadata.get("unchanged") else MADE}
    return dg.MaterializeResult(
        asset_key=asset_key, metadata={**outcome, **table, **metadata, **timing}
    )
