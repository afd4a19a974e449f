"""APIMart's models, as the vendor's own client checks the replies."""

from __future__ import annotations

import pytest

from segmind_widgets.catalog.catalog import Catalog, parse_parameters
from segmind_widgets.catalog.model_page import parse_model_page

SLUGS = [model.slug for model in Catalog() if model.provider == "apimart"]


def test_there_are_twenty(apimart):
    records = apimart.get("/v1/models").json()["data"]
    assert {record["id"] for record in records} == set(SLUGS)
    assert len(records) >= 20
    assert all("parameters" not in record for record in records)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_model_has_a_schema_and_a_page(apimart, slug):
    schema = apimart.get("/v1/model-schema", params={"model": slug}).json()
    assert schema["model"] == slug
    assert schema["operation"] in ("image_generation", "video_generation")
    assert schema == apimart.get(f"/v1/models/{slug}/schema").json()
    docs = apimart.get("/v1/model-docs", params={"model": slug}).json()
    assert (docs["object"], docs["model"], docs["stale"]) == ("model.documentation", slug, False)
    assert docs["fetched_at"] > 0
    assert docs["cache_ttl_seconds"] > 0
    page = parse_model_page(docs["markdown"]).schema
    assert list(page["properties"]) == list(schema["input_schema"]["properties"])


def test_the_list_names_address_and_operation(apimart):
    records = apimart.get("/v1/models", params={"expand": "parameters"}).json()["data"]
    for record in records:
        kind = record["category"]
        assert record["parameters"]["operation"] == f"{kind}_generation"
        assert record["parameters"]["endpoint"] == f"/v1/{kind}s/generations"
        assert parse_parameters(record).schema
    assert {"image", "video"} == {record["category"] for record in records}


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"model": "none"}, 404),
        ({}, 400),
        ({"model": "sora-2", "operation": "image_generation"}, 400),
        ({"model": "sora-2", "operation": "video_generation"}, 200),
    ],
)
def test_what_is_not_there_is_refused(apimart, params, status):
    assert apimart.get("/v1/model-schema", params=params).status_code == status


@pytest.mark.parametrize("path", ["/v1/balance", "/v1/user/balance", "/balance", "/user/balance"])
def test_the_balance_has_four_addresses(apimart, path):
    body = apimart.get(path).json()
    assert body["success"] is True
    assert body["remain_balance"] > 0
    assert apimart.get(path, headers={"Authorization": "Bearer x"}).json()["success"] is False


@pytest.mark.parametrize("slug", SLUGS)
def test_every_model_runs(apimart, slug):
    schema = apimart.get("/v1/model-schema", params={"model": slug}).json()
    kind = schema["operation"].removesuffix("_generation")
    body = {"model": slug, "prompt": "a fox"}
    task = apimart.post(f"/v1/{kind}s/generations", json=body).json()["id"]
    done = apimart.until(f"/v1/tasks/{task}", "completed", "failed").json()["data"]
    assert list(done["result"]) == [f"{kind}s"]
