"""The service's reply to a job, in a file beside the results."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.storage import replies
from segmind_widgets.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store(tmp_path / "home")
    yield opened
    opened.close()


def kept(store: Store, value: Any) -> Any:
    """Return what is read of a reply that was written."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    path = replies.keep(store, "m", "local-0123456789ab", body)
    assert path == replies.find(store.results, "local-0123456789ab")
    if path:
        assert path.name == "m-0123456789ab-reply.json"
        assert path.stat().st_size <= replies.MAX_BYTES
    return replies.read(path)


def test_a_reply_is_read_as_it_came(store: Store) -> None:
    value = {"output": "A fox", "citations": ["https://a.example/b"], "n": [1, 2.5, None, True]}
    assert kept(store, value) == value


def test_signed_parts_and_logins_of_addresses_are_cut(store: Store) -> None:
    value = {
        "url": "https://a.example/b.png?X-Amz-Signature=abc#x",
        "text": "See (https://u:p@a.example/c?sig=1) and http://a.example/d?e.",
    }
    assert kept(store, value) == {
        "url": "https://a.example/b.png",
        "text": "See (https://a.example/c) and http://a.example/d",
    }


def test_base64_is_not_stored_twice(store: Store) -> None:
    found = kept(store, {"image": base64.b64encode(bytes(3000)).decode(), "seed": 7})
    assert found["seed"] == 7
    assert found["image"].endswith("(4,000 characters)")
    assert len(found["image"]) < 100


@pytest.mark.parametrize(
    "value", [{"text": "a b " * 2_000_000}, ["a b" * 300] * 5000, b"a b " * 10**6]
)
def test_a_long_reply_is_cut(store: Store, value: Any) -> None:
    assert str(kept(store, value))


@pytest.mark.parametrize("body", [b"", b"  ", b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xfe\xfa"])
def test_a_file_is_no_reply(store: Store, body: bytes) -> None:
    assert replies.keep(store, "m", "local-0123456789ab", body) is None


def test_a_text_that_is_no_json(store: Store) -> None:
    assert kept(store, b"data: {}\n\n") == "data: {}\n\n"
