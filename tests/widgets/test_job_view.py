"""A job's line on the screen, without a kernel: what the widgets hold as the job's traits move."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from traitlets import Bool, Float, Instance, Int, Unicode

from segmind_widgets.errors import JobFailed
from segmind_widgets.jobs.job import Job
from segmind_widgets.observers import Observable
from segmind_widgets.types import Status
from segmind_widgets.widgets.job_view import JobProgress, JobView, job_line, upload_line


@pytest.fixture
def job() -> Job:
    return Job(id="local-1", model="flux-<dev>", expected_seconds=20.0)


@pytest.fixture
def view(job: Job) -> Iterator[JobView]:
    shown = JobView(job)
    yield shown
    shown.close()


def text(view: JobView | JobProgress) -> str:
    return re.sub(r"<[^>]+>", "", view.text.value).replace("&#36;", "$")


def test_it_follows_the_traits_from_a_thread(job: Job, view: JobView) -> None:
    assert text(view) == "submitting · flux-&lt;dev&gt; · 0.0 s of about 20 s"
    changes = {"status": Status.PROCESSING, "progress": 0.25, "elapsed": 5.0, "cost": 0.02}
    thread = threading.Thread(target=job.publish, kwargs={**changes, "sandbox": True})
    thread.start()
    thread.join()
    assert view.bar.value == 0.25
    assert text(view) == ("processing · flux-&lt;dev&gt; · 5.0 s of about 20 s · $0.02 · sandbox")


def test_words_of_a_service_are_escaped(job: Job, view: JobView) -> None:
    job.publish(message="<img src=x onerror=alert(1)>")
    assert "<img" not in view.text.value
    assert "&lt;img" in view.text.value


def test_the_end(job: Job, view: JobView) -> None:
    assert view.stop.layout.display != "none"
    job.publish(last=True, status=Status.FAILED, error=JobFailed("no"), elapsed=7.0)
    assert view.bar.bar_style == "danger"
    assert view.stop.layout.display == "none"
    assert text(view).startswith("failed · flux-&lt;dev&gt; · 7.0 s · no. Failed jobs are not")


def test_a_bar_that_knows_nothing_moves_to_and_fro() -> None:
    job = Job(model="x")
    view = JobView(job)
    seen = set()
    for elapsed in (0.0, 1.0, 2.0, 3.0, 4.0):
        job.elapsed = elapsed
        seen.add(round(view.bar.value, 2))
    assert seen == {0.9, 0.5, 0.1}
    view.close()


def test_the_button_ends_the_watching(job: Job, view: JobView) -> None:
    view.stop.click()
    assert job.done
    assert "You stopped watching" in str(job.error)


def test_it_never_sets_a_trait_of_the_job(job: Job, view: JobView) -> None:
    before = job.trait_values()
    view.bar.value = 0.9
    view.say("hello")
    assert job.trait_values() == before


def test_close_frees_every_model_and_follows_no_more(job: Job) -> None:
    view = JobView(job)
    models = [view, view.bar, view.text, view.stop, view.layout, view.bar.layout, view.bar.style]
    view.close()
    view.close()  # ipywidgets does it again when the object goes
    assert all(model.comm is None for model in models)
    job.publish(progress=0.5, elapsed=3.0)
    assert view.bar.value != 0.5


def test_without_a_kernel_the_saved_line_says_how_to_get_the_job_back(view: JobView) -> None:
    bundle = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    for kind in ("text/plain", "text/html"):
        assert "%segmind_jobs --resume local-1" in bundle[kind]
    assert "flux-&lt;dev&gt;" in bundle["text/html"]


def test_an_upload_shows_its_bytes() -> None:
    line = upload_line(2, 1_500_000, 6_000_000)
    assert line.share == 0.25
    for part in ("2 files", "1.5 of 6.0 MB"):
        assert part in line.text
        assert part in line.plain
    assert upload_line(1, 0, 0).share == 1.0
    # a screen reader is not told each byte
    assert line.announced == upload_line(2, 3_000_000, 6_000_000).announced


def test_the_line_of_a_job_says_how_to_get_it_and_announces_its_status(job: Job) -> None:
    first = job_line(job)
    assert "%segmind_jobs --resume local-1" in first.plain
    assert "%segmind_jobs --resume local-1" in first.sentence
    assert first.button == "Stop watching"
    assert "flux-&lt;dev&gt;" in first.text
    job.publish(elapsed=3.0, progress=0.2)
    assert job_line(job).announced == first.announced
    assert job_line(job).sentence == first.sentence  # the HTML is not drawn anew at each tick
    job.publish(last=True, status=Status.FAILED, error=JobFailed("no"))
    ended = job_line(job)
    assert (ended.button, ended.look) == ("", "danger")
    assert ended.announced == "flux-<dev>: failed"


class Rows(Observable):
    """The traits of a batch."""

    model = Unicode("flux")
    done = Int(0)
    reused = Int(0)
    failed = Int(0)
    running = Int(0)
    unpriced = Int(0)
    total = Int(None, allow_none=True)
    rate = Float(None, allow_none=True)
    eta = Float(None, allow_none=True)
    cost = Float(0.0)
    progress = Float(0.0)
    indeterminate = Bool(True)
    finished = Bool(False)
    sandbox = Bool(False)
    message = Unicode("")
    error = Instance(Exception, allow_none=True)


def test_progress_of_a_job_and_of_a_batch_by_their_traits_alone() -> None:
    one = Job(id="local-1", model="flux", expected_seconds=20.0)
    line = JobProgress(one)
    one.publish(last=True, status=Status.COMPLETED, progress=1.0, elapsed=3.0, cost=0.02)
    assert line.bar.value == 1.0
    assert text(line) == "completed · flux · 3.0 s · $0.02"
    line.close()
    many = Rows()
    line = JobProgress(many)
    many.indeterminate = False
    many.done, many.total, many.progress = 3, 12, 0.25
    assert line.bar.value == 0.25
    assert "3 of 12 done" in line.text.value
    bar = line.bar
    line.close()
    many.progress = 0.5
    assert bar.value == 0.25


def test_the_error_of_a_callback_stands_in_the_jobs_view(job: Job, view: JobView) -> None:
    def broken(change: object) -> None:
        raise KeyError("<b>")

    job.observe(broken, "cost")
    job.publish(cost=0.02)
    assert "A callback failed: KeyError in broken, line" in view.text.value


def test_the_public_names() -> None:
    from segmind_widgets import panels, widgets

    assert widgets.JobProgress is JobProgress
    assert widgets.JobView is JobView
    assert panels.BatchView.__name__ == "BatchView"
    with pytest.raises(AttributeError):
        _ = widgets.NoSuchWidget
