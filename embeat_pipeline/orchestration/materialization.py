"""Materializations: what Dagster is told of an asset that a stage function made or skipped.

Here belongs the shape of materialization metadata. What the figures are is up to the stages.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import dagster as dg

from embeat_pipeline.common.fingerprint import file_digest

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


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def timed(
    stage: Callable[Arguments, Result], *arguments: Arguments.args, **settings: Arguments.kwargs
) -> tuple[Result, float]:
    """Call a stage function; returns its result and the wall-clock seconds it took."""
    started = time.monotonic()
    result = stage(*arguments, **settings)
    return result, time.monotonic() - started


def asset_result(
    metadata: Mapping[str, Any],
    *,
    table: Path | None = None,
    data_version: str | None = None,
    asset_key: str | None = None,
    seconds: float | None = None,
) -> dg.MaterializeResult:
    """Turn the result of a stage function into the materialization of one asset.

    Args:
        metadata: the stage's flat metadata, JSON values; ``unchanged`` where it was skipped.
        table: the Parquet table written, described by ``table_metadata``.
        data_version: digest of what the asset holds; that of ``table`` where None. What is skipped
            keeps its version, so nothing downstream looks out of date.
        asset_key: which asset, where one step materializes several.
        seconds: wall-clock time of the stage.
    """
    described = table_metadata(table) if table else {}
    timing = {} if seconds is None else {"seconds": round(seconds, 3)}
    outcome = {"outcome": SKIPPED if metadata.get("unchanged") else MADE}
    if data_version is None and table is not None:
        data_version = file_digest(table)
    return dg.MaterializeResult(
        asset_key=asset_key,
        metadata={**outcome, **described, **metadata, **timing},
        data_version=dg.DataVersion(data_version) if data_version else None,
    )
