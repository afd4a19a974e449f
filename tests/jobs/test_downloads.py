"""Results that are damaged, late, partly gone, or at unusual addresses."""

from __future__ import annotations

import base64
import gzip
import io
import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs.job import Job
from segmind_widgets.providers._completion import outputs_of
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.records import files_from_row, outputs_from_row, traits_from_row
from segmind_widgets.types import Output, Reply, Status
from tests.jobs.test_runner import HISTORY, Bench, Make, bench, finish, history, past, picture, says
from tests.wire import answer, wire

__all__ = ["bench"]

PNG = {"Content-Type": "image/png"}
GOOD = answer(200, picture(), PNG)
PAGE = b"<!DOCTYPE html><html><body>This link has expired.</body></html>"
HTML = {"Content-Type": "text/html"}


def photo(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(out, form)
    return out.getvalue()


def damaged_pixels() -> bytes:
    """Return a PNG with both ends and other bytes in between."""
    data = bytearray(photo("PNG"))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    return bytes(data)


BAD = {
    "empty": (answer(200, b"", PNG), "a.png", "is empty"),
    "cut": (answer(200, picture(), PNG, cut=5), "a.png", "connection broke"),
    "end missing": (answer(200, photo("PNG")[:-30], PNG), "a.png", "end of the image is missing"),
    "pixels": (answer(200, damaged_pixels(), PNG), "a.png", "damaged"),
    "jpeg": (answer(200, photo("JPEG")[:900]), "a.jpg", "end of the image is missing"),
    "page": (answer(200, PAGE, HTML), "a.png", "web page"),
    "page as png": (answer(200, PAGE, PNG), "a.png", "web page"),
    "page of no name": (answer(200, PAGE, HTML), "a", "web page"),
    "page of a model": (answer(200, PAGE, HTML), "a.glb", "web page"),
    "json": (answer(200, b'{"error": "expired"}'), "a.mp4", "JSON text"),
    "text": (answer(200, b"Not found", {"Content-Type": "text/plain"}), "a.mp3", "holds text"),
    "gzip": (
        answer(200, gzip.compress(picture())[:-12], {**PNG, "Content-Encoding": "gzip"}),
        "a.png",
        "cut short",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_damaged_download_is_no_result_and_is_fetched_again(bench: Make, case: str) -> None:
    script, name, reason = BAD[case]
    data = picture() if name in ("a", "a.png", "a.jpg") else b"glTF" + bytes(60)
    one = bench(script, answer(200, data))
    outputs = (Output(url=f"{one.server.url}/{name}"),)
    runner = one.of(None, outputs=outputs)
    pause = runner.step()
    assert pause is not None
    assert pause >= 1
    assert not one.job.outputs
    [error] = runner._results.missing.values()
    assert reason in str(error)
    assert not error.is_gone
    assert runner.step() is None
    assert one.job.status is Status.COMPLETED
    assert one.job.outputs[0].size >= len(data)
    assert not list(one.store.home.rglob("*.part"))


def test_a_download_that_stays_damaged_leaves_the_job_resumable(bench: Make) -> None:
    one = bench(answer(200, PAGE, HTML))
    outputs = (Output(url=f"{one.server.url}/a.png"),)
    one.store.update(one.key, status="downloading", outputs=[{"url": outputs[0].url}])
    finish(one.of(None, outputs=outputs))
    assert one.paths() == ["GET /a.png"] * 5
    assert isinstance(one.job.error, errors.DownloadError)
    assert "is a web page, and not the file" in str(one.job.error)
    assert one.row["status"] == "downloading"
    assert not list(one.store.results.rglob("*.*"))


@pytest.mark.parametrize(
    ("name", "body", "announced"),
    [
        ("a.html", PAGE, None),
        ("a", PAGE, "text/html"),
        ("a.json", b'{"a": 1}', None),
        ("a.gltf", b'{"asset": {"version": "2.0"}}', "model/gltf+json"),
        ("a.txt", b"<html> is a tag", None),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", None),
        ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(40), None),
        ("a", b"\1\2\3\4", "application/octet-stream"),
        ("a.obj", b"v 0 0 0\n", "model/obj"),
    ],
)
def test_what_was_announced_is_a_result(
    bench: Make, name: str, body: bytes, announced: str | None
) -> None:
    one = bench(answer(200, body, {"Content-Type": announced or "application/octet-stream"}))
    finish(one.of(None, outputs=(Output(url=f"{one.server.url}/{name}", media_type=announced),)))
    assert one.job.status is Status.COMPLETED
    assert one.job.outputs[0].content == body


def test_a_file_that_is_not_there_yet_is_asked_for_again(bench: Make) -> None:
    one = bench(
        says("QUEUED"),
        says("COMPLETED", output="{url}"),
        says("COMPLETED", output="{url}"),
    )
    with wire(answer(404, b""), answer(404, b""), GOOD) as files:
        done = says("COMPLETED", output=f"{files.url}/a.png")
        one.server.scripts[1:] = [done, done]
        finish(one.runner())
        assert [request.path for request in files.received] == ["/a.png"] * 3
    assert one.job.status is Status.COMPLETED
    assert not any(HISTORY in path for path in one.paths())


def three(one: Bench, url: str) -> tuple[Output, ...]:
    outputs = tuple(Output(url=f"{url}/{name}.png", name=name) for name in "abc")
    rows = [{"url": output.url, "name": output.name} for output in outputs]
    one.store.update(one.key, id="req-1", status="downloading", outputs=rows)
    one.job.publish(id="req-1")
    return outputs


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_of_three_files_one_is_gone_and_two_are_the_result(
    bench: Make, tmp_path: Path, gone: int
) -> None:
    scripts = [GOOD] * 3
    scripts[gone] = answer(410, b"")
    with wire(*scripts) as files:
        one = bench(history())
        finish(one.of(None, outputs=three(one, files.url)))
    left = [name for name in "abc" if name != "abc"[gone]]
    assert (one.job.status, one.job.error) == (Status.COMPLETED, None)
    assert [asset.name for asset in one.job.outputs] == left
    assert len(one.job.save(tmp_path / "copies")) == 2
    assert f"Output {gone + 1} ({'abc'[gone]}) is missing" in one.job.note
    assert "%segmind_jobs --resume req-1 asks for it alone" in one.job.note
    assert one.job.note in one.job.line
    assert "Output" in one.job.to_html()

    row = one.row
    assert row["status"] == "completed"
    assert sorted(files_from_row(row)) == [n for n in range(3) if n != gone]
    recalled = traits_from_row(row, watching=False)
    assert [asset.name for asset in recalled["outputs"]] == left
    assert recalled["note"] == one.job.note

    one.job = Job(id="req-1", model="m")
    with wire(GOOD) as back:
        outputs = [
            Output(url=f"{back.url}/{o.name}.png", name=o.name) for o in outputs_from_row(row)
        ]
        finish(one.of(None, outputs=tuple(outputs), files=files_from_row(row)))
        assert [request.path for request in back.received] == [f"/{'abc'[gone]}.png"], "it alone"
    assert [asset.name for asset in one.job.outputs] == ["a", "b", "c"]
    assert one.job.note == ""
    assert len(files_from_row(one.row)) == 3


def test_a_file_that_may_still_come_leaves_the_job_unfinished_with_the_others(bench: Make) -> None:
    with wire(GOOD, answer(503, b""), GOOD, answer(503, b"")) as files:
        one = bench(history())
        finish(one.of(None, outputs=three(one, files.url)))
        assert [request.path for request in files.received][3:] == ["/b.png"] * 4
    assert isinstance(one.job.error, errors.DownloadError)
    assert [asset.name for asset in one.job.outputs] == ["a", "c"]
    assert "Output 2 (b) is missing" in one.job.note
    assert one.row["status"] == "downloading"
    assert sorted(files_from_row(one.row)) == [0, 2]


def test_resume_of_the_client_asks_for_the_missing_file_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(speed=500) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        client = SegmindClient.instance()
        inputs = {"prompt": "boats", "max_images": 2, "sequential_image_generation": "auto"}
        job = client.run("seedream-4.5", inputs)
        first, second = (asset.path for asset in job.outputs)
        assert first
        assert second
        before = first.stat().st_mtime_ns
        second.unlink()
        again = client.resume(job.id)
        again.wait(20)
        assert [asset.path for asset in again.outputs] == [first, second]
        assert second.is_file()
        assert first.stat().st_mtime_ns == before


# addresses


def outputs_in(value: object) -> list[Output]:
    """Return the outputs of a reply with this value at the place of the result."""
    return list(outputs_of({"output": value}, Reply(200), "", is_whole=False))


@pytest.mark.parametrize(
    "path", ["a b.png", "Grüße/äöü.png", "a%20b.png", "ein Bild (1).png?x=1 2&y=ü"]
)
def test_addresses_with_spaces_and_umlauts_are_fetched(bench: Make, path: str) -> None:
    with wire(GOOD) as files:
        url = f"{files.url}/{path}"
        one = bench(says("QUEUED"), *[says("COMPLETED", output={"image": url})] * 2)
        finish(one.runner())
        [request] = files.received
    assert one.job.status is Status.COMPLETED
    assert unquote(request.path) == f"/{unquote(path)}"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("//cdn.example.com/a.png", "https://cdn.example.com/a.png"),
        ("//cdn.example.com:8443/a", "https://cdn.example.com:8443/a"),
        ("https://müller.example/bücher.png", "https://müller.example/bücher.png"),
        ("s3://bucket/a.png", "s3://bucket/a.png"),
        ("HTTPS://a.example/b", "HTTPS://a.example/b"),
    ],
)
def test_addresses_without_a_usual_form_are_files(text: str, address: str) -> None:
    assert outputs_in(text) == [Output(url=address)]
    assert outputs_in({"image": [text]}) == [Output(url=address, name="image")]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com is a site about pictures.",
        "https://example.com/a.png\nis a picture",
        "// a comment",
        "//comment",
        "https://a.example/b.png and https://a.example/c.png",
        "s3:// is a scheme",
    ],
)
def test_sentences_with_addresses_are_texts(text: str) -> None:
    [output] = outputs_in(text)
    assert output.data == text.encode()


def test_an_address_for_other_programs_says_so_at_once(bench: Make) -> None:
    done = says("COMPLETED", output="s3://bucket/a.png")
    one = bench(says("QUEUED"), done, done)
    finish(one.runner())
    assert isinstance(one.job.error, errors.DownloadError)
    assert "s3://bucket/a.png cannot be fetched from here" in str(one.job.error)
    assert "s3://" in one.job.error.hint
    assert one.row["status"] == "downloading"
    assert one.paths() == ["POST /v2/m", "GET /v2/requests/req-1/status"], "no further try"


# results that are part of a paid reply


def in_json(data: bytes) -> bytes:
    return json.dumps({"image": base64.b64encode(data).decode()}).encode()


JSON = {"Content-Type": "application/json"}
PAID = {
    "cut off": (photo("PNG")[:-30], PNG),
    "pixels": (damaged_pixels(), PNG),
    "page": (PAGE, PNG),
    "page with its own type": (PAGE, HTML),
    "noise": (b"\1\2\3\4" * 50, PNG),
    "base64 of a cut picture": (in_json(photo("PNG")[:-30]), JSON),
    "base64 of noise": (in_json(b"\1\2\3\4" * 50), JSON),
    "no base64": (b'{"image": "iVBORw0!!not base64"}', JSON),
    "cut JSON": (in_json(photo("PNG"))[:-9], JSON),
    "data URI": (json.dumps({"output": "data:image/png;base64,AAAA"}).encode(), JSON),
}


@pytest.mark.parametrize("case", PAID)
@pytest.mark.parametrize("is_found", [True, False])
def test_a_damaged_paid_reply_is_looked_up_and_its_bytes_are_kept(
    bench: Make, case: str, is_found: bool
) -> None:
    body, headers = PAID[case]
    ids = {"X-Request-Id": "r-1", "X-Cost": "0.04"}
    with wire(GOOD) as files:
        rows = [past("r-1", url=f"{files.url}/a.png")] if is_found else []
        one = bench(answer(200, body, {**headers, **ids}), history(*rows), history())
        finish(one.runner("v1"))
    assert [path for path in one.paths() if path.startswith("POST")] == ["POST /v1/m"]
    [reply] = one.store.results.rglob("*.reply")
    assert reply.read_bytes() == body
    assert one.row["id"] == "r-1"
    if is_found:
        assert one.job.status is Status.COMPLETED
        assert one.job.image.size == (4, 4)
        return
    assert (one.job.status, one.row["status"]) == (Status.UNKNOWN, "unknown")
    assert isinstance(one.job.error, errors.SubmitUnknown)
    assert str(reply) in one.job.error.hint
    told = f"{one.job.error} {one.job.error.hint} {one.row['error']}"
    assert "not billed" not in told
    assert "Nothing was billed" not in told
    assert not one.job.outputs


def test_a_damaged_file_in_a_free_reply_is_asked_for_again(bench: Make) -> None:
    cut, whole = (
        f"data:image/png;base64,{base64.b64encode(data).decode()}"
        for data in (photo("PNG")[:-30], picture())
    )
    one = bench(
        says("QUEUED"),
        says("COMPLETED", output=cut),
        says("COMPLETED", output=whole),
    )
    finish(one.runner())
    assert one.job.status is Status.COMPLETED
    assert one.job.image.size == (4, 4)
