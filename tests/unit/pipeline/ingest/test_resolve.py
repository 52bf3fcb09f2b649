"""The plan of steps: each reads only what is there, and its SQL says the same."""

import re

from embeat_pipeline.ingest.incremental.plan import STATE_COLUMNS
from embeat_pipeline.ingest.resolve import PLAN
from embeat_pipeline.ingest.sql_files import FOLDERS, sections
from embeat_pipeline.ingest.staging import CLEANERS

FROM_STAGING = {f"staged_{table}" for table in CLEANERS} | {"affected_tracks"}
FROM_PREVIOUS_INGEST = {f"previous_{name}" for name in ("tracks", "genres", *STATE_COLUMNS)}


def test_every_step_reads_only_what_earlier_steps_wrote():
    available = FROM_STAGING | FROM_PREVIOUS_INGEST
    for step in PLAN:
        assert set(step.reads) <= available, step.name
        available |= set(step.writes)


def test_steps_declare_what_their_sql_reads_and_writes():
    shared = {name for step in PLAN for name in step.writes}
    shared |= FROM_STAGING | FROM_PREVIOUS_INGEST
    for step in PLAN:
        parts = sections(step.sql)
        code = re.sub(r"--.*", "", "\n".join(text for _, text in parts))
        reads = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", code)
        reads += re.findall(r"\b(same_recording|sound_of)\(", code)
        creates = re.findall(r"\bCREATE (?:OR REPLACE )?TEMP (?:VIEW|TABLE|MACRO) (\w+)", code)
        creates += [heading.split()[1] for heading, _ in parts if "view" in heading.split()[0]]
        own = set(creates) | set(step.writes)
        assert set(step.writes) <= set(creates), step.name
        assert (set(reads) & shared) - own == set(step.reads), step.name


def test_no_two_sql_files_have_the_same_name():
    names = [path.name for folder in FOLDERS for path in folder.glob("*.sql")]
    assert len(names) == len(set(names))
