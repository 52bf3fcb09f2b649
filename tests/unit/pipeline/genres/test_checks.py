"""What the asset checks say of a run."""

from typing import Any

import pytest

from embeat_pipeline.genres.checks import check_genres

SOUND: dict[str, Any] = {
    "artists": 100,
    "artists_listed": 60,
    "artists_predicted": 20,
    "tracks": 1_000,
    "tracks_listed": 700,
    "tracks_predicted": 130,
    "sources": {"listed": 60, "playlist": 20},
    "checked": {
        "artists": 1_000,
        "covered": 0.8,
        "top_1": 0.7,
        "ece": 0.02,
        "confused": [{"listed": "dub", "predicted": "reggae", "artists": 10}],
    },
}


def failed(made: dict[str, Any]) -> set[str]:
    return {found.name for found in check_genres(made) if not found.passed}


def test_a_sound_run_passes_and_says_what_it_saw() -> None:
    found = {one.name: one for one in check_genres(SOUND)}
    assert failed(SOUND) == set()
    assert "83.0%" in found["coverage"].description
    assert "70.0%" in found["coverage"].description
    assert "dub is taken for reggae: 1.00%" in found["confused_genres"].description
    assert "| dub | reggae | 10 |" in found["confused_genres"].figures["pairs"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("coverage", {"tracks_listed": 100}),
        ("calibration", {"checked": {**SOUND["checked"], "ece": 0.2}}),
        ("predicted_share", {"artists_predicted": 80}),
        (
            "confused_genres",
            {
                "checked": {
                    **SOUND["checked"],
                    "confused": [{"listed": "a", "predicted": "b", "artists": 300}],
                }
            },
        ),
    ],
)
def test_each_check_fails_alone(name: str, change: dict[str, Any]) -> None:
    assert failed({**SOUND, **change}) == {name}


def test_an_empty_lake_has_nothing_to_check() -> None:
    numbers = {name: 0 for name, value in SOUND.items() if isinstance(value, int)}
    assert failed({**numbers, "sources": {}, "checked": {}}) == {"coverage"}
