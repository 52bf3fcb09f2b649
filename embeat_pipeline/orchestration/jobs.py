"""Jobs: named selections of assets that are run together.

Here belongs what a job makes. What starts one is in ``schedules.py`` and ``sensors.py``, what an
asset does in the ``assets.py`` of its stage.
"""

import dagster as dg

from embeat_pipeline.stages import STAGES

pipeline = dg.define_asset_job(
    "pipeline",
    selection=dg.AssetSelection.groups(*STAGES),
    description=(
        "From raw dumps to a published release: reads the dumps, assigns genres, trains the "
        "models, builds a release, checks it and publishes it. Stages whose inputs did not change "
        "are skipped. The evaluation report is made on demand."
    ),
)

reindex_now = dg.define_asset_job(
    "reindex_now",
    selection=dg.AssetSelection.groups("index"),
    description=(
        "Build, check and publish a release of the tables and models as they are. Where little "
        "changed since the release being served, a copy of that one is changed; set "
        "EMBEAT_FULL_BUILD=1 to make all of it afresh."
    ),
)

evaluate = dg.define_asset_job(
    "evaluate",
    selection=dg.AssetSelection.groups("evaluate"),
    description=(
        "Build the holdout release, and write the evaluation report. The release that is served, "
        "and the next one, stay what they are."
    ),
)
