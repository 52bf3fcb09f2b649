"""Executors: where the steps of a run are executed.

Here belongs the choice between processes on this machine and an executor of the user's. How many
runs there are at a time is in ``dagster.yaml``; that runs of one lake exclude each other is in
``resources.py``.
"""

from collections.abc import Mapping
from importlib import import_module

import dagster as dg

from embeat_serve.errors import UsageError


def executor_of(environment: Mapping[str, str]) -> dg.ExecutorDefinition:
    """Choose processes here, or the executor that ``EMBEAT_EXECUTOR=module:name`` names.

    Raises:
        UsageError: there is no such executor.
    """
    name = environment.get("EMBEAT_EXECUTOR", "")
    return _named_executor(name) if name else _local_processes()


def _local_processes() -> dg.ExecutorDefinition:
    # A process per step gives a stage's memory back when it ends. Forking it from a server that
    # has loaded the definitions saves each step two seconds of imports. One step at a time, since
    # a lake has one writer and a stage uses all cores.
    preloaded = {"preload_modules": ["embeat_pipeline.definitions"]}
    return dg.multiprocess_executor.configured(
        {"max_concurrent": 1, "start_method": {"forkserver": preloaded}}
    )


def _named_executor(path: str) -> dg.ExecutorDefinition:
    module, _, name = path.partition(":")
    try:
        executor = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"EMBEAT_EXECUTOR names {path!r}, which cannot be imported ({error}); expected "
            f"module:name of an executor, such as dagster_k8s:k8s_job_executor"
        ) from None
    if not isinstance(executor, dg.ExecutorDefinition):
        raise UsageError(f"EMBEAT_EXECUTOR names {path!r}, which is no Dagster executor")
    return executor
