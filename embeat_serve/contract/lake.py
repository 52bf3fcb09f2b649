"""Paths of a data lake."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LakePaths:
    """Where things lie in a data lake. ``root`` is the folder ``EMBEAT_LAKE`` names."""

    root: Path

    @property
    def raw(self) -> Path:
        """Dumps as they came."""
        return self.root / "raw"

    @property
    def tables(self) -> Path:
        """Clean Parquet tables."""
        return self.root / "tables"

    @property
    def models(self) -> Path:
        """Trained models."""
        return self.root / "models"

    @property
    def index(self) -> Path:
        """Releases and the ``CURRENT`` pointer."""
        return self.root / "index"

    @property
    def reports(self) -> Path:
        """Reports for people: ingest counts, evaluation."""
        return self.root / "reports"

    @property
    def current(self) -> Path:
        """File that holds the published release's name and nothing else."""
        return self.index / "CURRENT"

    def table(self, name: str) -> Path:
        """Path of one clean table."""
        return self.tables / f"{name}.parquet"

    def release(self, name: str) -> Path:
        """Folder of one release."""
        return self.index / name
