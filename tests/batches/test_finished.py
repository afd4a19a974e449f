"""A list that was run before: finished rows are found without planning them, and all others run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.batches import finished, registry
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.session import Session
from tests.shells import picture, quick

FAST = "fast-flux-schnell"
COUNT = 40


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=500, artist=quick, credits=1000) as running:
        yield running


@pytest.fixture(params=["checked first", "checked when it runs"])
def _checked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "checked when it runs":
        monkeypatch.setattr(registry, "MAX_CHECKED_AT_ONCE", 3)
    monkeypatch.setattr(finished, "_FIRST_PAGE", 2)
    monkeypatch.setattr(finished, "_PAGE", 8)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts of all rows that were planned."""
    prompts: list[str] = []
    plan = Session.plan

    def record(self: Session, target: str, inputs: Any = None, **options: Any) -> Any:
        prompts.append(inputs["prompt"])
        return plan(self, target, inputs, **options)

    monkeypatch.setattr(Session, "plan", record)
    return prompts


def rows(numbers: Any = range(COUNT)) -> list[dict[str, Any]]:
    return [{"prompt": str(number), "seed": number} for number in numbers]


def sent(sandbox: Sandbox) -> Counter[str]:
    return Counter(record.json["prompt"] for record in sandbox.billed_posts)


EDITS: dict[str, tuple[list[Any], set[str]]] = {  # rows of the second run, prompts that are sent
    "the same": (rows(), set()),
    "keys in another order": ([dict(reversed(row.items())) for row in rows()], set()),
    "numbers written otherwise": ([row | {"seed": float(row["seed"])} for row in rows()], set()),
    "one inserted": (rows([*range(7), 100, *range(7, COUNT)]), {"100"}),
    "one removed": (rows([*range(7), *range(8, COUNT)]), set()),
    "in reverse": (rows(reversed(range(COUNT))), set()),
    "one twice": (rows([*range(COUNT), 5]), {"5"}),
    "one changed": ([*rows(range(COUNT - 1)), {"prompt": "new", "seed": 1}], {"new"}),
    "more": (rows(range(COUNT + 3)), {"40", "41", "42"}),
}


@pytest.mark.usefixtures("_checked")
@pytest.mark.parametrize("edit", EDITS)
def test_only_what_is_new_is_sent(client: SegmindClient, sandbox: Sandbox, edit: str) -> None:
    given, new = EDITS[edit]
    assert client.map(FAST, rows(), name="foxes").wait(60).done == COUNT
    before = sent(sandbox)
    batch = client.map(FAST, given, name="foxes").wait(60)
    assert (batch.done, batch.reused) == (len(given), len(given) - len(new))
    assert set(sent(sandbox) - before) == new
    assert [job.inputs["prompt"] for job in batch.jobs] == [row["prompt"] for row in given]
    assert len(batch.outputs) == len(given)


@pytest.mark.usefixtures("_checked")
@pytest.mark.parametrize("name", [None, "foxes"])
def test_a_finished_list_is_passed_once(
    client: SegmindClient, sandbox: Sandbox, planned: list[str], name: str | None
) -> None:
    """No row is planned, and the journal is asked for pages, not for rows."""
    first = client.map(FAST, rows(), name=name).wait(60)
    before = sent(sandbox)
    planned.clear()
    statements: list[str] = []
    file = client.session.store._file
    for reach in (file.run, file.read):
        reach(lambda db: db.set_trace_callback(statements.append))
    batch = client.map(FAST, rows(), name=name).wait(60)
    for reach in (file.run, file.read):
        reach(lambda db: db.set_trace_callback(None))
    assert (batch.name, batch.done, batch.reused) == (first.name, COUNT, COUNT)
    assert (planned, sent(sandbox)) == ([], before)
    assert len(statements) < COUNT / 2


@pytest.mark.usefixtures("_checked")
def test_a_file_that_is_gone_is_fetched_again(client: SegmindClient, sandbox: Sandbox) -> None:
    batch = client.map(FAST, rows(range(6)), name="foxes").wait(60)
    before = sent(sandbox)
    lost = batch.jobs[3].outputs[0].path
    lost.unlink()
    again = client.map(FAST, rows(range(6)), name="foxes").wait(60)
    assert (again.done, sent(sandbox)) == (6, before), "it is not paid again"
    assert len(again.outputs) == 6


@pytest.mark.usefixtures("_checked")
def test_a_file_that_changed_is_another_row(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Its path is the same, so the row as it is given does not tell."""
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    given = [{"image": path, "creativity": step / 10} for step in range(1, 6)]
    client.map("clarity-upscaler", given, name="foxes").wait(60)
    before = len(sandbox.billed_posts)
    assert client.map("clarity-upscaler", given, name="foxes").wait(60).reused == 5
    assert len(sandbox.billed_posts) == before
    path.write_bytes(picture(color="red"))
    assert client.map("clarity-upscaler", given, name="foxes").wait(60).reused == 0
    assert len(sandbox.billed_posts) == before + 5


@pytest.mark.parametrize(
    ("row", "options", "kind", "words"),
    [
        ("a fox", {}, errors.InputError, "Row 31"),
        ({"prompt": "x"}, {"max_cost": 0.05}, errors.LimitError, "31 jobs may cost"),
    ],
)
def test_a_long_list_is_checked_before_anything_is_paid(
    client: SegmindClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    row: Any,
    options: dict[str, Any],
    kind: type[errors.SegmindError],
    words: str,
) -> None:
    monkeypatch.setattr(registry, "MAX_CHECKED_AT_ONCE", 3)
    batch = client.map(FAST, [*rows(range(30)), row], **options).wait(60)
    assert isinstance(batch.error, kind)
    assert words in batch.message
    assert (batch.done, batch.failed, batch.finished) == (0, 0, True)
    assert not sandbox.billed_posts
    with pytest.raises(kind):
        client.plan_map(FAST, [*rows(range(30)), row]).within(options.get("max_cost", 1))
