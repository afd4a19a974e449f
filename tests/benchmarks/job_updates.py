"""One progress of a job shown as a line, beside one update of a bare progress bar."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import ipywidgets
from table import Row, show

from segmind_widgets import Job
from segmind_widgets.types import Status
from segmind_widgets.widgets.job_view import JobView


def rows(*, tiny: bool = False) -> list[Row]:
    """Microseconds an update, medians. No frontend listens."""
    count = 20 if tiny else 1000
    job = Job(model="a-model", status=Status.PROCESSING, expected_seconds=20.0)
    view, bar = JobView(job), ipywidgets.FloatProgress(max=1.0)

    def publish(progress: float) -> None:
        job._last_update = 0.0  # else all but ten a second would be held back
        job.publish(progress=progress)

    def tick(progress: float) -> None:
        job._last_update = 0.0
        job.publish(progress=progress, elapsed=progress * 20)  # the line's text changes too

    def plain(progress: float) -> None:
        bar.value = progress

    took = {
        name: _median(update, count)
        for name, update in (("progress", publish), ("progress and text", tick), ("bare", plain))
    }
    view.close()
    bar.close()
    return [
        Row(f"update of a JobView: {name}", "µs", took[name], "bare FloatProgress", took["bare"])
        for name in ("progress", "progress and text")
    ]


def _median(update: Callable[[float], None], count: int) -> float:
    times = []
    for index in range(count):
        start = time.perf_counter()
        update((index + 1) / (count + 1))
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


if __name__ == "__main__":
    show(rows())
