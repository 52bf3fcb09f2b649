"""A worker in a process of its own."""

import asyncio
from pathlib import Path

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.http.worker_process import WORKER_GONE, Worker
from embeat_serve.settings import Settings

pytestmark = [pytest.mark.process, pytest.mark.slow]


def test_a_worker_answers_until_it_is_killed(catalogue: LakePaths):
    async def scenario() -> None:
        worker = await Worker.start(Settings(lake=catalogue))
        assert (worker.release, worker.busy) == (None, False)
        answer = await worker.call("ready", {})
        assert answer.status == 200
        assert worker.release == answer.release == "0123456789ab"
        worker.kill()
        with pytest.raises(WORKER_GONE):
            await worker.call("genres", {})
        await worker.wait()
        worker.kill()

    asyncio.run(scenario())


def test_a_worker_checks_the_server_with_the_authorities_of_the_settings(tmp_path: Path):
    settings = Settings(qdrant_url="https://127.0.0.1:1", qdrant_ca=tmp_path / "missing.pem")

    async def scenario() -> None:
        worker = await Worker.start(settings)
        answer = await worker.call("ready", {})
        worker.kill()
        await worker.wait()
        assert answer.detail.startswith(f"EMBEAT_QDRANT_CA names {settings.qdrant_ca}")
        assert worker.failure == answer.detail

    asyncio.run(scenario())
