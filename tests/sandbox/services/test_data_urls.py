"""Segmind Storage: data URLs in, addresses out, in little memory."""

from __future__ import annotations

import base64
import json
import os
import tracemalloc

import pytest

from segmind_widgets.sandbox.http.exchange import RequestBody
from segmind_widgets.sandbox.services.data_urls import keep_data_urls
from segmind_widgets.sandbox.state.files import Files
from tests.sandbox.conftest import picture


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def test_files_come_back_in_order_without_a_key(segmind, sandbox, anyone):
    files = [(picture(1), "image/png"), (b"RIFF....", "audio/wav"), (picture(2), "image/jpeg")]
    urls = segmind.post("/upload-asset", json={"data_urls": [data_url(*f) for f in files]}).json()
    assert list(urls) == ["urls", "file_urls", "message"]
    assert urls["file_urls"] == urls["urls"]
    for (data, kind), url in zip(files, urls["urls"], strict=True):
        assert url.startswith(f"{sandbox.url('files')}/assets/")
        reply = anyone.get(url)
        assert (reply.content, reply.headers["content-type"]) == (data, kind)
    assert [url.rpartition(".")[2] for url in urls["urls"]] == ["png", "wav", "jpg"]
    assert sandbox.billed_posts == []


@pytest.mark.parametrize(
    ("form", "names"), [("file_urls", {"file_urls", "message"}), ("urls", {"urls"})]
)
def test_one_form_of_the_reply_alone(start, calling, form, names):
    segmind = calling(start(storage_form=form))
    body = segmind.post("/upload-asset", json={"data_urls": [data_url(picture())]}).json()
    assert body.keys() == names
    assert len(body[form]) == 1


def test_escaped_slashes_are_read(segmind, anyone):
    data = b"\xff\xff\xff?>"  # base64 with slashes
    text = json.dumps({"data_urls": [data_url(data)]}).replace("/", "\\/")
    headers = {"Content-Type": "application/json"}
    [url] = segmind.post("/upload-asset", data=text, headers=headers).json()["urls"]
    assert anyone.get(url).content == data


@pytest.mark.parametrize(
    "bad",
    [
        "https://example.com/cat.png",
        "data:image/png;base64,",
        "data:image/png;base64,@@@@",
        "data:image/png;base64,QUJ",
        "data:image/png,abc",
        "data:;base64,QUJD",
        7,
        None,
    ],
)
def test_bad_data_url_is_400_naming_which(segmind, bad):
    reply = segmind.post("/upload-asset", json={"data_urls": [data_url(picture()), bad]})
    assert reply.status_code == 400
    assert "'data_urls'[1]" in reply.json()["error"]


@pytest.mark.parametrize("body", [{}, {"data_urls": []}, {"data_urls": "x"}, [], {"urls": ["x"]}])
def test_missing_data_urls_are_400(segmind, body):
    reply = segmind.post("/upload-asset", json=body)
    assert reply.status_code == 400
    assert "'data_urls'" in reply.json()["error"]


def test_malformed_json_is_400(segmind):
    headers = {"Content-Type": "application/json"}
    reply = segmind.post("/upload-asset", data=b'{"data_urls": ["data:x', headers=headers)
    assert reply.status_code == 400


def test_a_refused_upload_leaves_no_file(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    files = Files("http://files", folder)
    text = json.dumps({"data_urls": ["data:image/png;base64," + "QUJD" * 200_000 + "@@@@"]})
    body = _body(text.encode())
    with pytest.raises(Exception, match="Invalid data URL"):
        keep_data_urls(body, files)
    body.close()
    assert list(folder.iterdir()) == []


def test_a_large_upload_is_whole_and_takes_little_memory(tmp_path):
    data = os.urandom(32 * 1024 * 1024 + 1)
    body = _body(b'{"data_urls": ["' + data_url(data, "video/mp4").encode() + b'"]}')
    files = Files("http://files", tmp_path)
    tracemalloc.start()
    [url] = keep_data_urls(body, files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    body.close()
    stored = files.of(url)
    assert stored is not None
    assert stored.path.read_bytes() == data
    assert peak < 4 * 1024 * 1024


def test_an_upload_without_a_length_is_taken(segmind, anyone, sandbox):
    text = json.dumps({"data_urls": [data_url(picture())]}).encode()
    pieces = iter([text[:20], text[20:]])  # requests sends these chunked
    headers = {"Content-Type": "application/json"}
    [url] = segmind.post("/upload-asset", data=pieces, headers=headers).json()["urls"]
    assert anyone.get(url).content == picture()
    assert sandbox.log[0].size == len(text)


def test_uploads_count_for_the_rate_limit(start, calling):
    segmind = calling(start(rate_limit=1))
    upload = {"data_urls": [data_url(picture())]}
    assert segmind.post("/upload-asset", json=upload).status_code == 200
    assert segmind.post("/upload-asset", json=upload).status_code == 429


def _body(data: bytes) -> RequestBody:
    body = RequestBody(len(data), 2**40)
    body.write(data)
    return body
