"""A row of files that were there before, as thumbnails, to be used once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from segmind_widgets.assets.asset import Asset
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.pictures import Pictures, display_kind
from segmind_widgets.widgets.values import prompt_text

_MAX_JOBS = 12
_SIDE = 96  # px of a thumbnail


class Recent(Pictures):
    """A row of thumbnails, filled in the background.

    Args:
        panel: gives the background.
        label: what they are.
        find: gives the assets with their alt texts, newest first.
        use: gets the asset that the reader chose.
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

    def _show_assets(self, found: list[tuple[Asset, str]]) -> None:
        keyed = {str(index): asset for index, (asset, _) in enumerate(found)}
        self._assets.update(keyed)
        self.empty = "Nothing yet that fits here."
        self.items = [
            {"key": key, "alt": alt, "caption": asset.name or "", "kind": local_kind(asset)}
            for (key, asset), (_, alt) in zip(keyed.items(), found, strict=True)
        ]


def recent_outputs(panel: Host, media: str) -> Iterator[tuple[Asset, str]]:
    """The newest outputs whose media type begins with `media`; "*" takes all."""
    for job in panel.client.jobs(last=_MAX_JOBS):
        for asset in job.outputs:
            if media in ("*", asset.kind):
                yield asset, prompt_text(job.inputs) or job.model


def local_thumbnail(known: Mapping[str, Asset], key: str, side: int) -> tuple[bytes, str]:
    """A picture of an asset, at most `side` px wide and high; of other kinds, no bytes."""
    asset = known[key]
    return asset.preview(side) if asset.local and asset.kind == "image" else (b"", "")


def local_kind(asset: Asset) -> str:
    """Return the kind of a local asset for `Pictures`; the content of a bare URL is unknown."""
    return display_kind(asset) if asset.local else "file"
