"""What a run may cost: ranges, and who says so."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.planning.estimates import Estimate, OwnRuns, estimate, output_count
from segmind_widgets.sandbox import Sandbox
from tests.conftest import quick


@pytest.mark.parametrize(
    ("average", "own", "outputs", "text"),
    [
        (None, [], 1, "cost unknown (no average price is listed, and you have not run it yet)"),
        (0.04, [], 1, "about $0.04 (listed average)"),
        (0.04, [], 3, "$0.04 to $0.12 (listed average, 3 outputs)"),
        (0.04, [0.06], 1, "$0.04 to $0.06 (listed average, and your last run)"),
        (0.04, [0.03, 0.02], 1, "$0.02 to $0.04 (listed average, and your last 2 runs)"),
        (0.04, [0.05, 0.03, 0.031], 1, "$0.03 to $0.05, typically $0.031 (your last 3 runs)"),
        (0.04, 12 * [0.05] + [9.0], 1, "about $0.05 (your last 12 runs)"),
        (None, [0.07], 1, "about $0.07 (your last run)"),
        (None, [0.07, 0.05], 1, "$0.05 to $0.07, typically $0.06 (your last 2 runs)"),
        (0.04, [None, 0.06, None], 1, "$0.04 to $0.06 (listed average, and your last run)"),
        (None, [None], 1, "cost unknown (the service does not report the cost of your runs)"),
        (0.0, [], 1, "about $0.00 (listed average)"),
    ],
)
def test_the_range_and_its_source(
    average: float | None, own: list[float | None], outputs: int, text: str
) -> None:
    assert str(estimate(average, own, outputs)) == text


def test_the_upper_end_is_never_below_what_is_known() -> None:
    told = estimate(0.04, [0.01, 0.09], 2)
    assert (told.low, told.usual, told.high) == (0.01, 0.08, 0.09)
    assert Estimate().high is None


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ({}, 1),
        ({"n": 4}, 4),
        ({"samples": 2, "max_images": 3}, 3),
        ({"n": 0}, 1),
        ({"n": "4", "samples": True, "max_images": None}, 1),
    ],
)
def test_how_many_outputs_are_asked_for(inputs: dict[str, Any], count: int) -> None:
    assert output_count(inputs) == count


@pytest.fixture
def past(client: SegmindClient) -> Any:
    """Writes a finished run into the journal."""

    endpoint = client.session.endpoints.choose().address

    def add(target: str = "flux-dev", **facts: Any) -> None:
        row = {
            "provider": "segmind", "place": endpoint, "sandbox": False,
            "kind": "model", "inputs": {}, "status": "completed", "seconds": 9.0, **facts,
        }  # fmt: skip
        client.session.store.add(target=target, **row)

    return add


def test_own_runs_are_those_of_this_target_place_and_number(
    client: SegmindClient, past: Any
) -> None:
    for cost in (0.03, 0.04, 0.05):
        past(cost=cost)
    past(cost=9.0, place="https://elsewhere")
    past(cost=9.0, target="flux-dev-2")
    past(cost=9.0, status="failed")
    past(cost=9.0, inputs={"samples": 4})
    past(cost=None)
    told = client.plan("flux-dev", {"prompt": "x"}).estimate
    assert str(told) == "$0.03 to $0.05, typically $0.04 (your last 3 runs)"
    several = client.plan("flux-dev", {"prompt": "x", "samples": 4}).estimate
    assert several.high == 9.0
    assert "4 outputs, and your last run" in several.source


def test_all_own_sandboxes_are_one_place(client: SegmindClient, past: Any) -> None:
    client.sandbox_speed = 500.0
    for port in (1, 2, 3):
        past(cost=0.5, sandbox=True, place=f"http://127.0.0.1:{port}")
    assert client.plan("flux-dev", {"prompt": "x"}, provider="sandbox").estimate.usual == 0.5
    assert client.plan("flux-dev", {"prompt": "x"}).estimate.source == "listed average"


def test_one_run_makes_an_unknown_cost_known(client: SegmindClient) -> None:
    model, options = "gemini-3-pro-image-preview", {"provider": "apimart"}
    told = client.plan(model, {"prompt": "x"}, **options).estimate
    assert told.high is None
    assert told.remedy == "The cost may be known after one run without a limit."
    job = client.run(model, {"prompt": "x"}, **options)
    assert client.plan(model, {"prompt": "x"}, **options).estimate.high == job.cost > 0


def test_a_service_that_tells_no_cost_is_named_as_the_reason(client: SegmindClient) -> None:
    client.run("product-photo", kind="workflow")
    told = client.plan("product-photo", kind="workflow").estimate
    assert str(told) == "cost unknown (the service does not report the cost of your runs)"
    assert "%segmind_status" in told.remedy


@pytest.mark.parametrize(
    ("times", "seconds", "spread"),
    [
        ([9.0, 11.0], None, None),  # too few
        ([10.0, 10.0, 10.0], 10.0, (0.15, 0.25)),
        ([10.0] * 20, 10.0, (0.05, 0.15)),
        ([2.0, 10.0, 50.0] * 6, 10.0, (1.0, 1.5)),
        ([10.0] * 20 + [90.0] * 30, 10.0, (0.05, 0.15)),  # the newest 20
    ],
)
def test_the_usual_time_is_the_median_of_own_runs_with_their_spread(
    client: SegmindClient,
    past: Any,
    times: list[float],
    seconds: float | None,
    spread: tuple[float, float] | None,
) -> None:
    for time in reversed(times):
        past(run_seconds=time, seconds=time + 40)  # a slow download
    endpoint = client.session.endpoints.choose()
    usual = OwnRuns(client.session.store, "flux-dev", endpoint).usual_time
    assert (usual.seconds if usual else None) == seconds
    if usual and spread:
        assert spread[0] <= usual.spread <= spread[1]
        assert usual.trust == 0.85


def test_a_job_much_quicker_than_its_listed_time_is_seen_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(speed=1.0, duration_factor=0.1, duration_spread=0.0, artist=quick) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        client = SegmindClient.instance()
        plan = client.plan("flux-dev", {"prompt": "x"})
        listed = plan.expected_seconds
        assert listed is not None
        job = client.submit("flux-dev", {"prompt": "x"}, api="v2")
        job.wait()
        row = client.session.store.job(job.id)
        assert job.elapsed < listed / 2
        assert row["run_seconds"] == pytest.approx(listed / 10, rel=0.2)
