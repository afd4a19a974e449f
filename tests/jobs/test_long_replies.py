"""Billed replies that are too long for memory: on disk as they come, and never dropped."""

from __future__ import annotations

import base64
import io
import json
import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets import errors
from segmind_widgets.jobs import long_replies
from segmind_widgets.network.bodies import MAX_REPLY
from segmind_widgets.types import JobState, Output, Reply, Status
from tests.jobs.test_runner import Bench, Make, bench, finish, history
from tests.wire import Script, answer

__all__ = ["bench"]

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


def noise(mib: int) -> bytes:
    """Return a whole PNG of about this size, which takes no time to make."""
    side = int((mib * MIB / 3) ** 0.5)
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(3 * side) * side).save(
        out, "PNG", compress_level=0
    )
    return out.getvalue()


@pytest.fixture(scope="module")
def png() -> bytes:
    return noise(64)


@contextmanager
def bounded(limit: int) -> Iterator[None]:
    """Check that a block takes less memory than `limit` bytes at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def left_over(one: Bench) -> list[str]:
    return [path.name for path in one.store.results.rglob("*.part")]


def in_json(png: bytes) -> Script:
    return answer(200, b'{"seed": 7, "image": "' + base64.b64encode(png) + b'"}', JSON)


def in_data_uri(png: bytes) -> Script:
    text = base64.encodebytes(png).replace(b"\n", b"\\n").replace(b"/", b"\\/")
    return answer(200, b'{"image": "data:image/png;base64,' + text + b'"}', JSON)


def plain(png: bytes) -> Script:
    return answer(200, png, {"Content-Type": "image/png"})


@pytest.mark.parametrize("make", [in_json, in_data_uri, plain])
def test_a_long_result_is_decoded_in_pieces(bench: Make, png: bytes, make: Any) -> None:
    one = bench(make(png))
    runner = one.runner("v1", recipes=False)
    with bounded(MAX_REPLY + 16 * MIB):  # the body has 64 to 89 MiB
        finish(runner)
    assert one.job.error is None
    (asset,) = one.job.outputs
    assert (asset.media_type, asset.size) == ("image/png", len(png))
    assert asset.path
    assert asset.path.read_bytes() == png
    assert asset.path.suffix == ".png"
    assert left_over(one) == []
    assert list(one.store.results.rglob("*.reply")) == []
    if os.name == "posix":
        assert asset.path.stat().st_mode & 0o077 == 0


def test_a_long_answer_is_a_file_and_its_beginning_is_shown_once(bench: Make) -> None:
    words = 'Grüße "\\ 🦊\n' * MIB
    one = bench(answer(200, json.dumps({"choices": [{"message": {"content": words}}]}).encode()))
    finish(one.runner("v1"))
    (asset,) = one.job.outputs
    assert asset.text == words
    assert left_over(one) == []
    bundle = one.job._repr_mimebundle_()
    assert 1_000 < sum(form.count("Gr") for form in bundle.values()) <= 64_000 / len(words[:11])
    assert str(asset.path) in bundle["text/plain"]


def test_a_long_reply_stays_in_memory_where_the_disk_is_full(
    bench: Make, png: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no device that is full")
    (tmp_path / "full").symlink_to("/dev/full")
    one = bench(in_json(png))
    runner = one.runner("v1", recipes=False)
    monkeypatch.setattr(one.transport, "_new_file", lambda: tmp_path / "full")
    finish(runner)
    (asset,) = one.job.outputs
    assert asset.content == png


def test_a_long_reply_that_cannot_be_used_is_kept_whole(bench: Make, png: bytes) -> None:
    body = b'{"image": "' + base64.b64encode(png)[: 40 * MIB]  # cut off
    one = bench(answer(200, body, JSON), history())
    finish(one.runner("v1"))
    assert isinstance(one.job.error, errors.SubmitUnknown)
    [kept] = one.store.results.rglob("*.reply")
    assert kept.read_bytes() == body
    assert str(kept) in one.job.error.hint
    assert left_over(one) == []


def test_a_part_that_no_output_takes_is_kept(bench: Make, png: bytes) -> None:
    small = base64.b64encode(noise(1)).decode()
    body = json.dumps({"image": small, "extra": {"unknown": "x" * 40 * MIB}}).encode()
    one = bench(answer(200, body, JSON))
    finish(one.runner("v1", recipes=False))
    assert one.job.status is Status.COMPLETED
    if len(one.job.outputs) == 1:
        [kept] = one.store.results.rglob("*.reply")
        assert kept.read_bytes() == body
    assert left_over(one) == []


@pytest.mark.parametrize(
    "script",
    [answer(200, b"x" * 40 * MIB, cut=MIB), answer(504, b"{" + b"x" * 40 * MIB)],
)
def test_a_long_reply_that_is_cut_or_an_error_leaves_no_file(bench: Make, script: Script) -> None:
    one = bench(script, history())
    finish(one.runner("v1"))
    assert one.job.status is Status.UNKNOWN
    assert left_over(one) == []


# the reader

TEXTS = st.one_of(
    st.text(max_size=60),
    st.text('"\\/\n\t\u2028é🦊a', max_size=60),
    st.binary(max_size=90).map(lambda data: base64.b64encode(data).decode()),
    st.binary(max_size=90).map(lambda data: base64.urlsafe_b64encode(data).decode()),
    st.binary(max_size=90).map(
        lambda data: f"data:image/png;base64,{base64.encodebytes(data).decode()}"
    ),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, max_size=4), piece=st.integers(1, 40), ascii_only=st.booleans())
def test_each_long_text_comes_back_whole(
    tmp_path: Path, texts: list[str], piece: int, *, ascii_only: bool
) -> None:
    folder = tmp_path / "results"
    folder.mkdir(exist_ok=True)
    file = folder / "reply.part"
    file.write_bytes(json.dumps({"a": texts, "b": [1, "x"]}, ensure_ascii=ascii_only).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_replies, "LONG_TEXT", 24)
        patch.setattr(long_replies, "_HEAD", 12)
        patch.setattr(long_replies, "_PIECE", piece)
        reply = long_replies.shorten(Reply(200, body=file.read_bytes()[:10], file=file))
    value = json.loads(reply.body)
    assert value["b"] == [1, "x"]
    assert len(value["a"]) == len(texts)
    files = {path.name for path in reply.parts.values()}
    contents = [path.read_bytes() for path in reply.parts.values()]
    assert len(files) == len(contents)
    for text, short in zip(texts, value["a"], strict=True):
        if text != short:
            plain_text = text.encode()
            assert plain_text in contents or _bytes_of(text) in contents
    long_replies.discard(reply)
    assert list(folder.iterdir()) == []


def _bytes_of(text: str) -> bytes:
    encoded = text.rpartition(",")[2] if text.startswith("data:") else text
    return base64.b64decode("".join(encoded.split()).replace("-", "+").replace("_", "/") + "==")


def test_a_mark_cannot_be_sent_by_a_service(tmp_path: Path) -> None:
    mark = b"0" * 48
    state = JobState(Status.COMPLETED, outputs=(Output(data=b"head" + mark),))
    assert long_replies.with_files(state, Reply(200)) == state
