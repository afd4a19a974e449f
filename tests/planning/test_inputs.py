"""Inputs as a person gives them become plain JSON, with files as URLs or base64."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.planning.inputs import iter_files, placeholder, to_json
from segmind_widgets.types import Model

OLD = Model(
    "old",
    schema={"properties": {"image": {"type": "string", "contentEncoding": "base64"}, "n": {}}},
)


def url(asset: Asset) -> str:
    """What an upload would give; a URL stays unchanged."""
    return asset.url or f"https://a.example/{asset.sha256}"


def test_every_kind_of_file_becomes_its_url(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"1")
    picture = Image.new("RGB", (2, 2))
    job = SimpleNamespace(outputs=(Asset(data=b"4"),), id="1")
    given_: dict[str, Any] = {
        "a": path,
        "b": b"2",
        "c": [bytearray(b"3"), "text", {"deep": (picture,)}],
        "d": job,
        "e": Asset(url="https://b.example/x"),
    }
    found = to_json(given_, None, url)
    json.dumps(found)
    assert found["a"] == url(Asset(data=b"1"))
    assert found["c"][0] == url(Asset(data=b"3"))
    assert found["c"][1] == "text"
    assert found["c"][2]["deep"] == [url(Asset.of(picture))]
    assert found["d"] == url(Asset(data=b"4"))
    assert found["e"] == "https://b.example/x"
    assert len(list(iter_files(given_, None))) == 5  # all but the bare URL


def test_text_is_never_guessed_to_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"1")
    assert to_json({"prompt": str(path)}, None, url) == {"prompt": str(path)}
    assert list(iter_files({"prompt": str(path)}, None)) == []


def test_older_models_take_bare_base64() -> None:
    found = to_json({"image": b"abc", "n": b"abc"}, OLD, url)
    assert base64.b64decode(found["image"]) == b"abc"
    assert found["n"].startswith("https://")
    assert [
        (name, asset.content, is_inline)
        for name, asset, is_inline in iter_files({"image": b"abc", "n": b"x"}, OLD)
    ] == [("image", b"abc", True), ("n", b"x", False)]
    short = to_json({"image": b"abc"}, OLD, url, placeholder)
    assert "sha256" in short["image"]
    assert "YWJj" not in short["image"]
    elsewhere = Asset(url="https://b.example/x")
    assert to_json({"image": elsewhere}, OLD, url)["image"] == "https://b.example/x"


class Scalar:
    """A NumPy scalar, as far as this is concerned."""

    ndim = 0

    def item(self) -> float:
        return 0.5


def test_scalars_are_numbers() -> None:
    assert to_json({"a": Scalar(), "b": True, "c": None}, None, url) == {
        "a": 0.5, "b": True, "c": None,
    }  # fmt: skip
    assert list(iter_files({"a": Scalar()}, None)) == []


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, range(3), [object()], {"a": object()}])
def test_what_cannot_be_sent_is_named(value: Any) -> None:
    with pytest.raises(InputError) as raised:
        to_json({"strength": value}, None, url)
    assert raised.value.field == "strength"
    assert "`strength`" in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("-inf")]])
def test_numbers_that_json_does_not_have_are_named(value: Any) -> None:
    with pytest.raises(InputError) as raised:
        to_json({"strength": value}, None, url)
    assert raised.value.field == "strength"


def test_a_file_that_is_not_there_is_an_asset_error_of_its_field() -> None:
    with pytest.raises(AssetError) as raised:
        to_json({"image": Path("nowhere.png")}, None, url)
    assert raised.value.field == "image"


FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | FINITE,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON))
def test_plain_values_stay_as_they_are(inputs: dict[str, Any]) -> None:
    assert to_json(inputs, OLD, url) == inputs
    assert list(iter_files(inputs, OLD)) == []
