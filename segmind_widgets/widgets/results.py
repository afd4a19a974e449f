"""The outputs of jobs as a grid; files are read when they come into view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import AssetError, NotFound
from segmind_widgets.formatting import prompt_text
from segmind_widgets.jobs.job import Job
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.pictures import Pictures, display_kind


class ResultPictures(Pictures):
    """A grid of jobs' outputs, newest first."""

    def __init__(self, panel: Host, **options: Any) -> None:
        self._panel = panel
        self._assets: dict[str, Asset] = {}
        super().__init__(
            load=self.thumbnail,
            whole=self.file,
            background=panel.background,
            **{"side": 320, "actions": ACTIONS, **options},
        )

    def add(self, job: Job) -> None:
        """Insert a finished job's outputs first; do nothing if they are already shown."""
        new = assets_by_key(job)
        if new.keys() <= self._assets.keys():
            return
        self._assets |= new
        self.items = [*self.job_items(job), *self.items]

    def show(self, jobs: list[Job]) -> None:
        """Show exactly the outputs of these jobs."""
        self._assets = {key: asset for job in jobs for key, asset in assets_by_key(job).items()}
        self.items = [item for job in jobs for item in self.job_items(job)]

    def job_items(self, job: Job) -> list[dict[str, Any]]:
        """Return a job's outputs as items. Override this to change their captions."""
        return items(job)

    def asset(self, key: str) -> Asset:
        """Return the asset of an item. Raises NotFound."""
        if key not in self._assets:
            raise NotFound("This item is no longer shown.", hint="Open the gallery again.")
        return self._assets[key]

    def focus_item(self, key: str) -> None:
        """Move the keyboard focus to an item."""
        self._post({"type": "focus", "key": key})

    def thumbnail(self, key: str, side: int) -> tuple[bytes, str]:
        """Return the thumbnail of an item and its media type.

        Raises:
            NotFound: the item is no longer in the list, or its file no longer on the disk.
        """
        asset = self.asset(key)
        try:
            return self._panel.client.thumbnail(asset, side)
        except AssetError:
            if asset.path is not None:
                _existing_path(asset)
            raise

    def file(self, key: str) -> Path:
        """Return the path of an item's file. Raises NotFound as `thumbnail`."""
        return _existing_path(self.asset(key))


def _existing_path(asset: Asset) -> Path:
    if asset.path is None or not asset.path.is_file():
        raise NotFound("The file is no longer on this disk.")
    return asset.path


ACTIONS = [
    {"name": "download", "label": "Download", "title": "Save the whole file"},
    {"name": "copy", "label": "Copy path", "title": "Copy file:… for use as an input"},
]


def assets_by_key(job: Job) -> dict[str, Asset]:
    """Return the outputs of a job by their keys."""
    names = [asset.filename for asset in job.outputs]
    if len(set(names)) < len(names):
        return {f"{job.id}/{index}": asset for index, asset in enumerate(job.outputs)}
    # not by index, which changes when an earlier output is deleted: a key's content must not
    return {f"{job.id}/{asset.filename}": asset for asset in job.outputs}


def items(job: Job) -> list[dict[str, Any]]:
    """Return the outputs of a job as items of `Pictures`."""
    prompt = prompt_text(job.inputs)
    result = []
    for key, asset in assets_by_key(job).items():
        name = f"{asset.name} · " if asset.name else ""
        alt = prompt or f"{job.model} · {asset.filename}"
        item = {"key": key, "alt": alt, "caption": name + job.caption, "name": asset.filename}
        item["kind"] = display_kind(asset)
        item["badge"] = "sandbox" if job.sandbox else ""
        item["url"] = f"file:{asset.path}" if asset.path else asset.url or ""
        result.append(item)
    return result
