"""Check assigned genres: coverage, calibration, share predicted, confusions.

Limits are generous: they find broken runs and do not rank good ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MIN_COVERAGE = 0.5
"""Share of tracks whose main artist has a genre."""
MAX_CALIBRATION_ERROR = 0.05
"""Expected calibration error on held-out artists."""
MAX_PREDICTED = 0.5
"""Share of predicted genres among artists that have a genre."""
MAX_CONFUSED = 0.05
"""Share of held-out artists in one pair of confused genres."""


@dataclass(frozen=True)
class CheckResult:
    """Result of one check."""

    name: str
    passed: bool
    description: str
    figures: dict[str, Any] = field(default_factory=dict)


def check_genres(metadata: Mapping[str, Any]) -> list[CheckResult]:
    """Check what ``assign_genres`` returned."""
    held_out = metadata["checked"]
    listed = metadata["tracks_listed"] / max(metadata["tracks"], 1)
    covered = listed + metadata["tracks_predicted"] / max(metadata["tracks"], 1)
    with_genre = metadata["artists_listed"] + metadata["artists_predicted"]
    predicted = metadata["artists_predicted"] / max(with_genre, 1)
    return [
        CheckResult(
            "coverage",
            covered >= MIN_COVERAGE,
            f"{covered:.1%} of tracks have a genre, {listed:.1%} a listed one",
            {
                "tracks": covered,
                "tracks_listed": listed,
                "artists": with_genre / max(metadata["artists"], 1),
            },
        ),
        _calibration(held_out),
        CheckResult(
            "predicted_share",
            predicted <= MAX_PREDICTED,
            f"{predicted:.1%} of artists with a genre have a predicted one",
            {"artists": predicted, **metadata["sources"]},
        ),
        _confusion(held_out),
    ]


def _calibration(held_out: Mapping[str, Any]) -> CheckResult:
    error = held_out.get("ece")
    if error is None:
        return CheckResult("calibration", True, "nothing was predicted for held-out artists")
    text = f"confidence is off by {error:.3f} on {held_out['artists']:,} held-out artists"
    figures = {name: held_out[name] for name in ("ece", "top_1", "covered")}
    return CheckResult("calibration", error <= MAX_CALIBRATION_ERROR, text, figures)


def _confusion(held_out: Mapping[str, Any]) -> CheckResult:
    pairs = held_out.get("confused", [])
    if not pairs:
        return CheckResult("confused_genres", True, "no genre was taken for another")
    first = pairs[0]
    share = first["artists"] / held_out["artists"]
    text = f"most often, {first['listed']} is taken for {first['predicted']}: {share:.2%}"
    table = "\n".join(f"| {p['listed']} | {p['predicted']} | {p['artists']} |" for p in pairs)
    figures = {"pairs": f"| listed | predicted | artists |\n|---|---|---:|\n{table}"}
    return CheckResult("confused_genres", share <= MAX_CONFUSED, text, figures)
