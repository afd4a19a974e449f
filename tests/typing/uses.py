"""Real uses of the public API, each with the type that a checker has to infer. Never run."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL.Image import Image
from typing_extensions import assert_type

import segmind_widgets
from segmind_widgets import Asset, Job, Sandbox, SegmindClient, Sweep, errors
from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.planning.plan import Plan
from segmind_widgets.types import Credits, Model, Status


def uploads(client: SegmindClient, picture: Image, job: Job) -> None:
    assert_type(client.upload("cat.jpg"), Asset)
    assert_type(client.upload(Path("cat.jpg"), provider="apimart", force=True), Asset)
    assert_type(client.upload(b"bytes"), Asset)
    assert_type(client.upload(picture), Asset)
    assert_type(client.upload(job), Asset)
    assert_type(client.upload(job.outputs[0]), Asset)
    with Path("cat.jpg").open("rb") as file:
        assert_type(client.upload(file), Asset)
    assert_type(client.upload(["cat.jpg", picture]), list[Asset])
    assert_type(client.upload((Path("a.png"), job), progress=lambda sent, total: None), list[Asset])
    assert_type(client.recent_uploads(3), list[Asset])
    client.upload(7)  # expect-error
    client.upload("cat.jpg", speed=2)  # expect-error


def runs(client: SegmindClient, inputs: Mapping[str, Any]) -> None:
    assert_type(client.plan("seedream-4.5", inputs), Plan)
    assert_type(client.start(client.plan("seedream-4.5")), Job)
    assert_type(client.submit("seedream-4.5", {"prompt": "a fox"}), Job)
    assert_type(client.submit("m", inputs, provider="segmind", api="v1", max_cost=1), Job)
    assert_type(client.run("m", inputs, timeout=60, again=False), Job)
    assert_type(client.submit_workflow("65c9", inputs, max_cost=0.5), Job)
    client.submit("m", inputs, api="v3")  # expect-error
    client.submit("m", inputs, provder="segmind")  # expect-error
    client.submit("m", prompt="a fox")  # expect-error
    client.run("m", inputs, max_cost="1 USD")  # expect-error
    client.submit_workflow("65c9", kind="model")  # expect-error


def a_job(job: Job) -> None:
    assert_type(job.outputs, tuple[Asset, ...])
    assert_type(job.outputs[0].path, Path | None)
    assert_type(job.image, Image)
    assert_type(job.image.size, tuple[int, int])
    assert_type(job.text, str | None)
    assert_type(job.status, Status)
    assert_type(job.progress, float)
    assert_type(job.indeterminate, bool)
    assert_type(job.cost, float | None)
    assert_type(job.seed, int | None)
    assert_type(job.error, errors.SegmindError | None)
    assert_type(job.inputs, dict[str, Any])
    assert_type(job.id, str)
    assert_type(job.elapsed, float)
    assert_type(job.sandbox, bool)
    assert_type(job.done, bool)
    assert_type(job.wait(5), Job)
    assert_type(job.result(), tuple[Asset, ...])
    assert_type(job.save("folder"), list[Path])
    assert_type(job.rerun(prompt="a cat"), Job)
    assert_type(job.export("curl"), str)
    if job.error is not None:
        assert_type(job.error.hint, str)
        raise job.error
    print(job.outputs[0].pth)  # expect-error
    print(job.status.lower_case)  # expect-error


async def an_awaited_job(job: Job) -> None:
    assert_type(await job, Job)


def many(client: SegmindClient, executor: Executor) -> None:
    rows = [{"prompt": "a fox"}, {"prompt": "a cat"}]
    assert_type(client.map("seedream-4.5", rows), Batch)
    assert_type(client.map("m", Sweep({"prompt": ["a", "b"]}), name="s", max_cost=2), Batch)
    assert_type(client.map("m", "rows.csv", executor=executor, folder="/shared"), Batch)
    assert_type(client.plan_map("m", rows, kind="workflow", provider="segmind"), BatchPlan)
    client.map("m", rows, kind="flow")  # expect-error
    client.plan_map("m", rows, max_cost=2)  # expect-error


def earlier(client: SegmindClient) -> None:
    assert_type(client.jobs(), list[Job])
    assert_type(client.jobs(5, offset=10, model="flux", status="completed", here=True), list[Job])
    assert_type(client.jobs(status=[Status.FAILED, Status.UNKNOWN]), list[Job])
    assert_type(client.count(unfinished=True, since=datetime(2026, 1, 1), sandbox=False), int)
    assert_type(client.resume("req-1"), Job)
    assert_type(client.resume_all(), list[Job])
    assert_type(client.newest, Job | None)
    assert_type(client.from_image("cat.png"), Job)
    assert_type(segmind_widgets.from_image(Path("cat.png")), Job)
    client.jobs(modle="flux")  # expect-error
    client.count(offset=3)  # expect-error


def the_rest(client: SegmindClient) -> None:
    assert_type(SegmindClient.instance(), SegmindClient)
    assert_type(client.credits(), Credits)
    assert_type(client.models("flux"), list[Model])
    with Sandbox() as sandbox:
        assert_type(sandbox, Sandbox)
