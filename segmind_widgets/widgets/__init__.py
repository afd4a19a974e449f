"""Building blocks of panels, over ipywidgets and anywidget.

To add one: a module with one widget class; its JavaScript and CSS in `static/`, loaded by
`browser.py`. A widget that needs its panel accepts a `host.Host`, and imports neither panels nor
the client.

The public classes are `JobProgress` (a progress bar with text, for a job or a batch) and `JobView`
(a job, with a button that stops watching it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segmind_widgets.widgets.job_view import JobProgress, JobView

__all__ = ["JobProgress", "JobView"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from segmind_widgets.widgets import job_view

        return getattr(job_view, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
