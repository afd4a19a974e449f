"""Files to a provider's storage: each content once, with what was uploaded before reused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from itertools import islice

from segmind_widgets.assets import Asset
from segmind_widgets.places import Place
from segmind_widgets.scheduler import exchange
from segmind_widgets.store import Store
from segmind_widgets.types import Uploaded

Progress = Callable[[int, int], None]  # told bytes sent so far and in all


class Uploads:
    """Uploads that go through one store's cache."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def upload(
        self,
        place: Place,
        assets: Sequence[Asset],
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> list[Asset]:
        """The assets with their URLs, in order; bare URLs as they are. See `client.upload`."""
        where = place.provider.upload_url
        known: dict[str, Uploaded] = {}
        fresh: dict[str, Asset] = {}
        for asset in assets:
            if asset.sha256 is None:
                continue
            place.provider.check_upload(asset)
            found = None if force else self._store.uploaded(asset.sha256, where)
            if found:
                known[asset.sha256] = found
            else:
                fresh[asset.sha256] = asset
        known |= self._send(place, list(fresh.values()), progress)
        return [
            asset.at(known[asset.sha256].url, known[asset.sha256].expires_at)
            if asset.sha256
            else asset
            for asset in assets
        ]

    def url(self, asset: Asset, place: Place) -> str:
        """A URL of the asset that the provider can read, uploading it where that is needed."""
        if not needed(asset, place):
            return asset.url or ""
        return self.upload(place, [asset])[0].url or ""

    def _send(
        self, place: Place, assets: list[Asset], progress: Progress | None
    ) -> dict[str, Uploaded]:
        done: dict[str, Uploaded] = {}
        total = sum(asset.size or 0 for asset in assets)
        before = share = 0  # bytes of the calls that are done, and of the one that is sent

        def told(sent: int) -> None:
            if progress:
                progress(before + min(sent, share), total)  # a body is more than its files

        waiting = iter(assets)
        for call, count in place.provider.upload_calls(assets, told):
            carried = list(islice(waiting, count))
            share = sum(asset.size or 0 for asset in carried)
            found = place.provider.parse_upload(exchange(place.transport, call), count)
            before += share
            for asset, uploaded in zip(carried, found, strict=True):
                done[asset.sha256 or ""] = uploaded
                self._store.add_upload(asset.sha256 or "", place.provider.upload_url, uploaded)
        return done


def needed(asset: Asset, place: Place) -> bool:
    """Its bytes are here, and no URL of it is known to live. (A sandbox's URLs die with it.)"""
    if not asset.local:
        return False
    if not asset.url or place.sandbox:
        return True
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return asset.expires_at is not None and asset.expires_at < now
