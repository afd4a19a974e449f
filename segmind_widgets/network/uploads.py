"""Upload files to a provider's storage, each content once; reuse earlier uploads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from weakref import WeakValueDictionary

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.outgoing import Outgoing, prepare
from segmind_widgets.background import run_in_background
from segmind_widgets.errors import NotAcceptable, NotFound, Rejected, ServerError, TooLarge
from segmind_widgets.network.at_once import run_at_once
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.retry import send_with_retries
from segmind_widgets.network.upload_progress import Progress, TotalProgress
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Uploaded

Key = str | int  # a file's digest, or its size
CALLS_AT_ONCE = 4  # uploads, which wait more than they send
_HASH_FIRST_BYTES = 4 * 1024 * 1024  # smaller files are hashed before they are sent


class Uploads:
    """Uploads through the cache of one store."""

    def __init__(self, store: Store, keep_location: Callable[[], bool] = lambda: False) -> None:
        self._store = store
        self._keep_location = keep_location
        self._lock = threading.Lock()
        # a lock for each size of file that is being uploaded
        self._size_locks: WeakValueDictionary[int, threading.Lock] = WeakValueDictionary()

    def upload(
        self,
        endpoint: Endpoint,
        assets: Sequence[Asset],
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> list[Asset]:
        """Return the assets with their URLs, in order; bare URLs unchanged. See `client.upload`."""
        with self._exclusive(assets):
            return self._upload(endpoint, assets, force=force, progress=progress)

    def urls(
        self, endpoint: Endpoint, assets: Iterable[Asset], *, progress: Progress | None = None
    ) -> dict[Asset, str]:
        """Upload the assets of which the provider has no file yet; return the URL of each upload.

        The keys of the result are the assets, compared by identity. The caller keeps the URLs while
        it needs them: a second call would upload again if URLs expire within an hour.
        """
        files = [asset for asset in assets if needed(asset, endpoint)]
        uploads = self.upload(endpoint, files, progress=progress)
        return {file: asset.url or "" for file, asset in zip(files, uploads, strict=True)}

    @contextmanager
    def _exclusive(self, assets: Sequence[Asset]) -> Generator[None]:
        """Wait for running uploads of files of the same sizes, which may have the same content."""
        sizes = sorted({asset.size or 0 for asset in assets if asset.local})
        with ExitStack() as locks:
            for size in sizes:  # in ascending order, which prevents deadlocks
                with self._lock:
                    lock = self._size_locks.setdefault(size, threading.Lock())
                locks.enter_context(lock)
            yield

    def outgoing(self, endpoint: Endpoint, asset: Asset, *, inline: bool = False) -> Outgoing:
        """Return the form in which a file is sent: uploaded, or `inline` in a request.

        Raises:
            AssetError: it cannot be sent.
        """
        provider = endpoint.provider
        file = prepare(
            asset,
            provider.picture_types,
            provider.title,
            keep_location=self._keep_location(),
        )
        if asset.local and not inline and not file.target:  # else checked when it is converted
            provider.check_upload(file.as_sent())
        return file

    def is_uploaded(self, endpoint: Endpoint, file: Outgoing) -> bool:
        """Return whether it was uploaded before; a large file is read only if its size was."""
        address = endpoint.provider.upload_url
        has_size = self._store.has_size(file.original.size or 0, address)
        return has_size and self._store.uploaded(file.digest, address) is not None

    def _upload(
        self, endpoint: Endpoint, assets: Sequence[Asset], *, force: bool, progress: Progress | None
    ) -> list[Asset]:
        address = endpoint.provider.upload_url
        files = [self.outgoing(endpoint, asset) for asset in assets]
        keys = [self._key(file, assets, address) for file in files]
        uploads: dict[Key, tuple[Uploaded, str]] = {}
        fresh: dict[Key, Outgoing] = {}
        for key, file in zip(keys, files, strict=True):
            if key is None:
                continue
            skip_cache = force or isinstance(key, int)
            earlier = None if skip_cache else self._store.uploaded(str(key), address)
            if earlier:
                uploads[key] = earlier, ""
            else:
                fresh[key] = file
        results = self._send(endpoint, list(fresh.values()), progress)
        uploads |= dict(zip(fresh, results, strict=True))
        return [
            file.original if key is None else _uploaded(file, *uploads[key])
            for key, file in zip(keys, files, strict=True)
        ]

    def _key(self, file: Outgoing, assets: Sequence[Asset], address: str) -> Key | None:
        """Return the key of a content: its digest, or its size if no other file has that size.

        A large file of a new size is hashed while it is sent, so that it is read only once.
        """
        if not file.original.local:
            return None
        size = file.original.size or 0
        unique = size >= _HASH_FIRST_BYTES and sum(other.size == size for other in assets) == 1
        return size if unique and not self._store.has_size(size, address) else file.digest

    def _send(
        self, endpoint: Endpoint, files: list[Outgoing], progress: Progress | None
    ) -> list[tuple[Uploaded, str]]:
        """Send the files, four calls at once, and report the progress in this thread.

        Returns:
            The upload of each file, with a note of what is stored otherwise.
        """
        total = TotalProgress(files, progress)
        sent: deque[Asset] = deque()

        def converted() -> Iterator[Asset]:
            for file in files:  # one after another: memory holds those of the calls at once
                asset = file.as_sent()
                endpoint.provider.check_upload(asset)
                sent.append(asset)
                yield asset

        def works() -> Iterator[Callable[[], list[tuple[Uploaded, str]]]]:
            remaining = iter(files)
            for call, count in endpoint.provider.upload_calls(converted()):
                group = [(file, sent.popleft()) for file in islice(remaining, count)]
                call.body.progress = total.part([file for file, _ in group])
                yield partial(self._send_group, endpoint, call, group)

        done = run_at_once(works(), CALLS_AT_ONCE, total.report, total.stop)
        return [upload for group in done for upload in group]

    def _send_group(
        self, endpoint: Endpoint, call: Call, group: list[tuple[Outgoing, Asset]]
    ) -> list[tuple[Uploaded, str]]:
        """Send one call and remember its uploads, also where the others fail or are stopped."""
        digests = run_in_background(lambda: [file.digest for file, _ in group])
        uploads = self._send_call(endpoint, call, len(group))
        done: list[tuple[Uploaded, str]] = []
        for (file, asset), digest, uploaded in zip(group, digests(), uploads, strict=True):
            self._remember(endpoint, file.original, digest, uploaded)
            done.append((uploaded, _differences(asset, uploaded)))
        return done

    def _send_call(self, endpoint: Endpoint, call: Call, count: int) -> list[Uploaded]:
        """Send one call and return its uploads.

        Raises:
            SegmindError: the service refused; the hint is about files and not about a model's
                inputs.
        """
        provider = endpoint.provider
        try:
            return provider.parse_upload(send_with_retries(endpoint.transport, call), count)
        except (Rejected, NotFound, NotAcceptable, TooLarge, ServerError) as error:
            hint = f"Uploads are not billed. {provider.upload_limits}".strip()
            raise error.with_hint(hint) from error.__cause__

    def _remember(self, endpoint: Endpoint, asset: Asset, digest: str, uploaded: Uploaded) -> None:
        address = endpoint.provider.upload_url
        path = str(asset.path or "")
        name = uploaded.filename or asset.filename
        self._store.add_upload(digest, asset.size or 0, address, uploaded, name, path)

    def recent(self, endpoint: Endpoint, last: int) -> list[Asset]:
        """Return the newest uploads, with the files that are still on this disk."""
        return [
            Asset(
                path=Path(row["path"]) if row["path"] and Path(row["path"]).is_file() else None,
                url=row["url"],
                name=row["name"],
                expires_at=row["expires_at"],
            )
            for row in self._store.uploads(endpoint.provider.upload_url, last)
        ]


def _uploaded(file: Outgoing, uploaded: Uploaded, differences: str) -> Asset:
    """Return the original at its URL, with a note of what was sent and stored otherwise."""
    note = ", ".join(filter(None, [file.note, differences]))
    return file.original.at(uploaded.url, uploaded.expires_at, note)


def _differences(asset: Asset, uploaded: Uploaded) -> str:
    """Return the provider's facts about a file that differ from ours, in words."""
    facts = [
        (uploaded.filename, asset.filename, f"{uploaded.filename}"),
        (uploaded.media_type, asset.media_type, f"{uploaded.media_type}"),
        (uploaded.size, asset.size, f"{uploaded.size or 0:,} bytes"),
    ]
    others = [text for theirs, ours, text in facts if theirs not in (None, ours)]
    return f"stored as {', '.join(others)}" if others else ""


def needed(asset: Asset, endpoint: Endpoint) -> bool:
    """Return whether an asset is local and has no valid URL; a sandbox's end with it."""
    if not asset.local:
        return False
    if not asset.url or endpoint.sandbox:
        return True
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return asset.expires_at is not None and asset.expires_at < now
