"""A row of thumbnails of earlier files, to use one of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from segmind_widgets.assets.asset import Asset
from segmind_widgets.formatting import prompt_text
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.pictures import Pictures, display_kind

_MAX_JOBS = 12
_SIDE = 96  # px of a thumbnail


class Recent(Pictures):
    """A row of thumbnails, loaded in the background.

    Args:
        panel: the panel around the row.
        label: the name of the list, for screen readers.
        find: returns the assets with their alt texts, newest first.
        use: called with the asset that the user chose.
    """

    def __init__(
        self,
        panel: Host,
        label: str,
        find: Callable[[], Iterable[tuple[Asset, str]]],
        use: Callable[[Asset], None],
    ) -> None:
        self._assets: dict[str, Asset] = {}
        super().__init__(
            partial(local_thumbnail, self._assets),
            on_action=lambda _, key: use(self._assets[key]),
            background=panel.background,
            side=_SIDE,
            wrap=False,
            label=label,
            empty="Looking…",
            actions=[{"name": "use", "label": "Use", "title": "Use this"}],
        )
        panel.background(lambda: list(find()), self._show_assets)

    def _show_assets(self, results: list[tuple[Asset, str]]) -> None:
        by_key = {str(index): asset for index, (asset, _) in enumerate(results)}
        self._assets.update(by_key)
        self.empty = "There are no files of this kind yet."
        self.items = [
            {"key": key, "alt": alt, "caption": asset.name or "", "kind": local_kind(asset)}
            for (key, asset), (_, alt) in zip(by_key.items(), results, strict=True)
        ]


def recent_outputs(panel: Host, media: str) -> Iterator[tuple[Asset, str]]:
    """Yield the newest outputs whose media type begins with `media`; "*" yields all."""
    for job in panel.client.jobs(last=_MAX_JOBS):
        for asset in job.outputs:
            if media in ("*", asset.kind):
                yield asset, prompt_text(job.inputs) or f"{job.model} · {asset.filename}"


def local_thumbnail(assets: Mapping[str, Asset], key: str, side: int) -> tuple[bytes, str]:
    """Return a thumbnail of a local picture, at most `side` px; no bytes for other assets."""
    asset = assets[key]
    return asset.preview(side) if asset.local and asset.kind == "image" else (b"", "")


def local_kind(asset: Asset) -> str:
    """Return the kind of a local asset for `Pictures`; the content of a bare URL is unknown."""
    return display_kind(asset) if asset.local else "file"
