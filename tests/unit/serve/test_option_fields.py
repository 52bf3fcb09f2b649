from dataclasses import dataclass, fields
from typing import Any

import pytest

from embeat_serve.errors import UsageError
from embeat_serve.option_fields import bounded, bounds_of, check_options, choices_of, one_of


@dataclass(frozen=True)
class Example:
    number: int = bounded(3, 1, 10)
    share: float = bounded(0.5, 0, 1)
    switch: bool = True
    word: str = one_of("up", "down")
    names: tuple[str, ...] = ()


def test_fields_say_what_they_allow():
    by_name = {option.name: option for option in fields(Example)}
    assert bounds_of(by_name["number"]) == (1, 10)
    assert choices_of(by_name["word"]) == ("up", "down")
    assert choices_of(by_name["number"]) == ()
    assert Example().word == "up"


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 0},
        {"number": 2.0},
        {"number": True},
        {"share": float("nan")},
        {"share": "0.5"},
        {"switch": 1},
        {"word": "left"},
    ],
)
def test_other_values_are_refused_by_name(changed: dict[str, Any]):
    (name,) = changed
    with pytest.raises(UsageError, match=name):
        check_options(Example(**changed))


def test_allowed_values_pass():
    check_options(Example(number=10, share=1, switch=False, word="down", names=("a",)))
