"""The walker that all passes over nested inputs share."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.nested import transform, walk

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_leaves_come_in_order_with_their_paths() -> None:
    inputs = {"a": 1, "b": [2, {"c": (3,)}], "d": MappingProxyType({"e": "text"}), "f": []}
    assert list(walk(inputs)) == [
        (("a",), 1),
        (("b", 0), 2),
        (("b", 1, "c", 0), 3),
        (("d", "e"), "text"),
    ]
    assert list(walk("text")) == [((), "text")]


def test_a_transformed_copy_is_plain() -> None:
    inputs = {1: (2, [3]), "b": MappingProxyType({4: {5}})}
    copy = transform(inputs, type, key=str)
    assert copy == {"1": [int, [int]], "b": {"4": set}}
    assert transform(7, str) == "7"


@given(JSON)
def test_json_stays_as_it_is(value: Any) -> None:
    assert json.dumps(transform(value, lambda leaf: leaf)) == json.dumps(value)
    for path, leaf in walk(value):
        inner = value
        for step in path:
            inner = inner[step]
        assert inner is leaf
