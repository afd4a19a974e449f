"""Each recorded reply, read by the real client from a service on the loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs import history_search, poll_steps, polling, submit_steps
from segmind_widgets.jobs.job import Job
from tests.reply_server import REPLIES, ReplyServer, fill, reply_server

KEY = "SG_0123456789abcdef"
ADDRESSES = [f"SEGMIND_{name}_URL" for name in ("API", "STORAGE", "CONSOLE", "SITE")]


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as short as the code allows."""
    monkeypatch.setattr(polling, "UNKNOWN_PAUSE", 0.01)
    monkeypatch.setattr(polling, "FASTEST", 0.01)
    monkeypatch.setattr(polling, "FIRST_POLL", 0.01)
    monkeypatch.setattr(history_search, "_ROUND_PAUSES", ())
    monkeypatch.setattr(submit_steps, "REPEAT_PAUSES", (0.01,))
    monkeypatch.setattr(poll_steps, "poll_pause", lambda *_: 0.01)


def client_of(service: ReplyServer, monkeypatch: pytest.MonkeyPatch) -> SegmindClient:
    """Return a client whose providers are all at one service."""
    for name in (*ADDRESSES, "APIMART_API_URL"):
        monkeypatch.setenv(name, service.url)
    for name in ("SEGMIND_API_KEY", "APIMART_API_KEY"):
        monkeypatch.setenv(name, KEY)
    return SegmindClient.instance()


def run(client: SegmindClient, request: dict[str, Any]) -> Job:
    """Run a record's request and wait for its end, good or bad."""
    options = {name: request[name] for name in ("kind", "api", "endpoint") if name in request}
    if request.get("modality"):
        client.models("m", provider=request["provider"])  # reads the directory
    job = client.submit(
        request.get("target", "m"),
        request.get("inputs", {"prompt": "a"}),
        provider=request["provider"],
        **options,
    )
    try:
        job.wait(20)
    except errors.SegmindError:
        assert job.done, f"it is still {job.status}, by the service {job.provider_status}"
    return job


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.filterwarnings("ignore:.* is not in the model list")
@pytest.mark.parametrize("path", sorted(REPLIES.glob("*.json")), ids=lambda path: path.stem)
def test_each_recorded_reply_has_its_outcome(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    request = record["request"]
    with reply_server(record["reply"], request.get("modality", "")) as service:
        job = run(client_of(service, monkeypatch), request)
        expected = json.loads(fill(json.dumps(record["outcome"]), service.url))
        assert outcome(job, expected) == expected
        assert service.log == record["requests"]
        check_reply(job, record["reply"])


def check_reply(job: Job, served: dict[str, Any]) -> None:
    """Check that the raw reply was kept, unless it was the file itself."""
    stored = job.reply
    if not any("base64" in reply for reply in served.values()):
        assert stored, "the reply was not kept"
        assert KEY not in json.dumps(stored)


def outcome(job: Job, expected: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a job that a record names."""
    found: dict[str, Any] = {"status": str(job.status)}
    if "outputs" in expected:
        found["outputs"] = [
            of_output(asset, wanted)
            for asset, wanted in zip(job.outputs, expected["outputs"], strict=False)
        ] + [asset.media_type for asset in job.outputs[len(expected["outputs"]) :]]
    if "error" in expected or job.error is not None:
        found["error"] = of_error(job.error, expected.get("error", {}))
    plain = ("id", "cost", "seed", "credits", "provider_status", "note")
    return found | {name: getattr(job, name) for name in plain if name in expected}


def of_output(asset: Asset, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the type of a file, and its name, text and JSON where they are expected."""
    found: dict[str, Any] = {"type": asset.media_type}
    found |= {"name": asset.name} if "name" in wanted else {}
    if "text" in wanted:
        found["text"] = asset.text
    if "json" in wanted:
        found["json"] = json.loads(asset.content)
    return found


def of_error(error: errors.SegmindError | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the kind of an error; its words and its hint where they hold what is expected."""
    found: dict[str, Any] = {"kind": type(error).__name__}
    for name, text in (("words", str(error)), ("hint", getattr(error, "hint", ""))):
        if name in wanted:
            found[name] = wanted[name] if wanted[name] in text else text
    return found
