"""Files of blind tests: ``reports/blind/`` with the page, the same as JSON, and the key.

``pairs.html`` and ``pairs.json`` are for judges. ``key.json`` says which list is whose; no judge
opens it. A new test moves an older one into a folder of its name, so that verdicts which are
still to come find their key.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import atomic_path, write_json
from embeat_pipeline.evaluate.blind.page import QUESTION, render_page
from embeat_pipeline.evaluate.blind.pairs import BlindTest, Pair, PairSide
from embeat_pipeline.evaluate.blind.song_names import ShownSong, SongJson
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError

PAGE, PAIRS, KEY = "pairs.html", "pairs.json", "key.json"

ANSWER = {
    "test": "as above",
    "judge": "who judges, such as: listener",
    "verdicts": [{"pair": "its id", "better": "A, B or equal", "unfit": {"A": [1], "B": []}}],
}
"""Form of a file of verdicts; ``unfit`` has the numbers of songs that do not fit, from 1."""


def blind_folder(lake: LakePaths) -> Path:
    """Folder of the newest blind test; older ones are folders in it."""
    return lake.reports / "blind"


def write_blind_test(lake: LakePaths, test: BlindTest) -> dict[str, Path]:
    """Write the files of a test.

    Returns:
        ``page``, ``pairs`` and ``key``: their paths.
    """
    folder = blind_folder(lake)
    paths = {"page": folder / PAGE, "pairs": folder / PAIRS, "key": folder / KEY}
    _set_older_test_aside(folder, test.id)
    # The key first: no verdict without one.
    write_json(paths["key"], key_content(test))
    write_json(paths["pairs"], pairs_content(test))
    with atomic_path(paths["page"]) as scratch:
        scratch.write_text(render_page(pairs_content(test)), encoding="utf-8")
    return paths


def pairs_content(test: BlindTest) -> dict[str, Any]:
    """What a judge sees: no system, stratum or id of a song."""
    return {
        "test": test.id,
        "question": QUESTION,
        "answer": ANSWER,
        "pairs": [
            {
                "pair": pair.id,
                "seed": _songs(pair.seeds),
                **{side.value: _songs(pair.list_on(side)) for side in PairSide},
            }
            for pair in test.pairs
        ],
    }


def key_content(test: BlindTest) -> dict[str, Any]:
    """Which list is whose."""
    return {
        "test": test.id,
        "release": test.release,
        "seed": test.seed,
        "skipped": {reason.name.lower(): list(seeds) for reason, seeds in test.skipped.items()},
        "pairs": {pair.id: _key_of(pair) for pair in test.pairs},
    }


def read_key(lake: LakePaths, test_id: str) -> dict[str, Any]:
    """Read the key of a test, the newest or an older one; see ``key_content``.

    Raises:
        UsageError: the lake has no key of that test.
    """
    folder = blind_folder(lake)
    older = folder / test_id / KEY if test_id.isalnum() else folder / KEY
    for path in (folder / KEY, older):
        if (key := _read_test(path)) and key["test"] == test_id:
            return key
    raise UsageError(
        f"no key of blind test {test_id!r} in {folder}; expected the lake that the pairs were "
        "made from: `python -m embeat_pipeline evaluate --lake LAKE --verdicts FILE`"
    )


def _set_older_test_aside(folder: Path, test_id: str) -> None:
    older = _read_test(folder / KEY)
    if older is None or older["test"] == test_id:
        return
    aside = folder / older["test"]
    aside.mkdir(exist_ok=True)
    # The key last: while it is here, an interrupted move is taken up again.
    for name in (PAGE, PAIRS, KEY):
        if (folder / name).is_file():
            (folder / name).replace(aside / name)


def _read_test(path: Path) -> dict[str, Any] | None:
    """A key; None where there is none."""
    if not path.is_file():
        return None
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
        return {**key, "test": str(key["test"]), "pairs": dict(key["pairs"])}
    except (ValueError, TypeError, KeyError):
        raise UsageError(
            f"{path} is damaged; expected the key of a blind test: restore it, or remove it and "
            "make the test again by `python -m embeat_pipeline evaluate --blind FILE`"
        ) from None


def _key_of(pair: Pair) -> dict[str, Any]:
    return {
        "ours": pair.ours_side.value,
        "system": pair.system,
        "stratum": pair.stratum,
        "songs": len(pair.ours),
    }


def _songs(songs: Iterable[ShownSong]) -> list[SongJson]:
    return [song.to_dict() for song in songs]
