"""Whatever a server sends, the work grows as its length does: no text holds the kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from segmind_widgets.assets.answers import to_markdown
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import Recipe
from segmind_widgets.catalog.listings import parse_directory, parse_parameters
from segmind_widgets.catalog.model_page import parse_model_page
from segmind_widgets.catalog.validation import check
from segmind_widgets.likeness import misspelt, nearest
from segmind_widgets.markup import link, verbatim, with_links
from segmind_widgets.notebook.tables import CAPTION, Table
from segmind_widgets.printable import printable
from segmind_widgets.providers._completion import outputs_of
from segmind_widgets.providers._errors import from_reply, retry_after
from segmind_widgets.providers._reasons import words
from segmind_widgets.providers._texts import from_stream
from segmind_widgets.syntax.api_pages import parse_parameters as parse_page
from segmind_widgets.types import Model, Reply

PIECES = (
    *"<&'\"`$\\[|{- \t=+A0_é\x1b\u017f",
    "<script", "<script>", "</script", "<a", "<a='", "<!--", "&#", "&a;", "$$", "/-", "a-", "\\(",
    "](", "]:", "![", "\n|", "\n \t", "\n#", "https://", "https://.", "data:", "data:a/",
    "/models/a", "[[", '"a":', "file:", "sha256 ", "<, sha256 ", "x-api-key",
    "\nParameters\n", "a optional\n", "\n", "Default: ", '{"a":',
    "\n|a|type|\n|-|-|\n", "\n## Parameters\n- a (string): ", "\n### a\nint, ", "```[",
    'Default: "\\"', "data = {", "range : ", "allowed values  ", "1-", "~$1", "cost ",
)  # fmt: skip
TAILS = ("", "é", "!")
SIZE = 32_000  # characters
QUICK = 0.1  # seconds of this process, in which a few passes over so short a text end


def schema_of(text: str) -> Any:
    inner = {"type": text, "pattern": text, "description": text, "enum": [text]}
    record = {
        "id": "a",
        "name": text,
        "parameters": {"input_schema": {"properties": {text: inner}}},
    }
    return parse_parameters(record)


def table_of(text: str) -> Any:
    table = Table([text], {"a": str}, caption=text, links=[CAPTION])
    return repr(table), table._repr_mimebundle_()


def files_of(text: str) -> Any:
    asset = Asset(url=f"https://a.example/{text}", name=text, declared_type=text)
    return asset.filename, str(asset), Asset(data=b"<svg " + text.encode()).media_type


def outputs_in(value: object) -> Any:
    return outputs_of({"output": value}, Reply(200), "", is_whole=False)


def recipe_of(text: str) -> Any:
    return Recipe(model="m", inputs={"prompt": text}).shortened(20_000)


READERS: dict[str, Callable[[str], Any]] = {
    "page of an error": lambda text: from_reply(500, {}, text.encode()),
    "message of an error": lambda text: from_reply(422, {}, json.dumps({"error": text}).encode()),
    "header": lambda text: retry_after({"retry-after": text}),
    "directory": parse_directory,
    "row": lambda text: parse_directory(f"| {text} | a-b | c | d | 1 | 2 | x |"),
    "schema": schema_of,
    "outputs": outputs_in,
    "output as JSON": lambda text: outputs_in(json.dumps([text])),
    "base64": lambda text: outputs_in({"image": text}),
    "stream": lambda text: from_stream(f"data: {json.dumps({'a': text})}\n\n{text}".encode()),
    "reason": lambda text: words(json.dumps({"error": {text: {"detail": text}}})),
    "text": lambda text: verbatim(text, text),
    "links": lambda text: (with_links(text), link(text)),
    "answer": to_markdown,
    "answer with formulas": lambda text: to_markdown(rf"\(x\) {text}"),
    "control characters": printable,
    "table": table_of,
    "file": files_of,
    "names": lambda text: (nearest("seedream", [text]), misspelt("seedream", [text])),
    "recipe": recipe_of,
    "pasted page": lambda text: parse_page(f"Parameters\na optional\nstring\n{text}", {}),
    "model page": parse_model_page,
    "list on a model page": lambda text: parse_model_page(f"## Parameters\n- a (string) {text}"),
    "row on a model page": lambda text: parse_model_page(f"|name|type|\n|-|-|\n|a|{text}|"),
}


@pytest.mark.parametrize("reader", READERS)
def test_work_is_linear_in_what_a_server_sends(reader: str) -> None:
    slow = [
        (piece, tail) for piece in PIECES for tail in TAILS if is_slow(READERS[reader], piece, tail)
    ]
    assert slow == []


def is_slow(read: Callable[[str], Any], piece: str, tail: str) -> bool:
    """Whether eight times the text takes more than sixteen times the work, in three tries."""
    return all(
        (whole := seconds(read, piece, tail, SIZE)) > QUICK
        and whole > 16 * seconds(read, piece, tail, SIZE // 8)
        for _ in range(3)
    )


def seconds(read: Callable[[str], Any], piece: str, tail: str, size: int) -> float:
    text = (piece * (size // len(piece) + 1))[:size] + tail
    start = time.process_time()
    read(text)
    return time.process_time() - start


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "^(a|aa)+$", "a*a*a*a*a*a*b", "(.*a){20}", "(?:a?){30}a{30}"]
)
def test_no_pattern_of_a_service_is_run(pattern: str) -> None:
    inputs = {"type": "string", "pattern": pattern, "items": {"pattern": pattern}}
    properties = {"a": inputs, "b": {"type": "array", "items": inputs}}
    record = {"id": "m", "parameters": {"input_schema": {"properties": properties}}}
    model = parse_parameters(record)
    assert isinstance(model, Model)
    assert "pattern" not in json.dumps(model.schema)
    assert not check(model, {"a": "a" * 60 + "!", "b": ["a" * 60 + "!"]}).problems


def test_the_measure_sees_work_that_is_not_linear() -> None:
    assert is_slow(lambda text: [text.count("b", at) for at in range(len(text))], "a", "")
