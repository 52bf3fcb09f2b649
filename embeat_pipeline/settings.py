"""Read the settings that only the pipeline uses from ``EMBEAT_*`` environment variables.

The rest (lake, Qdrant server) is in ``embeat_serve.settings``, which the pipeline shares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, get_args

from embeat_serve.errors import UsageError
from embeat_serve.settings import parse_variable, read_variables

Device = Literal["auto", "cpu", "cuda"]

DEVICES: tuple[Device, ...] = get_args(Device)

MAX_COUNT = 1_000
"""Most shards, and most replicas."""


@dataclass(frozen=True)
class PipelineSettings:
    """Where models are trained, and how a Qdrant server stores a release."""

    device: Device = "auto"
    """Where models are trained; ``auto`` takes the GPU if there is one."""
    qdrant_shards: int = 1
    """Shards of the collections that publishing makes on a server."""
    qdrant_replicas: int = 1
    """Copies of each shard."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read ``EMBEAT_*`` variables; unset or empty means the default.

        Args:
            environment: the variables; those of this process if None.

        Raises:
            UsageError: a value has the wrong type, or is out of range.
        """
        values = read_variables(environment)
        return cls(
            device=_device(values.get("device", "auto")),
            qdrant_shards=_count("qdrant_shards", values),
            qdrant_replicas=_count("qdrant_replicas", values),
        )


def _device(text: str) -> Device:
    for device in DEVICES:
        if text == device:
            return device
    raise UsageError(f"EMBEAT_DEVICE must be auto, cpu or cuda, found {text!r}")


def _count(name: str, values: Mapping[str, str]) -> int:
    number = parse_variable(name, values.get(name, "1"), 1)
    if not 1 <= number <= MAX_COUNT:
        raise UsageError(f"EMBEAT_{name.upper()} must be in 1..{MAX_COUNT}, found {number}")
    return number
