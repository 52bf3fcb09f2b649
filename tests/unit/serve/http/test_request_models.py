from dataclasses import fields
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from embeat_serve.filters.request import Filters
from embeat_serve.http import request_models as models
from embeat_serve.options import OPTION_FIELDS, RecallOptions


def test_every_option_and_every_filter_is_a_parameter():
    names = set(models.RecommendQuery.model_fields)
    assert set(OPTION_FIELDS) <= names
    assert {field.name for field in fields(Filters)} <= names


def test_an_option_has_the_default_and_the_choices_of_the_recommender():
    schema = models.RecommendQuery.model_json_schema()["properties"]
    assert schema["order"]["enum"] == ["score", "harmonic"]
    assert schema["order"]["default"] == RecallOptions().order
    assert schema["hits"] == {
        "type": "number",
        "minimum": -1.0,
        "maximum": 1.0,
        "default": 0.0,
        "title": "Hits",
    }


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (models.RecommendQuery, {"q": "x", "kk": 3}),
        (models.RecommendQuery, {"q": "x", "k": 0}),
        (models.RecommendQuery, {"q": None}),
        (models.RecommendQuery, {"q": "x", "hits": 2}),
        (models.RecommendQuery, {"q": "x", "order": "random"}),
        (models.RecommendQuery, {"channels": ["radio"]}),
        (models.RecommendBody, {"features": {"energy": float("nan")}}),
        (models.RecommendBody, {"options": {"unknown": 1}}),
        (models.ResolveBody, {"lines": []}),
        (models.SearchQuery, {"q": ""}),
        (models.ExplainQuery, {"track": ["x"]}),
    ],
)
def test_a_wrong_request_is_refused(model: type[BaseModel], sent: dict[str, Any]):
    with pytest.raises(ValidationError):
        model.model_validate(sent)


def test_commas_and_repetition_mean_the_same_in_a_query():
    one = models.RecommendQuery.model_validate({"channels": ["acoustic, playlist"]})
    other = models.RecommendQuery.model_validate({"channels": ["acoustic", "playlist"]})
    assert models.set_fields(one) == models.set_fields(other)


def test_languages_are_filters_of_a_query_and_of_a_body():
    query = models.RecommendQuery.model_validate({"q": "x", "languages": ["fr, ja"]})
    body = models.RecommendBody.model_validate({"filters": {"languages": ["fr", "ja"]}})
    filters = models.set_fields(body)["filters"]
    assert models.group_fields(models.set_fields(query))["filters"] == filters
    assert filters == {"languages": ["fr", "ja"]}


def test_unknown_audio_features_are_ignored():
    body = models.RecommendBody.model_validate({"features": {"energy": 0.5, "danceable": 1}})
    assert models.set_fields(body) == {"features": {"energy": 0.5}}


def test_only_fields_that_the_request_sets_are_sent_on():
    assert models.set_fields(models.RecommendQuery.model_validate({"q": "x"})) == {"q": "x"}


def test_a_flat_query_is_grouped_as_a_body_is():
    query = {"q": "x", "k": 5, "hits": 0.5, "year_min": 1990, "channels": ["acoustic"]}
    assert models.group_fields(query) == {
        "q": "x",
        "k": 5,
        "options": {"hits": 0.5, "channels": ["acoustic"]},
        "filters": {"year_min": 1990},
    }
