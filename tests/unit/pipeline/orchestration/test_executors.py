"""The executor that the environment chooses."""

import pytest

from embeat_pipeline.orchestration.executors import executor_of
from embeat_serve.errors import UsageError


def test_steps_run_where_the_environment_says() -> None:
    assert executor_of({}).name == "multiprocess"
    assert executor_of({"EMBEAT_EXECUTOR": "dagster:in_process_executor"}).name == "in_process"
    for wrong in ("no_such_module:executor", "dagster:no_such", "dagster", "dagster:asset", ":"):
        with pytest.raises(UsageError, match="EMBEAT_EXECUTOR names"):
            executor_of({"EMBEAT_EXECUTOR": wrong})
