"""The newest outputs of one kind as thumbnails, to be used as inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from segmind_widgets.assets import Asset
from segmind_widgets.panels._pictures import KINDS, Pictures

if TYPE_CHECKING:
    from segmind_widgets.panels._base import Panel

_JOBS = 12
_SIDE = 96  # px of a thumbnail


class RecentOutputs(Pictures):
    """A row of thumbnails, filled from the journal in the background.

    Args:
        panel: gives the client and the background.
        media: first half of the media type that fits; "*" takes all.
        use: gets the output that the reader chose.
    """

    def __init__(self, panel: Panel, media: str, use: Callable[[Asset], None]) -> None:
        self._found: dict[str, Asset] = {}
        self._client, self._media = panel.client, media
        super().__init__(
            partial(look, self._found),
            on_action=lambda _, key: use(self._found[key]),
            background=panel.background,
            side=_SIDE,
            wrap=False,
            label="Recent outputs",
            empty="Looking…",
            actions=[{"name": "use", "label": "Use", "title": "Use this"}],
        )
        panel.background(self._fitting, self._list)

    def _fitting(self) -> dict[str, tuple[Asset, str]]:
        return {
            f"{job.id}-{index}": (asset, str(job.inputs.get("prompt") or job.model))
            for job in self._client.jobs(last=_JOBS)
            for index, asset in enumerate(job.outputs)
            if self._media in ("*", asset.kind)
        }

    def _list(self, found: Mapping[str, tuple[Asset, str]]) -> None:
        self._found.update({key: asset for key, (asset, _) in found.items()})
        self.empty = "Nothing yet that fits here."
        self.items = [
            {"key": key, "alt": alt, "kind": sign(asset)} for key, (asset, alt) in found.items()
        ]


def look(known: Mapping[str, Asset], key: str, side: int) -> tuple[bytes, str]:
    """A picture of an asset, at most `side` px wide and high; of other kinds, no bytes."""
    asset = known[key]
    return asset.preview(side) if asset.local and asset.kind == "image" else (b"", "")


def sign(asset: Asset) -> str:
    """What `Pictures` calls this kind of file; of a bare URL nobody knows."""
    return asset.kind if asset.local and asset.kind in KINDS else "file"
