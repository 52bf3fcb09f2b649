"""``EMBEAT_*`` environment variables -> one frozen settings object.

Every recall option (``OPTION_FIELDS``) has a variable: ``EMBEAT_`` and the option's name in
capitals, so ``EMBEAT_PLAYLIST_MIN_COSINE=0.5`` sets ``playlist_min_cosine``.
``EMBEAT_PRESET`` names the set of values that the others change.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.options import OPTION_FIELDS, PRESETS, RecallOptions

Device = Literal["auto", "cpu", "cuda"]


MAX_COUNT = 1_000
"""Most shards, and most replicas."""


@dataclass(frozen=True)
class Settings:
    """Everything serving reads from its environment."""

    lake: LakePaths = field(default_factory=lambda: LakePaths(Path("data_lake")))
    qdrant_url: str | None = None
    """Qdrant server; None reads the embedded release of the lake."""
    qdrant_api_key: str | None = field(default=None, repr=False)
    qdrant_ca: Path | None = None
    """PEM file of the authorities to trust for the server's certificate; None: the system's."""
    qdrant_shards: int = 1
    """Shards of the collections that publishing makes on a server."""
    qdrant_replicas: int = 1
    """Copies of each shard."""
    device: Device = "auto"
    recall: RecallOptions = field(default_factory=RecallOptions)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read ``EMBEAT_*`` variables; unset or empty means the default.

        Raises:
            UsageError: a value cannot be read as its setting's type, or is out of range.
        """
        given = {
            name.removeprefix("EMBEAT_").lower(): value
            for name, value in (os.environ if environment is None else environment).items()
            if name.startswith("EMBEAT_") and value
        }
        device = given.get("device", "auto")
        if device not in get_args(Device):
            raise UsageError(f"EMBEAT_DEVICE must be auto, cpu or cuda, found {device!r}")
        preset = given.get("preset", next(iter(PRESETS)))
        if preset not in PRESETS:
            raise UsageError(f"EMBEAT_PRESET must be one of {', '.join(PRESETS)}, found {preset!r}")
        recall = {
            name: _parse(name, given[name], option.default)
            for name, option in OPTION_FIELDS.items()
            if name in given
        }
        return cls(
            lake=LakePaths(Path(given.get("lake", "data_lake"))),
            qdrant_url=given.get("qdrant_url"),
            qdrant_api_key=given.get("qdrant_api_key"),
            qdrant_ca=Path(given["qdrant_ca"]) if "qdrant_ca" in given else None,
            qdrant_shards=_parse_count("qdrant_shards", given),
            qdrant_replicas=_parse_count("qdrant_replicas", given),
            device=device,  # type: ignore[arg-type]
            recall=PRESETS[preset].with_values(recall),
        )

    def having(
        self,
        lake: str | os.PathLike[str] | None = None,
        url: str | None = None,
        api_key: str | None = None,
    ) -> "Settings":
        """These settings with what a caller says in so many words; None says nothing.

        A lake without a URL means the lake, whatever server the environment names.
        """
        asked_for_lake = lake is not None and url is None
        return replace(
            self,
            lake=self.lake if lake is None else LakePaths(Path(lake)),
            qdrant_url=None if asked_for_lake else (url or self.qdrant_url),
            qdrant_api_key=api_key or self.qdrant_api_key,
        )


def _parse_count(name: str, given: Mapping[str, str]) -> int:
    number = _parse(name, given.get(name, "1"), 1)
    if not 1 <= number <= MAX_COUNT:
        raise UsageError(f"EMBEAT_{name.upper()} must be in 1..{MAX_COUNT}, found {number}")
    return number


def _parse(name: str, text: str, default: Any) -> Any:
    variable = f"EMBEAT_{name.upper()}"
    if isinstance(default, bool):
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if text.lower() not in words:
            raise UsageError(f"{variable} must be true or false, found {text!r}")
        return words[text.lower()]
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return type(default)(text)
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise UsageError(f"{variable} must be {kind}, found {text!r}") from None
