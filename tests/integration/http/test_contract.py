"""Every operation of the OpenAPI document, with what fits its description and what does not."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.integration.http.conftest import Server

pytestmark = [pytest.mark.process, pytest.mark.slow]


EXAMPLES = 8
"""Requests per operation and mode; ``schemathesis run URL/openapi.json`` sends many more."""

PATHS = {
    "/healthz",
    "/metrics",
    "/readyz",
    "/v1/artists/{artist_id}",
    "/v1/ask",
    "/v1/explain",
    "/v1/genres",
    "/v1/recommend",
    "/v1/releases",
    "/v1/resolve",
    "/v1/search",
    "/v1/similar",
    "/v1/similarity",
    "/v1/songs/{track_id}",
}

load_all_checks()
# A request may fit the description and still name a song that is not there, or seeds of two kinds.
EXCLUDED: Any = CHECKS.get_by_names(["positive_data_acceptance"])


EVERY_CHECK: Any = list(HealthCheck)
LONGEST_URL = 32_000
"""Bytes of an address that the server's HTTP parser takes at least."""


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", sorted(PATHS))
def test_no_request_breaks_the_server_or_the_contract(
    server: Server, path: str, mode: GenerationMode
) -> None:
    api: Any = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    for found in api.include(path=path).get_all_operations():
        operation = found.ok()
        if not operation.query and not operation.body and not operation.path_parameters:
            operation.Case().call_and_validate()
            continue

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=EVERY_CHECK,
        )
        @given(operation.as_strategy(generation_mode=mode))
        def send(case: schemathesis.Case) -> None:
            response = case.call(timeout=60)
            if response.content == b"Invalid HTTP request received.":
                # The HTTP parser refuses so long a request line; no application sees it.
                assert len(response.request.url or "") > LONGEST_URL
                return
            case.validate_response(response, excluded_checks=EXCLUDED)

        send()


def test_every_operation_is_described_and_so_are_its_problems(server: Server) -> None:
    document = server.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == PATHS
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            if path.startswith("/v1/"):
                assert {"422", "429", "503"} <= operation["responses"].keys()
                problem = operation["responses"]["422"]["content"]
                assert list(problem) == ["application/problem+json"]
