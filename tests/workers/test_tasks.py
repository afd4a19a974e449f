"""What workers do: each billed request once, however often its task is done, and never a key."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from inspect import isclass
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.assets.recipes import read
from segmind_widgets.errors import (
    AssetError,
    DownloadError,
    InputError,
    KeyMissing,
    RateLimited,
    SegmindError,
    StoreError,
    SubmitUnknown,
    Unreachable,
)
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Call, Reply, RunRequest
from segmind_widgets.workers import tasks
from segmind_widgets.workers.shared_folder import Folder, open_folder, safe_name
from segmind_widgets.workers.tasks import (
    Notes,
    error_from_json,
    error_to_json,
    is_refused,
    reply_from_answer,
)
from tests.test_layers import imported

MODEL = "fast-flux-schnell"


@pytest.fixture(params=["", "file://"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, as a path and as a URL."""
    return f"{request.param}{tmp_path / 'shared'}"


@pytest.fixture
def keys(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a worker: keys, and nothing of where the services are."""
    for name, value in sandbox.environ.items():
        if name.endswith("_KEY"):
            monkeypatch.setenv(name, value)


def task(sandbox: Sandbox, place: str, *, api: str = "v2", **more: Any) -> dict[str, Any]:
    urls = {name: url for name, url in sandbox.environ.items() if name.endswith("_URL")}
    request: Any = RunRequest(MODEL, {"prompt": "a fox", "seed": 7}, api=api)
    call = PROVIDERS["segmind"](urls).submit(request)
    return {
        "provider": "segmind", "urls": urls, "sandbox_key": "", "folder": place, "batch": "b/1",
        "row": 3, "key": "local-0123456789ab", "call": call.to_dict(), "attempt": 0, **more,
    }  # fmt: skip


def notes(place: str, name: str = "local-0123456789ab") -> Notes:
    return Notes(open_folder(place), "b/1", name)


# a billed request


def test_a_task_that_is_done_again_submits_nothing(
    sandbox: Sandbox, keys: None, place: str
) -> None:
    first = tasks.send(task(sandbox, place))
    again = tasks.send(task(sandbox, place))
    assert reply_from_answer(again, open_folder(place)) == reply_from_answer(
        first, open_folder(place)
    )
    assert len(sandbox.billed_posts) == 1
    note = notes(place).read(0)
    assert note
    assert (note["status"], note["row"]) == ("sent", 3)
    assert json.loads(note["reply"]["body"])["request_id"] in first["reply"]["body"]


def test_of_many_workers_at_once_one_submits(sandbox: Sandbox, keys: None, tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def work(_: int) -> str:
        start.wait()
        return next(iter(tasks.send(task(sandbox, str(tmp_path)))))

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(work, range(8)))
    assert len(sandbox.billed_posts) == 1
    assert "reply" in said
    assert set(said) <= {"reply", "error"}  # those who came while it was being sent know no id


def test_the_note_is_there_before_the_request(sandbox: Sandbox, keys: None, place: str) -> None:
    sandbox.faults.add("POST .*", "silence")
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(tasks.send, task(sandbox, place))
        sandbox.wait_for(lambda log: log.billed_posts)
        note = notes(place).read(0)
        other = tasks.send(task(sandbox, place))
        while not sending.done():  # the silence may begin a moment after the log has it
            sandbox.faults.release()
            wait([sending], 0.02)
        assert "reply" in sending.result()
    assert note
    assert note["status"] == "sending"
    assert isinstance(error_from_json(other["error"]), SubmitUnknown)
    assert len(sandbox.requests("POST")) == 1


def test_what_was_given_up_is_never_sent(sandbox: Sandbox, keys: None, place: str) -> None:
    assert notes(place).give_up(0)
    answer = tasks.send(task(sandbox, place))
    assert answer["error"]["kind"] == "SubmitUnknown"
    assert not sandbox.requests("POST")
    assert not notes(place).give_up(0)


def test_what_was_refused_may_be_sent_again(sandbox: Sandbox, keys: None, place: str) -> None:
    sandbox.faults.add("POST .*", 429, headers={"Retry-After": "0"})
    first = tasks.send(task(sandbox, place))
    assert first["reply"]["status"] == 429
    second = tasks.send(task(sandbox, place, attempt=1))
    assert second["reply"]["status"] == 200
    number, last = notes(place).last()
    assert (number, last and last["status"]) == (1, "sent")
    assert len(sandbox.billed_posts) == 1


def test_a_lost_reply_is_told_again(sandbox: Sandbox, keys: None, place: str) -> None:
    sandbox.faults.add("POST .*", "reset_after")
    for _ in range(2):
        answer = tasks.send(task(sandbox, place))
        with pytest.raises(SubmitUnknown, match="its reply was lost"):
            reply_from_answer(answer, open_folder(place))
    assert len(sandbox.requests("POST")) == 1


def test_a_worker_without_a_key_sends_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    answer = tasks.send(task(sandbox, str(tmp_path)))
    with pytest.raises(KeyMissing, match=r"worker on .* has no key for Segmind") as caught:
        reply_from_answer(answer, open_folder(str(tmp_path)))
    assert "SEGMIND_API_KEY" in caught.value.hint
    assert not sandbox.requests()
    assert notes(str(tmp_path)).read(0) is None


def test_the_reply_of_v1_is_a_file_beside_the_note(
    sandbox: Sandbox, keys: None, place: str
) -> None:
    answer = tasks.send(task(sandbox, place, api="v1"))
    assert len(pickle.dumps(answer)) < 4096, "no picture travels with an answer"
    assert reply_from_answer(answer, open_folder(place)).body.startswith(b"\x89PNG")
    assert reply_from_answer(notes(place).answer(0), open_folder(place)).body.startswith(b"\x89PNG")


def test_a_folder_that_cannot_be_written_refuses_before_it_costs(
    sandbox: Sandbox, keys: None, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = tasks.send(task(sandbox, str(tmp_path / "file")))
    with pytest.raises(StoreError, match="cannot be used"):
        reply_from_answer(answer, open_folder(str(tmp_path)))
    assert not sandbox.requests()


def test_no_key_is_in_notes_or_answers(sandbox: Sandbox, keys: None, tmp_path: Path) -> None:
    sandbox.faults.add("POST .*", 400, body={"error": sandbox.environ["SEGMIND_API_KEY"]})
    said = [tasks.send(task(sandbox, str(tmp_path), attempt=n)) for n in range(2)]
    assert [one["reply"]["status"] for one in said] == [400, 200]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    key = sandbox.environ["SEGMIND_API_KEY"].encode()
    assert len(files) == 2
    assert not any(key in data for data in [*files, pickle.dumps(said)])


# downloads


def fetched(sandbox: Sandbox, place: str, url: str = "", **more: Any) -> tasks.Answer:
    facts = {"model": MODEL, "inputs": {"prompt": "a fox"}, "seed": 7, "cost": 0.5, "id": "abc"}
    outputs = [{"url": url or f"{sandbox.url('files')}/nothing.png"}]
    return tasks.fetch(
        task(sandbox, place, outputs=outputs, recipe=tasks.recipe(facts), target=MODEL, **more)
    )


def test_results_come_to_the_folder_with_their_recipe(
    sandbox: Sandbox, keys: None, place: str, tmp_path: Path
) -> None:
    reply = reply_from_answer(tasks.send(task(sandbox, place)), open_folder(place))
    known = json.loads(reply.body)
    sandbox.wait_for(lambda log: log.billed_posts)
    url = _ended(sandbox, place, known["response_url"])
    [file] = fetched(sandbox, place, url)["files"]
    path = open_folder(place).local_path(file["path"], lambda: tmp_path / "copy.png")
    assert (read(path).seed, read(path).id) == (7, "abc")
    assert path.name in ("000003-456789ab-1.png", "copy.png")
    note = json.loads((tmp_path / "shared" / safe_name("b/1") / "notes" / DONE).read_bytes())
    assert (note["status"], note["id"], note["cost"], note["seed"]) == ("completed", "abc", 0.5, 7)
    assert note["files"] == [file]
    left = [path.name for path in (tmp_path / "shared").iterdir()]
    assert left == [safe_name("b/1")], "nothing half-done is left"


def test_results_come_without_their_recipe_where_it_is_not_wanted(
    sandbox: Sandbox, keys: None, place: str, tmp_path: Path
) -> None:
    known = json.loads(reply_from_answer(tasks.send(task(sandbox, place)), open_folder(place)).body)
    url = _ended(sandbox, place, known["response_url"])
    [file] = fetched(sandbox, place, url, stamp=False)["files"]
    with pytest.raises(AssetError, match="carries no recipe"):
        read(open_folder(place).local_path(file["path"], lambda: tmp_path / "copy.png"))


DONE = "local-0123456789ab-done.json"


def _ended(sandbox: Sandbox, place: str, url: str) -> str:
    """The address of the result, asked for until it is there."""
    for _ in range(200):
        reply = tasks._transport(task(sandbox, place)).send(Call("GET", url))
        body = json.loads(reply.body)
        if body["status"] == "COMPLETED":
            return body["output"]
    raise TimeoutError(url)


def test_a_result_that_is_gone_is_an_error_of_its_own(
    sandbox: Sandbox, keys: None, tmp_path: Path
) -> None:
    error = error_from_json(fetched(sandbox, str(tmp_path))["error"])
    assert isinstance(error, DownloadError)
    assert error.status == 404
    assert error.is_gone


# values


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if isclass(k) and issubclass(k, SegmindError)]
)
def test_an_error_goes_as_json_and_comes_back(kind: type[SegmindError]) -> None:
    more: dict[str, Any] = {}
    if issubclass(kind, (DownloadError, RateLimited)):
        more["retry_after"] = 2.5
    if issubclass(kind, DownloadError):
        more["is_gone"] = True
    error = kind(
        "It broke.", hint="Fix it.", status=418, body="{}", request_id="r", field="f", **more
    )
    back = error_from_json(json.loads(json.dumps(error_to_json(error))))
    assert type(back) is kind
    assert (vars(back), back.args) == (vars(error), error.args)


def test_an_error_of_a_name_that_is_none_is_still_an_error() -> None:
    for kind in ("Mapping", "no such", "os"):
        assert type(error_from_json({"kind": kind, "message": "m"})) is SegmindError


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"reply": {"status": 200}}, False),
        ({"reply": {"status": 504}}, False),
        ({"reply": {"status": 429}}, True),
        ({"reply": {"status": 401}}, True),
        ({"error": error_to_json(Unreachable("no"))}, True),
        ({"error": error_to_json(SubmitUnknown("lost"))}, False),
        ({"status": "sending"}, False),
    ],
)
def test_what_was_refused_for_certain(answer: Mapping[str, Any], expected: bool) -> None:
    assert is_refused(answer) is expected


def test_replies_keep_every_byte(place: str) -> None:
    for body in (b"", '{"a": "ä"}'.encode(), b"\xff\x00", b"x" * 100_000):
        for number in range(2):  # a small and a large one of each key
            one = notes(place, f"k{len(body)}{number}")
            reply = Reply(200, {"x": "y"}, body, "http://s")
            answer = one.finish(0, {}, {"reply": {**vars(reply), "headers": {"x": "y"}}})
            assert (
                reply_from_answer(answer, open_folder(place))
                == reply
                == reply_from_answer(one.answer(0), open_folder(place))
            )


# the folder


def test_of_several_who_make_a_file_one_does(place: str) -> None:
    folder = open_folder(place)
    assert folder.read("a/b") is None
    assert folder.create("a/b", b"1")
    assert not folder.create("a/b", b"2")
    assert folder.read("a/b") == b"1"
    folder.write("a/b", b"3")
    assert folder.read("a/b") == b"3"


def test_a_file_is_taken_and_brought(place: str, tmp_path: Path) -> None:
    folder: Folder = open_folder(place)
    with folder.work_dir() as desk:
        (desk / "x").write_bytes(b"data")
        kept = folder.move_in(desk / "x", "b/x")
    assert folder.local_path(kept, lambda: tmp_path / "copy").read_bytes() == b"data"
    assert not desk.exists()


def test_a_url_that_nothing_opens_says_what_to_install() -> None:
    with pytest.raises(InputError, match="s3fs") as caught:
        open_folder("s3://bucket/results")
    assert "pip install" in caught.value.hint
    with pytest.raises(InputError, match="cannot be opened"):
        open_folder("nonsense://bucket")


def test_a_note_that_is_just_being_written_is_one(tmp_path: Path) -> None:
    assert open_folder(str(tmp_path)).create(f"{safe_name('b/1')}/notes/k-0.json", b"")
    assert notes(str(tmp_path), "k").last() == (0, {"status": "sending"})


def test_names_of_batches_become_names_of_folders() -> None:
    assert safe_name("portraits-2.1") == "portraits-2.1"
    made = [safe_name(name) for name in ("a/b", "a:b", "../..", "a b", "ä" * 300, "")]
    assert len(set(made)) == len(made)
    assert all("/" not in name and 0 < len(name) < 100 and name[0] != "." for name in made)


def test_a_worker_imports_little() -> None:
    heavy = imported("import segmind_widgets.workers.tasks")
    assert heavy <= {"requests", "pybase64"}
