"""Files to a provider's storage: each content once, with what was uploaded before reused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from segmind_widgets.assets.asset import Asset
from segmind_widgets.background import run_in_background
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.retry import send_with_retries
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Uploaded

Key = str | int  # a file's digest, or its size
Progress = Callable[[int, int], None]  # told bytes sent so far and in all
_LARGE = 4 * 1024 * 1024  # bytes: smaller files are hashed before anybody notices


class Uploads:
    """Uploads that go through one store's cache."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._sizes: WeakValueDictionary[int, Any] = WeakValueDictionary()  # of what is sent now

    def upload(
        self,
        endpoint: Endpoint,
        assets: Sequence[Asset],
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> list[Asset]:
        """The assets with their URLs, in order; bare URLs as they are. See `client.upload`."""
        with self._alone(assets):
            return self._uploaded(endpoint, assets, force=force, progress=progress)

    def urls(
        self, endpoint: Endpoint, assets: Iterable[Asset], *, progress: Progress | None = None
    ) -> dict[Asset, str]:
        """Upload the assets of which the provider has no file yet; return the URL of each upload.

        Assets are keys by identity. The caller keeps the URLs for as long as it needs them: to
        ask twice would upload twice where URLs live for less than an hour.
        """
        files = [asset for asset in assets if needed(asset, endpoint)]
        uploads = self.upload(endpoint, files, progress=progress)
        return {file: asset.url or "" for file, asset in zip(files, uploads, strict=True)}

    @contextmanager
    def _alone(self, assets: Sequence[Asset]) -> Iterator[None]:
        """Wait for who uploads such files now: they may be the same, and then be there."""
        sizes = sorted({asset.size or 0 for asset in assets if asset.local})
        with ExitStack() as held:
            for size in sizes:  # in one order for all, so that no two wait for each other
                with self._lock:
                    lock = self._sizes.setdefault(size, threading.Lock())
                held.enter_context(lock)
            yield

    def _uploaded(
        self, endpoint: Endpoint, assets: Sequence[Asset], *, force: bool, progress: Progress | None
    ) -> list[Asset]:
        where = endpoint.provider.upload_url
        keys = [self._key(asset, assets, where) for asset in assets]
        known: dict[Key, Uploaded] = {}
        fresh: dict[Key, Asset] = {}
        for key, asset in zip(keys, assets, strict=True):
            if key is None:
                continue
            endpoint.provider.check_upload(asset)
            again = force or isinstance(key, int)
            found = None if again else self._store.uploaded(str(key), where)
            if found:
                known[key] = found
            else:
                fresh[key] = asset
        sent = self._send(endpoint, list(fresh.values()), progress)
        known |= dict(zip(fresh, sent, strict=True))
        return [
            asset if key is None else asset.at(known[key].url, known[key].expires_at)
            for key, asset in zip(keys, assets, strict=True)
        ]

    def _key(self, asset: Asset, assets: Sequence[Asset], where: str) -> Key | None:
        """What tells contents apart: the digest, or the size where no other file has it.

        A large file of a new size is not read before it is sent: it is hashed at the same time.
        """
        if not asset.local:
            return None
        size = asset.size or 0
        alone = size >= _LARGE and sum(other.size == size for other in assets) == 1
        return size if alone and not self._store.has_size(size, where) else asset.sha256

    def _send(
        self, endpoint: Endpoint, assets: list[Asset], progress: Progress | None
    ) -> list[Uploaded]:
        done: list[Uploaded] = []
        total = sum(asset.size or 0 for asset in assets)
        before = share = 0  # bytes of the calls that are done, and of the one that is sent

        def told(sent: int) -> None:
            if progress:
                progress(before + min(sent, share), total)  # a body is more than its files

        waiting = iter(assets)
        for call, count in endpoint.provider.upload_calls(assets, told):
            carried = list(islice(waiting, count))
            share = sum(asset.size or 0 for asset in carried)
            digests = run_in_background(lambda files=carried: [file.sha256 or "" for file in files])
            found = endpoint.provider.parse_upload(
                send_with_retries(endpoint.transport, call), count
            )
            before += share
            done += found
            for asset, digest, uploaded in zip(carried, digests(), found, strict=True):
                self._remember(endpoint, asset, digest, uploaded)
        return done

    def _remember(self, endpoint: Endpoint, asset: Asset, digest: str, uploaded: Uploaded) -> None:
        where = endpoint.provider.upload_url
        path = str(asset.path or "")
        self._store.add_upload(digest, asset.size or 0, where, uploaded, asset.filename, path)

    def recent(self, endpoint: Endpoint, last: int) -> list[Asset]:
        """The newest uploads, with their files where these are still on this disk."""
        return [
            Asset(
                path=Path(row["path"]) if row["path"] and Path(row["path"]).is_file() else None,
                url=row["url"],
                name=row["name"],
                expires_at=row["expires_at"],
            )
            for row in self._store.uploads(endpoint.provider.upload_url, last)
        ]


def needed(asset: Asset, endpoint: Endpoint) -> bool:
    """Its bytes are here, and no URL of it is known to live. (A sandbox's URLs die with it.)"""
    if not asset.local:
        return False
    if not asset.url or endpoint.sandbox:
        return True
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return asset.expires_at is not None and asset.expires_at < now
