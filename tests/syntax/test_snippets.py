"""The seed's page, other languages and forms, what is refused; and that no key is kept."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from segmind_widgets.catalog.validation import media_type
from segmind_widgets.errors import InputError
from segmind_widgets.syntax.pasted import result
from segmind_widgets.syntax.secrets import looks_secret
from segmind_widgets.syntax.snippets import Pasted, read

ID = "65c9c7f641c340d7ef2f7134-v1"
API = f"https://api.segmind.com/workflows/{ID}"
KEY = "SG_0123456789abcdef"
URL = "https://images.segmind.com/inputs/shoe.jpg"

CODE = f"""\
import requests
import time
import json

api_key = "{KEY}"
url = "{API}"

data = {{
    "background": "{URL}",
    "product_prompt": "A shoe. It's \\"blue\\""
}}

def poll_for_result(poll_url):
    \"\"\"Poll the API until the generation is complete\"\"\"
    while True:
        response = requests.get(poll_url, headers={{'Authorization': f'Bearer {{api_key}}'}})
        result = response.json()

        if result['status'] == 'COMPLETED':
            return json.loads(result['output'])
        time.sleep(7)

response = requests.post(
    url,
    json=data,
    headers={{
        'Authorization': f'Bearer {{api_key}}',
        'Content-Type': 'application/json'
    }}
)"""
SAID = {"background": URL, "product_prompt": 'A shoe. It\'s "blue"'}
PAGE = f"""

API Endpoint

POST{API}

Parameters

backgroundoptional
string (uri)

Background

Default: "{URL}"
product_promptrequired
string

Product Prompt

What is sold,
in words.

Default: "A shoe"
clips optional
string[] (uri)
strengthoptional
number

Response Format

Returns: Polling-based asynchronous response

Common Error Codes

400

Bad Request

Invalid parameters or request format"""
NUMBERED = "\n".join(f"{n:>{1 if n == 1 else 2}}{c}" for n, c in enumerate(CODE.split("\n"), 1))


@pytest.mark.parametrize("code", [CODE, NUMBERED], ids=["plain", "numbered"])
@pytest.mark.parametrize("page", ["", PAGE], ids=["code", "page"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_python_of_an_api_page(code: str, page: str, newline: str) -> None:
    found = read((code + page).replace("\n", newline))
    assert found.target == ID
    assert found.inputs == SAID
    assert found.schema is not None
    assert list(found.schema["properties"])[:2] == ["background", "product_prompt"]
    background = found.schema["properties"]["background"]
    assert background["default"] == URL
    assert (background["format"], background["contentMediaType"]) == ("uri", "image/*")
    assert "format" not in found.schema["properties"]["product_prompt"]


def test_the_page_describes_inputs_better_than_the_code() -> None:
    found = read(NUMBERED + PAGE)
    assert found.schema == {
        "type": "object",
        "required": ["product_prompt"],
        "properties": {
            "background": {
                "type": "string",
                "format": "uri",
                "contentMediaType": "image/*",
                "title": "Background",
                "default": URL,
            },
            "product_prompt": {
                "type": "string",
                "title": "Product Prompt",
                "description": "What is sold, in words.",
                "default": "A shoe",
            },
            "clips": {
                "type": "array",
                "title": "Clips",
                "items": {"type": "string", "format": "uri", "contentMediaType": "video/*"},
            },
            "strength": {"type": "number", "title": "Strength"},
        },
    }
    Draft202012Validator.check_schema(found.schema)


def test_inputs_only_in_the_code_come_after_those_of_the_page() -> None:
    code = CODE.replace('    "background"', '    "seed": 7,\n    "background"')
    found = read(code + PAGE)
    assert found.schema is not None
    assert list(found.schema["properties"])[-1] == "seed"
    assert found.schema["properties"]["seed"] == {"title": "Seed", "type": "integer", "default": 7}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (ID, ID),
        (f"  {ID}\n", ID),
        ("product-photo", "product-photo"),
        (API, ID),
        (f"{API}?x=1", ID),
        ("https://api.segmind.com/workflows/v2/product-photo", "product-photo"),
        ("https://www.segmind.com/pixelflows/product-photo", "product-photo"),
        ("https://www.segmind.com/pixelflows/product-photo/api#python", "product-photo"),
        (f"www.segmind.com/pixelflow/{ID}/api", ID),
        (f"https://cloud.segmind.com/pixelflows/edit/{ID}", ID),
        (f"http://127.0.0.1:8080/workflows/{ID}", ID),
        (f"Please run {ID} for me", ID),
    ],
)
def test_a_name_or_an_address(text: str, target: str) -> None:
    found = read(text)
    assert (found.target, found.inputs, found.schema) == (target, {}, None)


def test_a_name_for_people() -> None:
    assert read("product-photo").name == "Product photo"
    assert read(ID).name == ID
    assert read('{"a": 1}') == Pasted(
        inputs={"a": 1}, schema=read('{"a": 1}').schema, language="JSON"
    )


BODY = {"image": URL, "prompt": 'it\'s a $5 "cat"\n\\ é 🐈', "n": 3, "big": True, "none": None}
JS = f"""\
const url = "{API}";
const response = await fetch(url, {{
  method: "POST",
  headers: {{ "x-api-key": "{KEY}", "Content-Type": "application/json" }},
  body: JSON.stringify(BODY),
}});"""


@pytest.mark.parametrize(
    "text",
    [
        f"curl -X POST {API} -H 'x-api-key: {KEY}' -d {shlex.quote(json.dumps(BODY))}",
        (
            f"curl --location '{API}' \\\n --header 'Authorization: Bearer {KEY}' \\\n"
            f"--data-raw {shlex.quote(json.dumps(BODY, indent=2, ensure_ascii=False))}"
        ),
        f"$ curl --json={shlex.quote(json.dumps(BODY))} {API}",
        f"export KEY='{KEY}'\ncurl {API} --data $'"
        + json.dumps(BODY).replace("\\", "\\\\").replace("'", "\\u0027")
        + "'",
        JS.replace("BODY", json.dumps(BODY)),
        JS.replace("JSON.stringify(BODY)", repr(json.dumps(BODY))),
        JS.replace("BODY", "data").replace("const url", f"const data = {json.dumps(BODY)};\nlet u"),
        f"axios.post('{API}', {json.dumps(BODY)}, {{headers: {{'x-api-key': '{KEY}'}}}})\n",
        f"import requests\nrequests.post('{API}', json={BODY!r}, headers={{'x-api-key': '{KEY}'}})",
        f"url = '{API}'\npayload: dict = 0\npayload = {BODY!r}\nr = post(url, data=payload)",
        f"url = '{API}'\nimage = '{URL}'\nbody = {BODY!r}\nrequests.post(url, json=body)".replace(
            f"'image': '{URL}'", "'image': image"
        ),
        f"q = {BODY!r}\nrequests.post('{API}', data=json.dumps(q))",
    ],
)
def test_the_inputs_in_other_code(text: str) -> None:
    found = read(text)
    assert found.target == ID
    assert found.inputs == BODY
    assert found.schema is not None
    assert list(found.schema["properties"]) == list(BODY)


def test_javascript_as_people_write_it() -> None:
    body = (
        "{\n  // what it shows\n  prompt: 'a {red} fox', // new\n  tags: ['a', 1.5],\n  img: x,\n}"
    )
    found = read(JS.replace("BODY", body))
    assert found.inputs == {"prompt": "a {red} fox", "tags": ["a", 1.5]}
    assert found.schema is not None
    assert list(found.schema["properties"]) == ["prompt", "tags", "img"]


def test_a_value_that_only_running_would_tell_is_an_input_without_one() -> None:
    code = f'data = {{"image": encode("cat.png"), "prompt": f"{{x}}", "n": -1}}\nurl = "{API}"'
    found = read(code)
    assert found.inputs == {"n": -1}
    assert found.schema is not None
    assert found.schema["properties"]["image"] == {
        "title": "Image",
        "type": "string",
        "format": "uri",
        "contentMediaType": "image/*",
    }
    assert found.schema["properties"]["prompt"] == {"title": "Prompt"}


def test_code_is_never_run(tmp_path: Any) -> None:
    trap = tmp_path / "ran"
    code = f'data = {{"a": open({str(trap)!r}, "w"), "b": 1}}\nurl = "{API}"'
    assert read(code).inputs == {"b": 1}
    assert not trap.exists()


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("background", "https://a.b/c", "image/*"),
        ("anything", "https://a.b/c.webp?size=3", "image/*"),
        ("image", "https://a.b/c.mp4", "video/*"),
        ("referenceAudio", "https://a.b/c", "audio/*"),
        ("face_image_2", "https://a.b/%20x.PNG", "image/*"),
        ("input", "https://a.b/c", "*/*"),
        ("masks", "data:image/png;base64,AAAA", "image/*"),
        ("clips", ["https://a.b/c"], "video/*"),
        ("video_url", "", "video/*"),
        ("background", "", ""),
        ("background", "a red wall", ""),
        ("prompt", "see https://a.b/c.png", ""),
        ("photo", 3, ""),
        ("image", "https://[broken", "image/*"),
    ],
)
def test_which_inputs_are_files(name: str, value: Any, kind: str) -> None:
    found = read(json.dumps({name: value}))
    assert found.schema is not None
    assert media_type(found.schema["properties"][name]) == kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nothing was pasted"),
        ("hello there", "No workflow and no model"),
        (KEY, "That is an API key"),
        ("{broken", "not a JSON object"),
        ("[1,2]", "No workflow and no model"),
        ("[1, 2]", "No workflow and no model"),
        (f"curl {API} -d 'a=b'", "not a JSON object"),
        (f"curl {API} -d '{{", "A quote is not closed"),
        ("https://www.segmind.com/pricing", "not the id"),
        ("65c9c7f641c340d7ef2f7134", "has no version"),
        ("x" * 4_000_001, "too long"),
        ("{" + '"a":[' * 100_000, "."),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "."),
        ("https://[/workflows/x", "not the id"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_refused_says_what_to_paste(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        read(text)
    assert raised.value.hint
    assert KEY not in str(raised.value) + raised.value.hint


@pytest.mark.parametrize(
    "show",
    [
        'api_key = "{}"',
        "headers = {{'x-api-key': '{}'}}",
        "headers = {{'Authorization': 'Bearer {}'}}",
        'requests.post(url, json=data, headers={{"api_key": "{}"}})',
        "# Authorization: Bearer {}",
        "# curl -H 'x-api-key: {}'",
    ],
)
@pytest.mark.parametrize("key", [KEY, "sk-proj-0123456789ab", "8d1f-4c2a/+x=="])
def test_a_key_is_never_kept(show: str, key: str) -> None:
    code = (
        f"{show.format(key)}\nurl = '{API}'\ndata = {{'prompt': 'x {key} y', '{key}': 1,"
        f" 'api_key': 'mine', 'deep': [{{'Authorization': 'mine', 'n': 1}}]}}"
    )
    found = read(code)
    assert found.target == ID
    assert key not in repr(found)
    assert "mine" not in repr(found)
    assert found.inputs["deep"] == [{"n": 1}]


def test_words_about_keys_are_no_keys() -> None:
    inputs = {
        "prompt": "a ring bearer descending stairs with an api key: small, risk-averse-people"
    }
    assert read(json.dumps(inputs)).inputs == inputs


_PIECES = st.sampled_from(
    [
        *f"{CODE}\n{PAGE}\n{NUMBERED}".split("\n"),
        *["curl ", " -d", "'", '"', "{", "}", "$'", "fetch(", "JSON.stringify(", "data = {"],
        *["[", "\\", "//", "\x00", "\x0c", "://"],
    ]
)


@example("Parameters")
@given(st.text() | st.lists(_PIECES | st.text(max_size=5)).map("\n".join))
def test_any_text_is_a_workflow_or_a_named_error(text: str) -> None:
    try:
        found = read(text)
    except InputError as error:
        found = Pasted(str(error))
        assert error.hint, text  # noqa: PT017 - most texts raise, some are a workflow
    assert set(found.inputs) <= set((found.schema or {"properties": {}})["properties"])
    Draft202012Validator.check_schema(found.schema or True)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def keys_in(inputs: Any, written: str) -> bool:
    """There is what looks like a key, or is named like one: that is left out."""
    return result.without_keys(inputs) != inputs or looks_secret(written)


@example({"_": {"$'": None}})
@given(st.dictionaries(st.text("abcdefgh_", min_size=1), _JSON, min_size=1, max_size=4))
def test_any_inputs_come_back_from_every_language(inputs: dict[str, Any]) -> None:
    written = json.dumps(inputs)
    assume(not keys_in(inputs, written))
    for text in (
        written,
        f"curl {API} -d {shlex.quote(written)}",
        JS.replace("BODY", written),
        f"data = {inputs!r}\nurl = {API!r}",
    ):
        found = read(text)
        assert found.inputs == inputs
        Draft202012Validator(found.schema).validate(inputs)
