from __future__ import annotations

import subprocess
import sys

import pytest

from segmind_widgets import schemas
from segmind_widgets.schemas import is_valid, iter_input_violations, iter_violations


def broken(value, schema):
    return [(violation.path, violation.rule) for violation in iter_violations(value, schema)]


def test_all_broken_rules_are_found_with_their_paths():
    schema = {
        "type": "object",
        "required": ["name", "n"],
        "properties": {
            "n": {"type": "integer", "maximum": 8, "multipleOf": 2},
            "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
            "a.b[c]": {"properties": {"{x}": {"enum": [1, "2"]}}},
        },
    }
    value = {"n": 9, "tags": ["a", 1, 2], "a.b[c]": {"{x}": 3}}
    assert broken(value, schema) == [
        (("name",), "required"),
        (("n",), "maximum"),
        (("n",), "multipleOf"),
        (("tags",), "maxItems"),
        (("tags", 1), "type"),
        (("tags", 2), "type"),
        (("a.b[c]", "{x}"), "enum"),
    ]


def test_after_a_wrong_type_or_choice_nothing_more_is_found():
    assert broken(True, {"type": "integer", "minimum": 5, "enum": [7]}) == [((), "type")]
    assert broken(3, {"enum": [7], "minimum": 5}) == [((), "enum")]


def test_a_violation_has_the_value_and_the_schema_of_the_rule():
    inner = {"type": "integer", "minimum": 5}
    schema = {"required": ["x"], "properties": {"n": inner}}
    missing, small = iter_input_violations({"n": 3}, schema)
    assert (missing.value, missing.schema) == ({"n": 3}, schema)
    assert (small.value, small.schema) == (3, inner)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "select"},
        {"type": []},
        {"pattern": "("},
        {"pattern": "[$]"},  # the library cannot compile it
        {"pattern": 5},
        {"minimum": "one"},
        {"minimum": float("inf")},
        {"multipleOf": 0},
        {"minLength": -1},
        {"items": 5, "properties": 5, "required": 5},
        {"$ref": "http://127.0.0.1:9/schema.json"},  # never fetched
        {"contentEncoding": "base64", "contentMediaType": "application/json"},
        {"properties": {"x": None}},
        {"default": {1, 2}, "examples": [object()]},
    ],
)
@pytest.mark.parametrize("value", ["a", 5, None, [], {"x": 1}])
def test_what_cannot_be_compiled_is_not_checked(schema, value):
    assert broken(value, schema) == []


def test_one_bad_definition_leaves_the_others():
    assert broken(5, {"type": "string", "pattern": "("}) == [((), "type")]


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "((a+)b?)+$", "^(a*)*$", "(?:a{1,}){1,}$"]
)
def test_patterns_that_may_take_exponential_time_are_not_checked(pattern):
    assert is_valid("a" * 50 + "!", {"pattern": pattern})


@pytest.mark.parametrize("pattern", [r"^\d+:\d+$", r"^[(a+)+]+$", r"^\(a+\)+$", "^(ab)+$", "^a|b$"])
def test_ordinary_patterns_are_checked(pattern):
    assert not is_valid("!", {"pattern": pattern})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_numbers_that_a_step_cannot_be_computed_for_pass(value):
    assert broken(value, {"multipleOf": 0.5}) == []


def test_text_is_never_code():
    odd = '"\'\\\n{x}") or exit(5) #'
    schema = {"type": "object", "properties": {odd: {"enum": [odd]}}, "required": [odd]}
    assert broken({odd: odd}, schema) == []
    assert broken({odd: 1}, schema) == [((odd,), "enum")]
    assert is_valid(odd, {"pattern": "\"'"})


def test_a_schema_is_compiled_once():
    schema = {"type": "string", "title": "a title that no other test has"}
    before = schemas._compile.cache_info()
    assert [is_valid(value, dict(schema)) for value in ("a", "b", 5)] == [True, True, False]
    after = schemas._compile.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 2)
    assert after.maxsize


def test_the_compiler_is_imported_on_first_use():
    code = (
        "import sys; from segmind_widgets import schemas; early = 'fastjsonschema' in sys.modules;"
        "schemas.is_valid(5, {'type': 'integer'}); print(early, 'fastjsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
