"""What is read from a model's page for programs, in every form that such pages usually have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.catalog.catalog import Catalog, check, media_type
from segmind_widgets.catalog.model_page import MAX_INPUTS, MAX_PAGE, parse_model_page
from segmind_widgets.sandbox.services.model_pages import FORMS, model_page
from segmind_widgets.sandbox.state.models import Model as Served
from segmind_widgets.sandbox.state.models import Models
from segmind_widgets.schemas import RULES
from segmind_widgets.syntax.page_facts import usual_cost
from segmind_widgets.types import Model

DESCRIBED = [form for form in FORMS if form != "code"]
SERVED = {model.slug: model for model in Models().of("segmind")}


def page_of(model: Served, form: str) -> str:
    return model_page(model, f"https://api.segmind.com/v1/{model.slug}", 12.5, form)


def schema_of(text: str) -> Any:
    schema = parse_model_page(text).schema
    assert schema is not None
    return schema


# --- the sandbox's models, in each form


@pytest.mark.parametrize("form", DESCRIBED)
@pytest.mark.parametrize("slug", SERVED)
def test_names_types_and_limits_are_read_from_each_form(slug: str, form: str) -> None:
    served, schema = SERVED[slug].schema, schema_of(page_of(SERVED[slug], form))
    assert list(schema["properties"]) == list(served["properties"])
    assert schema["required"] == [n for n in served["properties"] if n in served["required"]]
    for name, wanted in served["properties"].items():
        found = schema["properties"][name]
        kind = wanted.get("type")
        assert found.get("type") == (kind if isinstance(kind, str) else kind[0]), name
        assert found.get("enum") == wanted.get("enum"), name
        if kind in ("integer", "number") and {"minimum", "maximum"} <= wanted.keys():
            limits = found["minimum"], found["maximum"]
            assert limits == (wanted["minimum"], wanted["maximum"]), name
        is_file = media_type(wanted) != ""
        assert is_file == (media_type(found) != ""), name
        if "default" in wanted and name not in schema["required"] and not is_file:
            assert found["default"] == wanted["default"], name


@pytest.mark.parametrize("slug", SERVED)
def test_code_alone_gives_the_names_and_no_defaults(slug: str) -> None:
    schema = schema_of(page_of(SERVED[slug], "code"))
    assert list(schema["properties"]) == list(SERVED[slug].schema["properties"])
    assert "default" not in json.dumps(schema)
    assert schema["required"] == []


@pytest.mark.parametrize("form", FORMS)
def test_cost_and_time_are_read(form: str) -> None:
    page = parse_model_page(page_of(SERVED["flux-dev"], form))
    assert (page.cost, page.seconds) == (SERVED["flux-dev"].cost, 12.5)


# --- forms that the sandbox does not serve


@pytest.mark.parametrize(
    "item",
    [
        "- **size** (string, optional): The size. Default: 2K. Allowed values: 2K, 4K",
        "* `size` (string, default: 2K): The size. Options: `2K`, `4K`",
        "- **size**: string (optional). The size. Default: `2K`. Allowed values: 2K | 4K",
        "- size - string - optional - The size. Default: \"2K\". One of: 2K or 4K",
        "- **`size`** *string* — The size. Default: 2K. Possible values: [2K, 4K].",
        "- `size`\n  - Type: string\n  - Description: The size.\n  - Default: 2K\n  - Enum: 2K, 4K",
        "- size (string): The size.\n\n  Default: 2K\n  Options:\n  • 2K - small\n  • 4K - large",
    ],
)  # fmt: skip
def test_an_item_of_a_list_is_read(item: str) -> None:
    found = schema_of(f"## Input parameters\n{item}\n- **n** (integer, required)\n")
    assert found["required"] == ["n"]
    assert found["properties"]["size"] == {
        "type": "string",
        "enum": ["2K", "4K"],
        "title": "Size",
        "description": "The size.",
        "default": "2K",
    }


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("| Parameter | Type | Required | Description |", "| `n` | int | ✓ | Range: 1-4 |"),
        ("| Field | Type | Range | Notes |", "| **n** (required) | integer | 1–4 | |"),
        ("|Name|Data Type|Min|Max|Required|", "|n|Integer|1|4|Yes|"),
        ("| name | type | constraints |", "| n* | integer | between 1 and 4 |"),
        ("| Input | Type | Required | Allowed values |", "| n | `integer` | true | 1 .. 4 |"),
    ],
)  # fmt: skip
def test_a_row_of_a_table_is_read(head: str, row: str) -> None:
    rule = "|" + "---|" * (head.count("|") - 1)
    found = schema_of(f"## Request body\n\n{head}\n{rule}\n{row}\n")
    assert found["required"] == ["n"]
    assert found["properties"]["n"].items() >= {
        "type": "integer", "minimum": 1, "maximum": 4,
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {"properties": {"n": {"type": "integer"}}, "required": ["n"]},
        {"parameters": [{"name": "n", "type": "integer", "required": True}]},
        {"inputs": {"n": {"type": "int", "required": True}}},
        {"output_schema": {"properties": {"url": {"type": "string"}}},
         "input_schema": {"properties": {"n": {"type": "integer", "required": True}}}},
        {"paths": {"/v1/a": {"post": {"requestBody": {"content": {"application/json": {
            "schema": {"properties": {"n": {"type": "integer"}}, "required": ["n"]}}}}}}}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("fence", ["{}", "# A model\n\n```json\n{}\n```\n", "```\n{}\n```"])
def test_a_document_of_json_is_read(document: dict[str, Any], fence: str) -> None:
    found = schema_of(fence.replace("{}", json.dumps(document)))
    assert (list(found["properties"]), found["required"]) == (["n"], ["n"])
    assert found["properties"]["n"]["type"] == "integer"


@pytest.mark.parametrize(
    "code",
    [
        """curl -X POST https://a.b/v1/m --data '{"prompt": "a", "seed": 1}'""",
        "payload = {\n  'prompt': 'it is \\\"a\\\"', \"seed\": 1, 'up': True,\n  'off': None,\n}",
        'fetch(url, {body: JSON.stringify({"prompt": "a", "seed": 1})})',
    ],
)
def test_an_example_request_is_read(code: str) -> None:
    found = schema_of(f"# A model\n\n```\n{code}\n```\n")
    assert list(found["properties"])[:2] == ["prompt", "seed"]
    assert found["properties"]["seed"]["type"] == "integer"


@pytest.mark.parametrize("section", ["Response", "Output fields", "Errors", "Headers"])
def test_what_is_no_input_is_not_taken_for_one(section: str) -> None:
    text = (
        f"# A model\n\n## {section}\n\n| Field | Type | Description |\n|---|---|---|\n"
        f"| url | string | where |\n\n- **code** (integer, required)\n"
    )
    assert parse_model_page(text).schema is None


@pytest.mark.parametrize(
    "text",
    ["", "# A model\n\nNothing else.", "<html><body>Not found</body></html>", "{", "[" * 100_000],
)
def test_a_page_in_no_known_form_gives_nothing(text: str) -> None:
    assert parse_model_page(text).schema is None


# --- hints that contradict themselves


@pytest.mark.parametrize(
    ("facts", "without"),
    [
        ("Default: 9. Range: 1 - 4", {"minimum", "maximum"}),
        ("Range: 4 - 1", {"minimum", "maximum"}),
        ("Default: 5. Allowed values: 510", {"enum"}),
        ("Allowed values: 1, two", {"enum"}),
    ],
)
def test_a_limit_without_sense_is_none(facts: str, without: set[str]) -> None:
    found = schema_of(f"## Parameters\n- n (integer): Some. {facts}\n")
    assert not without & found["properties"]["n"].keys()


def test_a_list_of_choices_that_is_cut_is_one_of_examples() -> None:
    text = 'Parameters\n\nratiorequired\nstring\n\nAllowed values (13 total):\n"1:1""2:3"+11 more\n'
    assert schema_of(text)["properties"]["ratio"]["examples"] == ["1:1", "2:3"]


def test_the_example_of_a_required_input_and_of_a_file_is_no_default() -> None:
    text = (
        'Parameters\n\npromptrequired\nstring\n\nDefault: "a fox. Type: red"\n'
        'imageoptional\nstring (uri)\n\nDefault: "https://a.b/c.png"\nnoptional\ninteger\n\n'
        "Default: 95Range: 10 - 100\n"
    )
    found = schema_of(text)["properties"]
    assert found["prompt"]["examples"] == ["a fox. Type: red"]
    assert found["image"]["examples"] == ["https://a.b/c.png"]
    assert found["n"].items() >= {"default": 95, "minimum": 10, "maximum": 100}.items()


def test_the_properties_of_items_are_no_inputs() -> None:
    text = (
        '--data {"messages": [{"role": "user"}], "seed": 1}\n\nParameters\n\nmessagesrequired\n'
        "object[]\n\nA list.\n\nArray items:\nrolerequired\nstring\n\nThe role.\n"
        "seedoptional\ninteger\n\nThe seed.\n"
    )
    found = schema_of(text)
    assert list(found["properties"]) == ["messages", "seed"]
    assert list(found["properties"]["messages"]["items"]["properties"]) == ["role"]


# --- sizes, and any text


def test_a_page_is_read_up_to_a_size_and_a_number_of_inputs() -> None:
    rows = "".join(f"| a{i} | string |\n" for i in range(MAX_INPUTS + 50))
    text = f"|Name|Type|\n|-|-|\n{rows}"
    assert len(schema_of(text)["properties"]) == MAX_INPUTS
    assert parse_model_page("\n" * MAX_PAGE + text).schema is None


WORDS = st.sampled_from(
    ["|", "name", "type", "\n", "---", "- ", "**", "(", ")", "string", "[]", ": ", "Default", "#",
     "## Parameters", "required", "```", "{", "}", '"', "a", "1", "-", "Range: ", "$", "~", "\x1b"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=60).map("".join) | st.text(max_size=200))
def test_any_text_gives_a_valid_schema_or_none(text: str) -> None:
    page = parse_model_page(f"## Parameters\n{text}")
    for schema in (page.schema or {"properties": {}})["properties"].values():
        assert all(RULES[key](value) for key, value in schema.items() if key in RULES)
        assert "pattern" not in schema
    check(Model("m", schema=page.schema, schema_source="hint"), {"a": 1})
    assert "\x1b" not in json.dumps(page.schema, ensure_ascii=False)


# --- which facts of a model a page completes


def test_a_page_completes_what_is_not_known() -> None:
    page = parse_model_page(page_of(SERVED["flux-dev"], "table"))
    model = page.complete(Model("flux-dev", cost=0.5))
    assert (model.cost, model.seconds, model.schema_source) == (0.5, 12.5, "hint")
    typed = Catalog().find("flux-dev")
    assert typed is not None
    assert page.complete(typed).schema is typed.schema
    assert page.complete(typed).schema_source == "page"


@pytest.mark.parametrize(
    ("line", "usd"),
    [
        ("~$0.2724", 0.2724),
        ("$0.05 per generation", 0.05),
        ("$0.560 - $1.96 per generation", 1.96),
        ("- **Avg Cost**: $0.04", 0.04),
        ("Pricing: ~$5", 5.0),
        ("a car for $5", None),
        ("the cost is high", None),
    ],
)
def test_the_usual_cost_is_found(line: str, usd: float | None) -> None:
    assert usual_cost(f"Title\n\n{line}\n 1import requests\n") == usd
