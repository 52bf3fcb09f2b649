"""Paths of the folders and files of a data lake."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LakePaths:
    """The paths of one data lake. ``root`` is the folder that ``EMBEAT_LAKE`` names."""

    root: Path

    @property
    def raw(self) -> Path:
        """Folder of the raw dumps."""
        return self.root / "raw"

    @property
    def tables(self) -> Path:
        """Folder of the clean Parquet tables."""
        return self.root / "tables"

    @property
    def models(self) -> Path:
        """Folder of the trained models."""
        return self.root / "models"

    @property
    def index(self) -> Path:
        """Folder of the releases and of ``CURRENT``."""
        return self.root / "index"

    @property
    def reports(self) -> Path:
        """Folder of the reports for people: ingest counts, evaluation."""
        return self.root / "reports"

    @property
    def current(self) -> Path:
        """File that holds the name of the published release and nothing else."""
        return self.index / "CURRENT"

    def table(self, name: str) -> Path:
        """File of one clean table."""
        return self.tables / f"{name}.parquet"

    def release(self, name: str) -> Path:
        """Folder of one release."""
        return self.index / name
