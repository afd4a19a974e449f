"""A table of jobs as one widget, in which a single message updates all rows.

Messages from the browser: `act` (name, key), `look` (keys of rows that need a thumbnail) and
`extra` (asks for the script that places the details). Messages to the browser: `seen` (key,
media_type, one buffer), `extra` (one buffer) and `patch` (rows: changed values by key; summary).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from traitlets import Dict, Unicode

from segmind_widgets.errors import SegmindError
from segmind_widgets.formatting import money, prompt_text, seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.printable import printable
from segmind_widgets.widgets.browser import STATIC, Browser

_MAX_TEXT = 160  # characters of a prompt


class JobTable(Browser):
    """The table.

    Args:
        on_act: called with the name of a button (open, stop, resume) and the row's key.
        load: returns the bytes and the media type of a row's thumbnail.
        background: runs a function in a thread; used for `load`.
    """

    _esm = STATIC / "jobs.js"
    _css = STATIC / "jobs.css"

    content: Any = Dict({"rows": [], "summary": ""}).tag(sync=True)
    """`rows`: results of `facts`, each with a `key`; `summary`: the line above the table."""
    open_key = Unicode("").tag(sync=True)
    """The key of the row whose details are open, or empty."""
    empty = Unicode("").tag(sync=True)
    """The text shown for an empty table."""

    def __init__(
        self,
        on_act: Callable[[str, str], None],
        load: Callable[[str], tuple[bytes, str]],
        background: Callable[[Callable[[], None]], object],
    ) -> None:
        self._on_act = on_act
        self._load = load
        self._background = background
        super().__init__({"act": self._act, "look": self._look, "extra": self._send_extra})

    def show(self, rows: list[dict[str, Any]], summary: str) -> None:
        """Show these rows; if the keys are the same as before, send only the changes."""
        before = self.content["rows"]
        if [row["key"] for row in rows] != [row["key"] for row in before]:
            self.content = {"rows": rows, "summary": summary}
            return
        changes = {row["key"]: _changes(old, row) for old, row in zip(before, rows, strict=True)}
        changes = {key: facts for key, facts in changes.items() if facts}
        if changes or summary != self.content["summary"]:
            # updated in place for pages that are loaded later; open pages get the patch
            self.content.update(rows=rows, summary=summary)
            self._post({"type": "patch", "rows": changes, "summary": summary})

    def _act(self, content: dict[str, Any], _: list[Any]) -> None:
        self._on_act(content["name"], content["key"])

    def _send_extra(self, content: dict[str, Any], _: list[Any]) -> None:  # noqa: ARG002
        self._post({"type": "extra"}, (STATIC / "lightbox.js").read_bytes())

    def _look(self, content: dict[str, Any], _: list[Any]) -> None:
        def answer() -> None:
            for key in content["keys"]:
                with suppress(SegmindError):  # damaged or deleted: the row has no thumbnail
                    data, media_type = self._load(key)
                    if data:
                        self._post({"type": "seen", "key": key, "media_type": media_type}, data)

        self._background(answer)


def _changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in new.items() if old[name] != value}


def facts(job: Job) -> dict[str, Any]:
    """Return the facts of a job's row as JSON, without the key."""
    live = job.watching and not job.status.final
    resumable = not live and not job.status.final
    usual = f" of about {seconds(job.expected_seconds)}" if live and job.expected_seconds else ""
    prompt = " ".join(prompt_text(job.inputs).split())
    reason = job.error.message if isinstance(job.error, SegmindError) and job.status.final else ""
    message = "not watched here" if resumable else job.message or reason[:_MAX_TEXT]
    return {
        "id": printable(job.id),
        "status": str(job.status),
        "message": printable(message),
        "model": printable(job.model),
        "prompt": printable(prompt[:_MAX_TEXT]),
        "time": f"{seconds(job.elapsed)}{usual}" if job.elapsed or live else "",
        "created": job.created,
        "cost": money(job.cost) if job.cost is not None else "",
        "sandbox": "sandbox" if job.sandbox else "",
        "progress": None if job.indeterminate else round(job.progress, 3),
        "live": live,
        "picture": any(asset.kind == "image" for asset in job.outputs),
        "actions": ["open", *(["stop"] if live else ["resume"] if resumable else [])],
    }
