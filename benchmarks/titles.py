"""Lists for the names of playlists: the section *titles* of the evaluation report, by itself.

    python benchmarks/titles.py --lake DIR

Needs a lake that was evaluated (``python -m embeat_pipeline evaluate``), whose holdout release is
asked for novel test playlists by their names. ``embeat_pipeline.evaluate.quality.title_lists`` says
what is measured, and what the opponents are.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from embeat_pipeline.evaluate.evaluation import load_context
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.evaluate.report.store import to_json_values
from embeat_pipeline.evaluate.report.title_section import title_lines
from embeat_pipeline.evaluate.sections import title_section
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "titles.json"


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    context = load_context(LakePaths(parser.parse_args().lake), EvaluationOptions(), "cpu")
    result = to_json_values(title_section(context, ()))
    print("\n".join(title_lines(result)).strip())
    now = datetime.now(UTC).isoformat(timespec="seconds")
    RESULTS.parent.mkdir(exist_ok=True)
    content = json.dumps({**result, "measured_at": now}, indent=2)
    RESULTS.write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
