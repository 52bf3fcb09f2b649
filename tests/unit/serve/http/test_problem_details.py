import json
from pathlib import Path

import pytest

from embeat_serve.errors import SeedNotFound
from embeat_serve.http.problem_details import describe_errors, problem_response
from embeat_serve.recommender import Recommender

REPOSITORY = Path(__file__).resolve().parents[4]


def test_a_problem_names_its_kind_and_its_request():
    response = problem_response(
        404, "no such song", "id1", headers={"retry-after": "2"}, suggestions=("晴天",)
    )
    assert response.status_code == 404
    assert response.media_type == "application/problem+json"
    assert response.headers["retry-after"] == "2"
    assert json.loads(bytes(response.body)) == {
        "type": "urn:embeat:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "no such song",
        "request_id": "id1",
        "suggestions": ["晴天"],
    }


def test_the_example_in_the_docs_is_an_error_that_is_answered(recommender: Recommender):
    page = (REPOSITORY / "docs" / "http-api.md").read_text(encoding="utf-8")
    shown = json.loads(page.partition("## Errors")[2].split("```")[1].removeprefix("json"))
    with pytest.raises(SeedNotFound) as raised:
        recommender.recommend(shown["detail"].split("'")[1])
    response = problem_response(
        404, str(raised.value), shown["request_id"], suggestions=raised.value.suggestions[:2]
    )
    assert json.loads(bytes(response.body)) == shown


def test_a_status_without_a_title_is_an_error():
    content = json.loads(bytes(problem_response(418, "no coffee", "id1").body))
    assert (content["title"], content["type"]) == ("Error", "urn:embeat:problem:error")


def test_a_lone_surrogate_does_not_break_a_problem():
    assert b'"?"' in bytes(problem_response(422, "\ud800", "id1").body)


def test_errors_name_the_parameter_but_not_its_value():
    errors = [
        {"loc": ("query", "k"), "type": "less_than_equal", "msg": "too large", "input": "secret"},
        {"loc": ("body", "options", "hits"), "type": "float_type", "msg": "no number"},
        {"loc": ("query", "kk"), "type": "extra_forbidden", "msg": "extra inputs"},
        {"loc": ("body",), "type": "json_invalid", "msg": "not JSON"},
        {"loc": ("query", "x" * 500), "type": "extra_forbidden", "msg": "extra inputs"},
    ]
    assert describe_errors(errors) == [
        "k: too large",
        "options.hits: no number",
        "kk: no such parameter",
        "body: not JSON",
        "x" * 80 + ": no such parameter",
    ]


def test_at_most_twenty_errors_are_listed():
    error = {"loc": ("query", "k"), "type": "extra_forbidden", "msg": ""}
    assert len(describe_errors([error] * 100)) == 20
