"""Many jobs as lines of one widget: one message moves them all, however many there are.

Messages from the browser: `act` (name, key) and `look` (keys: whose small pictures are wanted).
To it: `seen` (key, media_type, one buffer), and a patch (rows: changed facts by key; summary).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from traitlets import Dict, Unicode

from segmind_widgets.errors import SegmindError
from segmind_widgets.formatting import money, seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.widgets.browser import STATIC, Browser
from segmind_widgets.widgets.values import prompt_text

_MAX_TEXT = 160  # characters of a prompt


class JobTable(Browser):
    """The lines.

    Args:
        on_act: gets the name of a pressed button (open, stop, resume) and the line's key.
        load: gives the bytes and the media type of a line's small picture.
        background: runs the work of `load` elsewhere.
    """

    _esm = STATIC / "jobs.js"
    _css = STATIC / "jobs.css"

    content: Any = Dict({"rows": [], "summary": ""}).tag(sync=True)
    """`rows`: the lines as `facts` gives them, each with a `key`; `summary`: the words above."""
    open_key = Unicode("").tag(sync=True)
    """The key of the line that is shown in full elsewhere, or empty."""
    empty = Unicode("").tag(sync=True)
    """Shown where there are no lines."""

    def __init__(
        self,
        on_act: Callable[[str, str], None],
        load: Callable[[str], tuple[bytes, str]],
        background: Callable[[Callable[[], None]], object],
    ) -> None:
        self._on_act = on_act
        self._load = load
        self._background = background
        super().__init__({"act": self._act, "look": self._look})

    def show(self, rows: list[dict[str, Any]], summary: str) -> None:
        """These lines; where they are those that are shown, only what changed in them is sent."""
        before = self.content["rows"]
        if [row["key"] for row in rows] != [row["key"] for row in before]:
            self.content = {"rows": rows, "summary": summary}
            return
        changed = {row["key"]: _changes(old, row) for old, row in zip(before, rows, strict=True)}
        changed = {key: news for key, news in changed.items() if news}
        if changed or summary != self.content["summary"]:
            # in place, for a page that is loaded anew; those that are there get the patch
            self.content.update(rows=rows, summary=summary)
            self._post({"type": "patch", "rows": changed, "summary": summary})

    def _act(self, content: dict[str, Any], _: list[Any]) -> None:
        self._on_act(content["name"], content["key"])

    def _look(self, content: dict[str, Any], _: list[Any]) -> None:
        def answer() -> None:
            for key in content["keys"]:
                with suppress(SegmindError):  # damaged or gone: the line is there without it
                    data, media_type = self._load(key)
                    if data:
                        self._post({"type": "seen", "key": key, "media_type": media_type}, data)

        self._background(answer)


def _changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in new.items() if old[name] != value}


def facts(job: Job) -> dict[str, Any]:
    """What a line tells of a job: plain JSON, without a key."""
    live = job.watching and not job.status.final
    lost = not live and not job.status.final
    usual = f" of about {seconds(job.expected_seconds)}" if live and job.expected_seconds else ""
    prompt = " ".join(prompt_text(job.inputs).split())
    why = job.error.message if isinstance(job.error, SegmindError) and job.status.final else ""
    return {
        "id": job.id,
        "status": str(job.status),
        "message": "not followed here" if lost else job.message or why[:_MAX_TEXT],
        "model": job.model,
        "prompt": prompt[:_MAX_TEXT],
        "time": f"{seconds(job.elapsed)}{usual}" if job.elapsed or live else "",
        "created": job.created,
        "cost": money(job.cost) if job.cost is not None else "",
        "sandbox": "sandbox" if job.sandbox else "",
        "progress": None if job.progress is None else round(job.progress, 3),
        "live": live,
        "picture": any(asset.kind == "image" for asset in job.outputs),
        "actions": ["open", *(["stop"] if live else ["resume"] if lost else [])],
    }
