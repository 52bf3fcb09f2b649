"""Declare an option with the range of its values, and check a value against it."""

from dataclasses import Field, field, fields
from typing import Any, cast

from embeat_serve.errors import UsageError

_BOUNDS = "bounds"
_CHOICES = "choices"


def bounded(default: float, low: float, high: float) -> Any:
    """A dataclass field for a number in ``low``..``high``, whole if the default is."""
    return field(default=default, metadata={_BOUNDS: (low, high)})


def one_of(*choices: str) -> Any:
    """A dataclass field for one of these words; the first is the default."""
    return field(default=choices[0], metadata={_CHOICES: choices})


def bounds_of(option: Field[Any]) -> tuple[float, float]:
    """Lowest and highest value of a field made by ``bounded``."""
    return option.metadata[_BOUNDS]


def choices_of(option: Field[Any]) -> tuple[str, ...]:
    """Words that a field made by ``one_of`` allows; empty for any other field."""
    return option.metadata.get(_CHOICES, ())


def check_options(options: Any) -> None:
    """Check every switch, word and number of a dataclass of options.

    Raises:
        UsageError: a value has another type than its default, or is out of range.
    """
    for option in fields(options):
        _check(option, getattr(options, option.name))


def _check(option: Field[Any], value: object) -> None:
    name, default = option.name, cast(object, option.default)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise UsageError(f"{name} must be true or false, found {value!r}")
    elif isinstance(default, str):
        if value not in choices_of(option):
            allowed = ", ".join(choices_of(option))
            raise UsageError(f"{name} must be one of {allowed}, found {value!r}")
    elif isinstance(default, int | float):
        low, high = bounds_of(option)
        whole = isinstance(default, int)
        # A comparison with NaN is false, so NaN is refused, too.
        in_range = isinstance(value, int | float) and low <= value <= high
        if not in_range or isinstance(value, bool) or (whole and not isinstance(value, int)):
            kind = "a whole number" if whole else "a number"
            raise UsageError(f"{name} must be {kind} in {low:g}..{high:g}, found {value!r}")
