# ruff: noqa: E501 - programs as people write them
"""One request in each language and style, and what is recognised as code at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.errors import InputError
from segmind_widgets.syntax.snippets import Pasted, find_code, read

KEY = "SG_0123456789abcdef"
URL = "https://api.segmind.com/v1/flux-schnell"
INPUTS = {"prompt": "a red fox", "steps": 4, "fast": True}
PY = '{"prompt": "a red fox", "steps": 4, "fast": True}'
JS = "{ prompt: 'a red fox', steps: 4, fast: true }"

PYTHON = {
    "json": f"import requests\nrequests.post('{URL}', json={PY})",
    "variable": f"p = {PY}\nr = requests.post(url='{URL}', json=p, headers={{'x-api-key': '{KEY}'}})",
    "dumps": f"import json\nq = json.dumps({PY})\nrequests.request('POST', '{URL}', data=q)",
    "text": f"requests.post('{URL}', data='''{PY.replace('True', 'true')}''')",
    "fstring": f"B = 'https://api.segmind.com'\nm = 'flux-schnell'\nrequests.post(f'{{B}}/v1/{{m}}', json={PY})",
    "joined": f"B = 'https://api.segmind.com/v1'\nrequests.post(B + '/' + 'flux-schnell', json={PY})",
    "format": f"requests.post('https://api.segmind.com/{{}}/{{}}'.format('v1', 'flux-schnell'), json={PY})",
    "percent": f"requests.post('https://api.segmind.com/v1/%s' % 'flux-schnell', json={PY})",
    "continued": f"r = requests.post( \\\n  '{URL}', \\\n  json={PY})",
    "dict()": f"requests.post('{URL}', json=dict(prompt='a red fox', steps=4, fast=True))",
    "update": f"d = {{'prompt': 'a red fox'}}\nd.update({{'steps': 4}}, fast=True)\nrequests.post('{URL}', json=d)",
    "item": f"d = {{}}\nd['prompt'] = 'a red fox'\nd['steps'] = 2 + 2\nd['fast'] = not False\nrequests.post('{URL}', json=d)",
    "spread": f"a = {{'prompt': 'x', 'steps': 4}}\nrequests.post('{URL}', json={{**a, 'prompt': 'a red fox', 'fast': True}})",
    "merge": f"a = {{'steps': 4}} | {{'fast': True}}\na |= {{'prompt': 'a red fox'}}\nrequests.post('{URL}', json=a)",
    "function": f"""
def run(prompt, steps=4, **more):
    body = {{"prompt": prompt, "steps": steps, **more}}
    return requests.post("{URL}", json=body)
print(run("a red fox", fast=True))
""",
    "never called": f"def run(prompt='a red fox'):\n    return requests.post('{URL}', json={{'prompt': prompt, 'steps': 4, 'fast': True}})",
    "class": f"""
class Client:
    base = "https://api.segmind.com"
    def __init__(self, key):
        self.headers = {{"x-api-key": key}}
    def run(self, slug, **body):
        return requests.post(f"{{self.base}}/v1/{{slug}}", json=body, headers=self.headers)
Client("{KEY}").run("flux-schnell", prompt="a red fox", steps=4, fast=True)
""",
    "session": f"s = requests.Session()\nwith s:\n    s.post('{URL}', json={PY})",
    "httpx": f"import httpx\nwith httpx.Client(base_url='https://api.segmind.com') as c:\n    c.post('/v1/flux-schnell', json={PY})",
    "aiohttp": f"""
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession() as session:
        async with session.post("{URL}", json={PY}) as r:
            print(await r.read())
asyncio.run(main())
""",
    "urllib": f"""
import json, urllib.request
req = urllib.request.Request("{URL}", data=json.dumps({PY}).encode("utf-8"), headers={{}}, method="POST")
urllib.request.urlopen(req)
""",
    "http.client": f"""
import http.client, json
conn = http.client.HTTPSConnection("api.segmind.com")
payload = json.dumps({PY})
conn.request("POST", "/v1/flux-schnell", payload, {{'x-api-key': '{KEY}'}})
""",
    "try": f"try:\n    requests.post('{URL}', json={PY})\nexcept Exception as e:\n    print(e)",
    "main": f"def main():\n    requests.post('{URL}', json={PY})\n\nif __name__ == '__main__':\n    main()",
    "typed": f"url: str = '{URL}'\npayload: dict[str, object] = {PY}\nrequests.post(url, json=payload)",
    "prompts": f">>> d = {PY}\n>>> requests.post('{URL}', json=d)",
    "shell line": f"!pip install requests\nimport requests\nrequests.post('{URL}', json={PY})",
    "fence": f"```python\nrequests.post('{URL}', json={PY})\n```",
    "sdk": "import segmind\nsegmind.run_sync('flux-schnell', prompt='a red fox', steps=4, fast=True)",
    "sdk client": f"from segmind import SegmindClient\nc = SegmindClient(api_key='{KEY}')\nc.run_sync('flux-schnell', **{PY})",
    "ours": f"from segmind_widgets import SegmindClient\nclient = SegmindClient.instance()\ninputs = {PY}\njob = client.run('flux-schnell', inputs, api='v1')",
}
JAVASCRIPT = {
    "fetch": f"await fetch('{URL}', {{ method: 'POST', body: JSON.stringify({JS}) }});",
    "single quotes": f"fetch('{URL}', {{method:'POST', body:'{PY.replace('True', 'true')}'}})",
    "variable": f'const body = {JS};\nconst r = await fetch("{URL}", {{ method: "POST", body: JSON.stringify(body) }});',
    "axios": f"const axios = require('axios');\naxios.post('{URL}', {JS}, {{ headers: {{ 'x-api-key': '{KEY}' }} }}).then(r => console.log(r.data));",
    "axios config": f"import axios from 'axios';\nconst config = {{ method: 'post', url: '{URL}', data: {JS} }};\nconst res = await axios(config);",
    "generics": f"interface Reply {{ url: string }}\nconst res = await axios.post<Reply>('{URL}', {JS} as Body);",
    "template": "const base: string = `https://api.segmind.com`;\nconst animal = 'fox';\nawait fetch(`${base}/v1/flux-schnell`, { method: 'POST', body: JSON.stringify({ prompt: `a red ${animal}`, steps: 4, fast: true }) })",
    "spread": f"const a = {{ prompt: 'x', steps: 4 }};\nfetch('{URL}', {{ method: 'POST', body: JSON.stringify({{ ...a, prompt: 'a red fox', fast: true }}) }});",
    "shorthand": f"const prompt = 'a red fox', steps = 4;\nconst fast = true;\nconst url = '{URL}';\nfetch(url, {{ method: 'POST', body: JSON.stringify({{ prompt, steps, fast }}) }})",
    "concatenated": f"fetch('{URL}', {{ method: 'POST', body: JSON.stringify({{ prompt: 'a ' + 'red ' +\n 'fox', steps: 4, fast: true }}) }})",
    "member": f"const d = {{}};\nd.prompt = 'a red fox';\nd['steps'] = 4;\nd.fast = true;\naxios.post('{URL}', d);",
    "assign": f"axios.post('{URL}', Object.assign({{}}, {{prompt: 'a red fox'}}, {{steps: 4, fast: true}}));",
    "async iife": f"(async () => {{ try {{ const r = await axios.post('{URL}', {JS}); }} catch (e) {{ console.error(e); }} }})();",
    "function": f"async function run({{ prompt, steps = 4 }}) {{ return fetch('{URL}', {{ method: 'POST', body: JSON.stringify({{ prompt, steps, fast: true }}) }}); }}\nrun({{ prompt: 'a red fox' }});",
    "arrow": f"const run = (prompt) => axios.post('{URL}', {{ prompt, steps: 4, fast: true }});\nrun('a red fox');",
    "exported": f"export default async function handler(req, res) {{ const r = await fetch('{URL}', {{ method: 'POST', body: JSON.stringify({JS}) }}); res.json(r); }}",
    "class": f"class C {{ base = 'https://api.segmind.com';\n constructor(key) {{ this.key = key; }}\n async run(slug, body) {{ return axios.post(`${{this.base}}/v1/${{slug}}`, body); }} }}\nnew C('{KEY}').run('flux-schnell', {JS});",
    "instance": f"const api = axios.create({{ baseURL: 'https://api.segmind.com' }});\nawait api.post('/v1/flux-schnell', {JS});",
    "then": f"fetch('{URL}', {{ method: 'POST', body: JSON.stringify({JS}) }}).then(r => r.json()).then(d => console.log(d)).catch(console.error);",
    "comments": f"// calls the model\nfetch('{URL}', {{ /* now */ method: 'POST', body: JSON.stringify({{ prompt: 'a red fox', // new\n steps: 4, fast: true }}) }});",
}
JSON_TEXT = '{"prompt": "a red fox", "steps": 4, "fast": true}'
CURL = {
    "plain": f"curl -X POST {URL} -H 'x-api-key: {KEY}' -d '{JSON_TEXT}'",
    "continued": f"curl --request POST \\\n --url {URL} \\\n --header 'x-api-key: {KEY}' \\\n --data '{JSON_TEXT}'",
    "windows": f'curl -X POST "{URL}" ^\n -H "x-api-key: {KEY}" ^\n -d "'
    + JSON_TEXT.replace('"', '\\"')
    + '"',
    "variables": f'export API_KEY={KEY}\nAPI=https://api.segmind.com\ncurl "$API/v1/flux-schnell" -H "x-api-key: $API_KEY" --json \'{JSON_TEXT}\'',
    "heredoc": f"curl -X POST {URL} -H 'x-api-key: {KEY}' -d @- <<'EOF'\n{JSON_TEXT}\nEOF\n",
    "cat": f'curl {URL} --data "$(cat <<EOF\n{JSON_TEXT}\nEOF\n)"',
    "prompt": f"$ curl -sS -XPOST {URL} -d '{JSON_TEXT}' | jq .",
    "then": f"curl -L {URL} -d '{JSON_TEXT}' -o out.png\necho done",
    "comment": f"# Run the model\n\ncurl '{URL}' --data-raw '{JSON_TEXT}' --compressed",
    "form": f"curl {URL} -F 'prompt=a red fox' -F steps=4 -F fast=true",
}
ALL = {
    **{f"python {name}": text for name, text in PYTHON.items()},
    **{f"javascript {name}": text for name, text in JAVASCRIPT.items()},
    **{f"curl {name}": text for name, text in CURL.items()},
}


@pytest.mark.parametrize("text", ALL.values(), ids=ALL.keys())
def test_one_request_in_any_style(text: str) -> None:
    for found in (find_code(text), read(text)):
        assert found is not None
        provider = "" if "segmind_widgets" in text else "segmind"
        assert (found.target, found.kind, found.provider) == ("flux-schnell", "model", provider)
        assert found.api == "v1"
        inputs = {"prompt": "a red fox", "steps": "4", "fast": "true"} if "-F" in text else INPUTS
        assert found.inputs == inputs
        assert not found.unread
        assert KEY not in repr(found) + found.summary
        assert found.had_key == (KEY in text)


TEXTS = {
    "no service": "import requests\nrequests.post('https://example.com/v1/x', json={'prompt': 'a'})",
    "prompt block": f"prompt: |\n  {PYTHON['json']}".replace("\nreq", "\n  req"),
    "curl block": f"prompt: |\n  {CURL['plain']}",
    "block scalar": f"|\n  {CURL['plain']}",
    "quoted": '"' + CURL["plain"].replace('"', "'") + '"',
    "annotation": f"prompt: requests.post('{URL}', json=1)",
    "prose": "A poster of https://api.segmind.com/v1/flux-schnell in the rain",
    "json": JSON_TEXT,
    "variable": "data = {\n    'prompt': 'a fox of segmind.com'\n}",
    "yaml": f"prompt: a fox\nimage: {URL}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_other_text_is_no_code(text: str) -> None:
    assert find_code(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"requests.post('{URL}', json={PY}", "cannot be read"),
        (f"Please draw fetch('{URL}', {{method: 'POST'}}) on a mug", "cannot be read"),
        (f"curl {URL} -d '{{", "A quote is not closed"),
        (f"curl {URL} -d 'a=b'", "not a JSON object"),
        (f"curl {URL} -d @body.json", "the file body.json"),
        ("curl https://api.segmind.com/v2/requests/1/status", "does not run a model"),
        (f"requests.post('{URL}', json=load())", r"\(load\(\)\)"),
        (f"for p in ['a', 'b']:\n    requests.post('{URL}', json={{'prompt': p}})", "2 runs"),
        ("from segmindapi import Kadinsky\nKadinsky('k').generate('a fox')", "has no model"),
    ],
)
def test_code_that_is_no_one_run_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        find_code(text)
    assert caught.value.hint


def test_values_that_need_running_are_named() -> None:
    found = find_code(f"requests.post('{URL}', json={{'prompt': 'a', 'image': encode('x')}})")
    assert found is not None
    assert found.unread == {"image": "encode('x')"}
    with pytest.raises(InputError, match="`image` in the code") as caught:
        found.check()
    assert caught.value.field == "image"
    found.with_inputs({"image": "https://a.b/c.png"}).check()


def test_a_key_among_the_inputs_is_named_and_cut() -> None:
    found = find_code(
        f"k = '{KEY}'\nrequests.post('{URL}', json={{'prompt': f'{{k}}!', 'api_key': k}})"
    )
    assert found is not None
    assert KEY not in repr(found)
    assert dict(found.unread) == {"prompt": "an API key"}


def test_a_variable_that_is_called_key_is_no_key() -> None:
    text = f"key = 'image_strength'\ntoken = 'sunflower'\nd = {{key: token}}\nrequests.post('{URL}', json=d)"
    found = find_code(text)
    assert found is not None
    assert found.inputs == {"image_strength": "sunflower"}
    assert not found.had_key


@pytest.mark.parametrize("name", ["image.jpg", "no such.png"])
def test_a_file_is_a_path_and_a_missing_one_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.jpg").write_bytes(b"x")
    code = f"""
import base64, requests
def to_b64(path):
    with open(path, "rb") as f:
        return base64.b64encode(f.read()).decode("utf-8")
requests.post("{URL}", json={{"image": to_b64("{name}"), "masks": [to_b64("image.jpg")]}})
"""
    found = find_code(code)
    assert found is not None
    assert found.inputs == {"image": Path(name), "masks": [Path("image.jpg")]}
    if name == "image.jpg":
        found.check()
    else:
        with pytest.raises(InputError, match=r"`no such\.png` does not exist") as caught:
            found.check()
        assert caught.value.field == "image"


@pytest.mark.parametrize(
    ("code", "inputs"),
    [
        ("u = up.json()['urls'][1]\nIMAGE(u)", Path("b.png")),
        ("[one, two] = up.json()['urls']\nIMAGE(two)", Path("b.png")),
        ("IMAGE(up.json()['urls'])", [Path("a.png"), Path("b.png")]),
        ("IMAGE(up.json().get('file_urls')[0])", Path("a.png")),
    ],
)
def test_an_uploads_url_is_its_file(code: str, inputs: Any) -> None:
    storage = "https://workflows-api.segmind.com/upload-asset"
    files = "[open(n, 'rb').read() for n in ('a.png', 'b.png')]"
    text = (
        f"def IMAGE(value):\n    requests.post('{URL}', json={{'image': value}})\n"
        f"up = requests.post('{storage}', json={{'data_urls': {files}}})\n{code}"
    )
    found = find_code(text)
    assert found is not None
    assert found.inputs == {"image": inputs}


def test_the_model_of_apimart_is_in_the_payload() -> None:
    code = (
        "from openai import OpenAI\n"
        f"client = OpenAI(api_key='{KEY}', base_url='https://api.apimart.ai/v1')\n"
        "client.images.generate(model='gpt-image-1', prompt='a fox', extra_body={'size': '1:1'})"
    )
    found = find_code(code)
    assert found is not None
    assert (found.provider, found.target) == ("apimart", "gpt-image-1")
    assert found.inputs == {"prompt": "a fox", "size": "1:1"}


def test_a_configured_address_is_a_service() -> None:
    code = "requests.post('http://127.0.0.1:9/v2/flux-dev', json={'prompt': 'a'})"
    assert find_code(code) is None
    found = find_code(code, [("http://127.0.0.1:9", "segmind")])
    assert found is not None
    assert (found.target, found.api) == ("flux-dev", "v2")


def test_javascript_without_the_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    with pytest.raises(InputError, match="the extra `paste`") as caught:
        find_code(JAVASCRIPT["variable"])
    assert 'pip install "segmind-widgets[paste]"' in caught.value.hint
    assert find_code(PYTHON["json"]) is not None


@pytest.mark.parametrize(
    "text",
    [
        "%%segmind_run flux-schnell -p segmind --api v1\nprompt: a red fox\nsteps: 4\nfast: true",
        '{"nodes": [{"parameters": {"method": "POST", "url": "'
        + URL
        + '", "jsonBody": "={\\"prompt\\": \\"a red fox\\", \\"steps\\": 4, \\"fast\\": true}"}}]}',
    ],
    ids=["cell", "n8n"],
)
def test_other_forms_for_a_panel(text: str) -> None:
    found = read(text)
    assert (found.target, found.api, found.provider) == ("flux-schnell", "v1", "segmind")
    assert found.inputs == INPUTS


@pytest.mark.parametrize("text", [JS, PY, JSON_TEXT, "prompt: a red fox\nsteps: 4\nfast: true"])
def test_inputs_alone_for_a_panel(text: str) -> None:
    assert read(text).inputs == INPUTS
    assert read(text).target == ""


_PIECES = [*"{}[]()'\"`;,\n ", *"\n".join(ALL.values()).split("\n"), "segmind", "async ", "=> "]


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=4)).map("".join))
def test_any_text_is_code_or_text_or_a_named_error(text: str) -> None:
    try:
        found = find_code(f"{text} segmind")
    except InputError as error:
        assert error.hint  # noqa: PT017 - most texts are no code
        return
    assert found is None or isinstance(found, Pasted)
