"""Read Arrow files and streams, as ``save_to_disk`` of HuggingFace's ``datasets`` writes them."""

import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.ingest.reading.readers.raw import NotUsable, Raw

FILE_MAGIC, STREAM_MAGIC = b"ARROW1", b"\xff\xff\xff\xff"
DESCRIPTIONS = ("state.json", "dataset_info.json", "dataset_dict.json")
"""Names of files that ``save_to_disk`` writes beside the data."""


def read_arrow(path: Path, scratch: Path, is_stream: bool) -> Raw:
    """Read an Arrow file or stream, a record batch at a time.

    Raises:
        OSError: it is damaged.
    """
    try:
        with pa.memory_map(str(path)) as file:
            if not is_stream:
                with pa.ipc.open_file(file) as reader:
                    batches = map(reader.get_batch, range(reader.num_record_batches))
                    _copy(scratch, reader.schema, batches)
            else:
                with pa.ipc.open_stream(file) as reader:
                    _copy(scratch, reader.schema, reader)
    except pa.ArrowException as error:
        raise OSError(str(error)) from error
    return Raw("Arrow stream" if is_stream else "Arrow file", pl.scan_parquet(scratch, glob=False))


def _copy(target: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in batches:
            writer.write_batch(batch)


def is_description(path: Path) -> bool:
    """Whether a file only describes the data beside it.

    Raises:
        NotUsable: it names data files that are missing.
    """
    if path.name not in DESCRIPTIONS:
        return False
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(content, dict):
        return False
    if path.name == "state.json":
        named = [str(entry.get("filename")) for entry in content.get("_data_files") or []]
        missing = [name for name in named if not (path.parent / name).is_file()]
        if missing:
            raise NotUsable(f"names {', '.join(missing)}, which is not beside it")
    return True
