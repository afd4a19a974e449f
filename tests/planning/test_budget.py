"""Caps, budgets and doubts: what is refused was not sent, as the server's own log tells."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, LimitError, SegmindError
from segmind_widgets.planning import budget
from segmind_widgets.planning.estimates import estimate
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Status
from tests.shells import picture

MODEL = "fast-flux-schnell"  # costs 0.0055
PROMPT = {"prompt": "a fox"}


def runs(sandbox: Sandbox) -> int:
    return len(sandbox.billed_posts)


# a cap


def test_a_cap_refuses_before_anything_is_sent(client: SegmindClient, sandbox: Sandbox) -> None:
    inputs = {"prompt": "x", "image_input": [picture()]}
    with pytest.raises(LimitError, match=r"\$0.04 \(listed.*\), more than your limit of \$0.01"):
        client.submit("seedream-4.5", inputs, max_cost=0.01)
    assert not sandbox.requests("POST")
    assert client.run(MODEL, PROMPT, max_cost=0.01).status is Status.COMPLETED


def test_a_cap_counts_every_output_that_is_asked_for(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    inputs = {**PROMPT, "samples": 3}
    with pytest.raises(LimitError, match=r"may cost up to \$0.06 \(listed average, 3 outputs\)"):
        client.submit("flux-dev", inputs, max_cost=0.03)
    assert not sandbox.requests("POST")
    client.run("flux-dev", inputs, max_cost=0.06)


def test_a_sum_of_prices_is_not_refused_for_a_rounding_error(client: SegmindClient) -> None:
    plan = client.plan("flux-dev", {**PROMPT, "samples": 3}, max_cost=0.06)
    assert replace(plan, estimate=estimate(0.1, [], 3)).within(0.3) is None


def test_an_unknown_cost_is_refused_and_one_run_makes_it_known(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    model, options = "gemini-3-pro-image-preview", {"provider": "apimart"}
    with pytest.raises(LimitError, match=f"The cost of {model} is unknown") as raised:
        client.run(model, PROMPT, max_cost=5.0, **options)
    assert "The cost may be known after one run without a limit" in raised.value.hint
    client.budget = 5.0
    with pytest.raises(LimitError, match=r"there is a budget of \$5.00") as raised:
        client.run(model, PROMPT, **options)
    assert "SegmindClient.budget = 0" in raised.value.hint
    assert not sandbox.requests("POST")
    client.budget = 0.0
    client.run(model, PROMPT, **options)
    client.budget = 5.0
    assert client.run(model, PROMPT, max_cost=5.0, **options).cost
    assert runs(sandbox) == 2


# a budget


def test_a_budget_counts_what_was_spent(client: SegmindClient, sandbox: Sandbox) -> None:
    client.budget = 0.012
    for _ in range(2):
        client.run(MODEL, PROMPT)
    with pytest.raises(LimitError) as raised:
        client.run(MODEL, {**PROMPT, "seed": 3})
    assert "may cost $0.0055; of this session's budget of $0.012, $0.011 is spent" in str(
        raised.value
    )
    assert "SegmindClient.budget = 0.0165" in raised.value.hint
    assert runs(sandbox) == 2
    client.budget = 0.0165
    client.run(MODEL, PROMPT)
    client.budget = 0.0
    client.run(MODEL, PROMPT)


def test_a_refusal_uploads_nothing(client: SegmindClient, sandbox: Sandbox) -> None:
    client.budget = 0.0001
    for start in (
        lambda: client.submit("bg-removal-v2", {"image": picture()}),
        lambda: client.start(client.plan("bg-removal-v2", {"image": picture()})),
        lambda: client.submit_workflow("product-photo", {"background": picture()}),
    ):
        with pytest.raises(LimitError):
            start()
    assert not sandbox.requests("POST")
    assert client.jobs() == []


def test_a_rerun_goes_through_the_same_checks(client: SegmindClient, sandbox: Sandbox) -> None:
    job = client.run(MODEL, PROMPT)
    client.budget = 0.01
    with pytest.raises(LimitError, match="is spent"):
        job.rerun(prompt="a cat")
    with pytest.raises(LimitError, match="is spent"):
        client.job(job.id).rerun()
    client.budget = 0.005
    with pytest.raises(LimitError, match="in sandbox credits"):  # its recipe says: on the sandbox
        client.from_image(job.outputs[0].path).rerun()
    assert runs(sandbox) == 1


@pytest.fixture
def held(sandbox: Sandbox) -> Iterator[None]:
    """No status is told while this lasts."""
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    yield
    sandbox.faults.clear()


@pytest.mark.usefixtures("held")
def test_what_is_in_flight_counts(client: SegmindClient, sandbox: Sandbox) -> None:
    client.budget = 0.01
    job = client.submit(MODEL, PROMPT)
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/"))
    with pytest.raises(LimitError, match=r"\$0.00 is spent and \$0.0055 reserved for running jobs"):
        client.submit(MODEL, PROMPT)
    job.stop()  # it goes on at the service
    with pytest.raises(LimitError, match="reserved for running jobs"):
        client.submit(MODEL, PROMPT)
    assert client.session_spend().in_flight + client.session_spend(sandbox=True).in_flight == 0.0055
    sandbox.faults.clear()
    client.resume(job.id).wait(20)
    with pytest.raises(LimitError, match=r"\$0.0055 is spent\."):
        client.submit(MODEL, PROMPT)
    assert runs(sandbox) == 1


def test_a_failure_costs_nothing_and_frees_what_was_put_aside(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    client.budget = 0.006
    sandbox.faults.add("POST /v2/.*", "job_failed", words="too dark")
    assert client.submit(MODEL, PROMPT).wait(20).status is Status.FAILED
    sandbox.faults.clear()
    sandbox.faults.add("POST /v2/.*", 400)
    assert client.submit(MODEL, PROMPT).wait(20).status is Status.FAILED
    sandbox.faults.clear()
    assert client.run(MODEL, PROMPT).cost == 0.0055


def test_a_failed_upload_frees_what_was_put_aside(client: SegmindClient, sandbox: Sandbox) -> None:
    client.budget = 0.001
    sandbox.faults.add("POST /upload-asset", 400)
    with pytest.raises(SegmindError):
        client.submit("bg-removal-v2", {"image": picture()})
    sandbox.faults.clear()
    assert client.run("bg-removal-v2", {"image": picture()}).status is Status.COMPLETED


def test_what_may_have_been_billed_stays_put_aside(client: SegmindClient, sandbox: Sandbox) -> None:
    client.budget = 1.0
    workflow = "65c9c7f641c340d7ef2f7134-v1"
    client.session.store.add(
        target=workflow, provider="segmind", kind="workflow", sandbox=False, inputs={}, cost=0.05,
        place=client.session.endpoints.choose("segmind").address, status="completed",
    )  # fmt: skip
    sandbox.faults.add("POST /workflows/.*", "reset_after", times=None)
    job = client.submit(workflow, PROMPT, kind="workflow").wait(20)
    assert job.status is Status.UNKNOWN
    assert client.session_spend().in_flight == 0.05


@pytest.mark.parametrize("round_", range(5))
def test_two_at_once_do_not_both_squeeze_under_the_budget(
    client: SegmindClient, sandbox: Sandbox, round_: int
) -> None:
    client.budget = 0.006
    plans = [client.plan(MODEL, {**PROMPT, "seed": i}) for i in range(6)]
    together = threading.Barrier(len(plans))
    ended: list[object] = []

    def start(plan: object) -> None:
        together.wait()
        try:
            ended.append(client.start(plan))  # type: ignore[arg-type]
        except LimitError as error:
            ended.append(error)

    threads = [threading.Thread(target=start, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs = [job for job in ended if not isinstance(job, LimitError)]
    assert len(jobs) == 1
    assert len(ended) == 6
    jobs[0].wait(20)  # type: ignore[attr-defined]
    assert runs(sandbox) == 1


def test_play_money_has_a_budget_of_its_own(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sandbox_speed = 500.0
    client.budget = 0.009
    client.run(MODEL, PROMPT, provider="sandbox")
    with pytest.raises(LimitError, match=r"budget of \$0.009 in sandbox credits"):
        client.run(MODEL, PROMPT, provider="sandbox")
    client.run(MODEL, PROMPT)
    assert runs(sandbox) == 1
    with pytest.raises(LimitError):
        client.run(MODEL, PROMPT)


def test_a_budget_below_nothing_is_no_budget(client: SegmindClient) -> None:
    with pytest.raises(TraitError):
        client.budget = -1.0


# the same request again


def test_an_equal_request_within_ten_seconds_is_refused(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = client.start(client.plan(MODEL, PROMPT, again=False))
    with pytest.raises(LimitError, match=r"sent a moment ago: job") as raised:
        client.start(client.plan(MODEL, PROMPT, again=False))
    named = str(raised.value).rpartition(" ")[2].rstrip(".")
    assert client.job(named).wait(20) is job
    assert "--again" in raised.value.hint
    others = (dict(PROMPT, seed=4), {"prompt": "a cat"})
    for inputs in others:
        client.start(client.plan(MODEL, inputs, again=False))
    client.submit(MODEL, PROMPT).wait(20)
    monkeypatch.setattr(budget, "REPEAT_WINDOW", 0.0)
    client.start(client.plan(MODEL, PROMPT, again=False)).wait(20)
    assert runs(sandbox) == 5


def test_files_count_by_their_content(client: SegmindClient, tmp_path: Path) -> None:
    one, two, other = (tmp_path / f"{name}.png" for name in ("one", "two", "other"))
    one.write_bytes(picture(color="red"))
    two.write_bytes(picture(color="red"))
    other.write_bytes(picture(color="blue"))
    client.start(client.plan("bg-removal-v2", {"image": one}, again=False))
    with pytest.raises(LimitError):
        client.start(client.plan("bg-removal-v2", {"image": two}, again=False))
    client.start(client.plan("bg-removal-v2", {"image": other}, again=False))


def test_what_failed_may_be_tried_again_at_once(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", words="too dark")
    client.start(client.plan(MODEL, PROMPT, again=False)).wait(20)
    sandbox.faults.clear()
    job = client.start(client.plan(MODEL, PROMPT, again=False)).wait(20)
    assert job.status is Status.COMPLETED


# what is there already


def test_an_earlier_job_is_found_by_its_inputs_and_seed(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    inputs = {**PROMPT, "seed": 7}
    assert client.earlier(client.plan(MODEL, inputs)) is None
    job = client.run(MODEL, inputs)
    found = client.earlier(client.plan(MODEL, {"seed": 7.0, **PROMPT}))
    assert found is not None
    assert found.outputs[0].path == job.outputs[0].path
    assert client.earlier(client.plan(MODEL, {**PROMPT, "seed": 8})) is None
    for other in (PROMPT, {**PROMPT, "seed": -1}):
        with pytest.raises(InputError, match="takes a new seed for each run") as raised:
            client.earlier(client.plan(MODEL, other))
        assert raised.value.field == "seed"
    job.outputs[0].path.unlink()
    del job, found
    assert client.earlier(client.plan(MODEL, inputs)) is None


def test_a_model_without_a_seed_is_found_by_its_inputs(client: SegmindClient) -> None:
    job = client.run("bg-removal-v2", {"image": picture()})
    found = client.earlier(client.plan("bg-removal-v2", {"image": picture()}))
    assert found is not None
    assert found.id == job.id


def test_play_pictures_are_not_reused_for_real_ones(client: SegmindClient) -> None:
    client.sandbox_speed = 500.0
    inputs = {**PROMPT, "seed": 7}
    client.run(MODEL, inputs, provider="sandbox")
    assert client.earlier(client.plan(MODEL, inputs)) is None
    assert client.earlier(client.plan(MODEL, inputs, provider="sandbox")) is not None


# afterwards


def test_a_request_with_several_outputs_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def pair(*_: Any) -> list[tuple[bytes, str]]:
        return [(picture(color=color), "image/png") for color in ("red", "blue")]

    with Sandbox(speed=500, artist=pair) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        client = SegmindClient.instance()
        job = client.run("flux-dev", {**PROMPT, "samples": 2})
        client.run("poster-with-caption", kind="workflow")
        told = {one.key: one for one in client.spend()}
    assert len(job.outputs) == 2
    model, workflow = told["flux-dev"], told["poster-with-caption"]
    assert (model.jobs, model.usd, model.unpriced) == (1, 0.02, 0)
    assert (workflow.jobs, workflow.usd, workflow.unpriced) == (1, 0.0, 1)


def test_the_services_own_figure_is_kept(client: SegmindClient, sandbox: Sandbox) -> None:
    client.run(MODEL, PROMPT)
    job = client.run(MODEL, PROMPT)
    assert "$0.0055" in job.caption
    assert job.credits == pytest.approx(10 - 0.011)
    sandbox.faults.add("POST /v2/.*", "job_failed", words="too dark")
    client.submit(MODEL, PROMPT).wait(20)
    (told,) = client.spend("model")
    assert (told.key, told.jobs, told.completed, told.usd) == (MODEL, 3, 2, 0.011)
    assert client.session_spend(sandbox=True).spent == 0.011, "the sandbox said that it is one"
    assert client.session_spend().spent == 0.0
    with pytest.raises(InputError, match="not supported"):
        client.spend("week")  # type: ignore[arg-type]
