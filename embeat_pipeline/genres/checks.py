"""What to look at before genres are believed: coverage, calibration, guesses, mix-ups.

Limits are generous: they tell a broken run from a sound one, not a good one from a better.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEAST_COVERAGE = 0.5
"""Of tracks, by an artist with a genre."""
MOST_ERROR = 0.05
"""Expected calibration error on held-out artists."""
MOST_PREDICTED = 0.5
"""Of the artists that have a genre."""
MOST_CONFUSED = 0.05
"""Of held-out artists, in one pair of genres."""


@dataclass(frozen=True)
class Finding:
    """One check of the assigned genres."""

    name: str
    passed: bool
    description: str
    figures: dict[str, Any] = field(default_factory=dict)


def findings(made: Mapping[str, Any]) -> list[Finding]:
    """Checks of what ``assign_genres`` returned."""
    checked = made["checked"]
    listed = made["tracks_listed"] / max(made["tracks"], 1)
    covered = listed + made["tracks_predicted"] / max(made["tracks"], 1)
    known = made["artists_listed"] + made["artists_predicted"]
    guessed = made["artists_predicted"] / max(known, 1)
    return [
        Finding(
            "coverage",
            covered >= LEAST_COVERAGE,
            f"{covered:.1%} of tracks have a genre, {listed:.1%} a listed one",
            {
                "tracks": covered,
                "tracks_listed": listed,
                "artists": known / max(made["artists"], 1),
            },
        ),
        _calibration(checked),
        Finding(
            "predicted_share",
            guessed <= MOST_PREDICTED,
            f"{guessed:.1%} of artists with a genre have a predicted one",
            {"artists": guessed, **made["sources"]},
        ),
        _confusion(checked),
    ]


def _calibration(checked: Mapping[str, Any]) -> Finding:
    error = checked.get("ece")
    if error is None:
        return Finding("calibration", True, "nothing was predicted for held-out artists")
    text = f"confidence is off by {error:.3f} on {checked['artists']:,} held-out artists"
    figures = {name: checked[name] for name in ("ece", "top_1", "covered")}
    return Finding("calibration", error <= MOST_ERROR, text, figures)


def _confusion(checked: Mapping[str, Any]) -> Finding:
    pairs = checked.get("confused", [])
    if not pairs:
        return Finding("confused_genres", True, "no genre was taken for another")
    first = pairs[0]
    share = first["artists"] / checked["artists"]
    text = f"most often, {first['listed']} is taken for {first['predicted']}: {share:.2%}"
    table = "\n".join(f"| {p['listed']} | {p['predicted']} | {p['artists']} |" for p in pairs)
    figures = {"pairs": f"| listed | predicted | artists |\n|---|---|---:|\n{table}"}
    return Finding("confused_genres", share <= MOST_CONFUSED, text, figures)
