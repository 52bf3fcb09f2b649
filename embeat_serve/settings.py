"""Read the settings of serving from ``EMBEAT_*`` environment variables.

Every recall option (``OPTION_FIELDS``) has a variable: ``EMBEAT_`` and the option's name in
capitals, so ``EMBEAT_PLAYLIST_MIN_COSINE=0.5`` sets ``playlist_min_cosine``. ``EMBEAT_PRESET``
names the set of options that the others change.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.options import OPTION_FIELDS, PRESETS, RecallOptions

PREFIX = "EMBEAT_"
"""How the name of every variable begins."""

_SWITCHES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Settings:
    """Where the release is, and the recall options of requests that have none."""

    lake: LakePaths = field(default_factory=lambda: LakePaths(Path("data_lake")))
    qdrant_url: str | None = None
    """Qdrant server; None reads the embedded release of the lake."""
    qdrant_api_key: str | None = field(default=None, repr=False)
    qdrant_ca: Path | None = None
    """PEM file of the authorities to trust for the server's certificate; None: the system's."""
    recall: RecallOptions = field(default_factory=RecallOptions)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read ``EMBEAT_*`` variables; unset or empty means the default.

        Args:
            environment: the variables; those of this process if None.

        Raises:
            UsageError: a value has the wrong type, or is out of range.
        """
        values = read_variables(environment)
        preset = values.get("preset", next(iter(PRESETS)))
        if preset not in PRESETS:
            raise UsageError(f"EMBEAT_PRESET must be one of {', '.join(PRESETS)}, found {preset!r}")
        options = {
            name: parse_variable(name, values[name], option.default)
            for name, option in OPTION_FIELDS.items()
            if name in values
        }
        return cls(
            lake=LakePaths(Path(values.get("lake", "data_lake"))),
            qdrant_url=values.get("qdrant_url"),
            qdrant_api_key=values.get("qdrant_api_key"),
            qdrant_ca=Path(values["qdrant_ca"]) if "qdrant_ca" in values else None,
            recall=PRESETS[preset].with_values(options),
        )

    def with_overrides(
        self,
        lake: str | os.PathLike[str] | None = None,
        url: str | None = None,
        api_key: str | None = None,
    ) -> Self:
        """These settings with the values that a caller gives; None changes nothing.

        A lake without a URL means the lake, whatever server the environment names.
        """
        reads_lake = lake is not None and url is None
        return replace(
            self,
            lake=self.lake if lake is None else LakePaths(Path(lake)),
            qdrant_url=None if reads_lake else (url or self.qdrant_url),
            qdrant_api_key=api_key or self.qdrant_api_key,
        )


def read_variables(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The ``EMBEAT_*`` variables that are not empty, by name without prefix, in small letters.

    Args:
        environment: the variables; those of this process if None.
    """
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX) and value
    }


def parse_variable(name: str, text: str, default: Any) -> Any:
    """The value of a variable as the type of its default.

    Raises:
        UsageError: the text has another type.
    """
    variable = f"{PREFIX}{name.upper()}"
    if isinstance(default, bool):
        if text.lower() not in _SWITCHES:
            raise UsageError(f"{variable} must be true or false, found {text!r}")
        return _SWITCHES[text.lower()]
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, str):
        return text
    is_whole = isinstance(default, int)
    try:
        return int(text) if is_whole else float(text)
    except ValueError:
        expected = "a whole number" if is_whole else "a number"
        raise UsageError(f"{variable} must be {expected}, found {text!r}") from None
