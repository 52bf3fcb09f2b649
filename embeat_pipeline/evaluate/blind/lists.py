"""Write lists of a release or a preset in the form that ``--blind`` reads, to compare it by ear."""

import json
from pathlib import Path
from typing import Any

import embeat_serve
from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.progress import progress
from embeat_pipeline.evaluate.blind.records import SeedRecord, read_seeds
from embeat_pipeline.evaluate.blind.seed_queries import recommend_seed
from embeat_pipeline.evaluate.compare import Side, parse_side
from embeat_pipeline.evaluate.holdout.release import HoldoutRelease
from embeat_pipeline.evaluate.inputs.release_client import single_release_lake
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.settings import Settings


def write_lists(
    lake: LakePaths, seeds: Path, out: Path, *, system: str | None, length: int
) -> dict[str, Any]:
    """Write a list for each seed of a file that the release has; songs carry id and names.

    Args:
        lake: holds the release that is asked.
        seeds: see ``records.read_seeds``.
        out: the file to write, one record a line.
        system: a release's name, settings or a preset, as for ``--compare``; None asks the
            published release as users do.
        length: songs of a list.

    Returns:
        ``file``, ``lists`` (their number) and ``missing``: seeds that are no song of the release.

    Raises:
        UsageError: an argument is wrong, or no seed is known.
        Unavailable: the release cannot be read.
    """
    side = _side(lake, system)
    records: list[dict[str, Any]] = []
    missing: list[str] = []
    asked = read_seeds(seeds)
    with (
        single_release_lake(side.lake, side.release) as root,
        embeat_serve.open(lake=root) as recommender,
        progress("lists", len(asked), "seeds") as advance,
    ):
        name = system or f"release {recommender.release}"
        for record in asked:
            result = recommend_seed(recommender, record, length, side.options)
            songs = [song.to_dict() for song in result.results] if result else []
            if songs:
                records.append(_record(record, name, songs))
            else:
                missing.append(record.seed)
            advance(1)
    if not records:
        raise UsageError(
            f"none of {len(asked)} seeds of {seeds} is a song of {lake.root}, such as "
            f"{missing[0]!r}; expected ids or 'title - artist', one a line: try "
            f"`python -m embeat_serve --lake {lake.root} SEED`"
        )
    with atomic_path(out) as scratch:
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        scratch.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"file": str(out), "lists": len(records), "missing": missing}


def _side(lake: LakePaths, system: str | None) -> Side:
    if system is None:
        return Side("", lake, None, Settings.from_environment().recall)
    return parse_side(lake, system, HoldoutRelease(lake, None), None)


def _record(record: SeedRecord, system: str, songs: list[Any]) -> dict[str, Any]:
    fields = ("track_id", "track_name", "artist_names")
    tracks = [{name: song[name] for name in fields} for song in songs]
    content = {"seed": record.seed, "system": system, "tracks": tracks}
    return content if record.stratum is None else {**content, "stratum": record.stratum}
