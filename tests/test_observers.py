"""Observers that fail, and progress that never falls: what a person binds to a job."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from traitlets import All, TraitError

from segmind_widgets.batches.batch import Batch
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status
from segmind_widgets.widgets import JobProgress, JobView


@pytest.mark.parametrize("names", ["elapsed", ["status", "elapsed"], All])
def test_an_observer_that_always_fails_is_logged_once_for_each_trait(
    names: Any, caplog: pytest.LogCaptureFixture
) -> None:
    job, calls = Job(id="req-1", model="m"), []

    def broken(change: Any) -> None:
        calls.append(change.name)
        raise RuntimeError(f"call {len(calls)}")

    job.observe(broken, names)
    for elapsed in range(1, 100):
        job.elapsed = elapsed
    assert calls.count("elapsed") == 99
    assert 1 <= len(caplog.records) <= 2
    assert "RuntimeError in broken, line" in job.observer_error
    assert "in broken" in caplog.text


@pytest.mark.parametrize("kind", [Job, Batch])
def test_a_key_in_the_error_of_a_callback_is_neither_shown_nor_logged(
    kind: type[Any], client: SegmindClient, caplog: pytest.LogCaptureFixture
) -> None:
    batch = client.map("fast-flux-schnell", [{"prompt": "a fox"}])
    batch.wait(30)
    observed = batch if kind is Batch else batch.jobs[0]

    secret = client.session.keys.key("segmind")
    assert secret
    key = secret.reveal()

    def broken(change: Any) -> None:
        raise ValueError(f"{change.new}: {key}")

    trait = "total" if kind is Batch else "elapsed"
    observed.observe(broken, trait)
    setattr(observed, trait, 9)
    assert "A callback failed: ValueError" in observed.to_html()
    shown = [observed.observer_error, str(observed._repr_mimebundle_()), caplog.text]
    assert "ValueError" in caplog.text
    assert [text for text in shown if key in text] == []


def test_an_observed_job_is_freed_at_once() -> None:
    job, seen = Job(model="m"), []
    job.observe(lambda change: seen.append(change.new), "status")
    job.publish(status=Status.QUEUED)
    reference = weakref.ref(job)
    gc.disable()
    try:
        del job
        assert reference() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("figure", [0.2, -1.0, float("nan"), 1.2])
def test_no_figure_makes_progress_fall_or_loses_a_state(figure: float) -> None:
    job = Job(model="m", progress=0.5)
    job.progress = figure
    assert job.progress == (1.0 if figure > 1 else 0.5)
    other = Job(model="m")
    other.publish(last=True, progress=figure, status=Status.COMPLETED)
    assert (other.status, other.watching) == (Status.COMPLETED, False)
    with pytest.raises(TraitError):
        job.progress = None  # type: ignore[assignment]


def test_a_job_that_is_followed_again_is_indeterminate_again() -> None:
    job = Job(model="m")
    job.stop()
    assert not job.indeterminate
    job.follow()
    assert (job.indeterminate, job.progress) == (True, 0.0)


@pytest.mark.parametrize("view", [JobProgress, JobView])
def test_the_end_colors_the_bar(view: Any) -> None:
    job = Job(id="req-1", model="m")
    shown = view(job)
    job.publish(last=True, status=Status.FAILED)
    assert shown.bar.bar_style == "danger"
    shown.close()


def test_an_error_of_a_callback_stays_below_the_result() -> None:
    job = Job(id="req-1", model="m")
    job.observe(lambda change: change.new[99], "status")
    job.publish(last=True, status=Status.COMPLETED)
    assert "A callback failed: IndexError" in job.to_html()
    assert "A callback failed: IndexError" in job.line
