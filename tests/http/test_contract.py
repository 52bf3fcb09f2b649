"""Every operation of the OpenAPI document, with what fits its description and what does not."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from tests.http.conftest import Server

EXAMPLES = 8
"""Requests per operation and way of making them; ``schemathesis run`` sends as many as wanted."""

load_all_checks()

EXCLUDED = CHECKS.get_by_names(["positive_data_acceptance"])
"""A request may fit the description and still name a song that is not there, or two seeds."""


@pytest.fixture(scope="module")
def api(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_the_server_or_the_contract(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=EXCLUDED, timeout=60)


def test_every_operation_is_described_and_every_problem_is(server: Server) -> None:
    document = server.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert len(document["paths"]) == 14
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            if path.startswith("/v1/"):
                assert {"422", "429", "503"} <= operation["responses"].keys()
                problem = operation["responses"]["422"]["content"]
                assert list(problem) == ["application/problem+json"]
