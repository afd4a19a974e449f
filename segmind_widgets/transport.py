"""Sends one call and returns one reply. Knows hosts, keys and time-outs; never sleeps or loops.

The rules for sending again are here too, as a function of what happened (`repeat_after`); who
waits is the scheduler's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from segmind_widgets import __version__
from segmind_widgets.errors import (
    DownloadError,
    ForeignHost,
    KeyMissing,
    SegmindError,
    SubmitUnknown,
    Unauthorized,
    Unreachable,
    from_reply,
    retry_after,
)
from segmind_widgets.types import Call, Reply

CONNECT_TIMEOUT = 10.0  # seconds
PAGE_TIMEOUT = (3.0, 5.0)  # seconds to connect, and between two pieces
DOWNLOAD_TIMEOUT = 60.0  # seconds between two pieces
_POOL = 16  # connections kept a host
_PIECE = 256 * 1024
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Service(Protocol):
    """What the transport asks of a provider."""

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def origins(self) -> frozenset[str]:
        """scheme://host:port of the provider's own hosts."""
        ...

    def authorize(self, call: Call, key: str) -> dict[str, str]:
        """The headers that show the key."""
        ...


def origin(url: str) -> str:
    """scheme://host:port, with the scheme's own port where none is written."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


class RateLimit:
    """A bucket of requests a minute, shared by all that one provider's account sends.

    `take` gives 0 where the request may go now, else the seconds to ask again after. Polls leave
    one place free for a submit.
    """

    def __init__(self, per_minute: float = 0) -> None:
        self._lock = threading.Lock()
        self._per_second = per_minute / 60
        self._most = max(2.0, per_minute / 10)
        self._left = self._most
        self._seen = time.monotonic()
        self._blocked_until = 0.0

    def take(self, *, poll: bool, now: float | None = None) -> float:
        """Seconds to wait; at 0 the place is taken. `now` is monotonic seconds."""
        now = time.monotonic() if now is None else now
        with self._lock:
            if now < self._blocked_until:
                return self._blocked_until - now
            if not self._per_second:
                return 0.0
            self._left = min(self._most, self._left + (now - self._seen) * self._per_second)
            self._seen = now
            need = 2.0 if poll else 1.0
            if self._left >= need:
                self._left -= 1
                return 0.0
            return (need - self._left) / self._per_second

    def block(self, seconds: float) -> None:
        """Nothing more for a while: the service said 429."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, time.monotonic() + seconds)


class Transport:
    """One `requests.Session` to one provider, with the key only for its own hosts.

    Args:
        service: the provider.
        key: gives the key, or None; asked at each call, so that a login takes effect at once.
        per_minute: requests a minute, 0 for no limit of our own.
    """

    def __init__(
        self, service: Service, key: Callable[[], str | None], per_minute: float = 0
    ) -> None:
        self._service = service
        self._key = key
        self.limit = RateLimit(per_minute)
        self._session = _session()
        self._files = _session()

    def send(self, call: Call) -> Reply:
        """The reply, whatever its code.

        Raises:
            KeyMissing, Unauthorized: no key, or one that cannot be a header.
            ForeignHost: `call.url`, or a redirect, leads away from the provider's hosts.
            Unreachable: no answer, and nothing paid can have been accepted.
            SubmitUnknown: no whole answer to a billed call that may have been accepted.
        """
        headers = {**call.headers, **self._authorization(call)}
        try:
            response = self._session.request(
                call.method,
                call.url,
                json=call.json,
                data=call.body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT, call.timeout),
                allow_redirects=False,
                proxies=_proxies(call.url),
                stream=True,
            )
        except requests.RequestException as error:
            raise self._lost(call, error) from None
        with response:
            names = {name.lower(): value for name, value in response.headers.items()}
            body = self._read(call, response, names)
        if 300 <= response.status_code < 400 and "location" in names:
            raise ForeignHost(
                f"{self._service.title} redirects {urlsplit(call.url).path} to another address"
                f" ({urlsplit(names['location']).netloc}).",
                status=response.status_code,
            )
        return Reply(response.status_code, names, self._without_key(body), call.url)

    def download(
        self, url: str, path: Path, progress: Callable[[int, int | None], None] | None = None
    ) -> str | None:
        """Fetch a file to `path`, without the key; its Content-Type.

        `progress` is told bytes so far and in all (None where not told).

        Raises:
            DownloadError: the file is not there, was cut short, or nothing answered.
        """
        try:
            with self._files.get(
                url,
                timeout=(CONNECT_TIMEOUT, DOWNLOAD_TIMEOUT),
                stream=True,
                proxies=_proxies(url),
            ) as response:
                if response.status_code != 200:
                    raise _not_there(url, response.status_code)
                total = int(response.headers.get("content-length") or 0) or None
                got = 0
                with path.open("wb") as file:
                    for piece in response.iter_content(_PIECE):
                        file.write(piece)
                        got += len(piece)
                        if progress:
                            progress(got, total)
                if total and got < total and "content-encoding" not in response.headers:
                    raise requests.ConnectionError
                return response.headers.get("content-type")
        except requests.RequestException as error:
            raise DownloadError(
                f"The result at {_short(url)} could not be fetched: {_why(error)}.",
                hint="The job is done and nothing is lost: %segmind_jobs --resume fetches it.",
            ) from None

    def page(self, url: str) -> str:
        """A public page as text, without the key.

        Raises:
            Unreachable, SegmindError: no answer within seconds, or an error code.
        """
        try:
            with self._files.get(url, timeout=PAGE_TIMEOUT, proxies=_proxies(url)) as response:
                if response.status_code != 200:
                    names = {name.lower(): value for name, value in response.headers.items()}
                    raise from_reply(response.status_code, names, response.content)
                return response.content.decode("utf-8", "replace")
        except requests.RequestException as error:
            raise Unreachable(f"{_short(url)} does not answer: {_why(error)}.") from None

    def close(self) -> None:
        """Close the connections kept open."""
        self._session.close()
        self._files.close()

    def _authorization(self, call: Call) -> dict[str, str]:
        if origin(call.url) not in self._service.origins:
            raise ForeignHost(
                f"{_short(call.url)} is not an address of {self._service.title}; the key was not"
                " sent there."
            )
        key = (self._key() or "").strip()
        if not key:
            raise KeyMissing(
                f"There is no key for {self._service.title}.",
                hint=f"Set it with %segmind_login {self._service.name}, or in the environment as"
                f" {self._service.name.upper()}_API_KEY.",
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise Unauthorized("The key has characters that no key has; nothing was sent.")
        return self._service.authorize(call, key)

    def _read(self, call: Call, response: requests.Response, names: dict[str, str]) -> bytes:
        try:
            body = response.content
        except requests.RequestException as error:
            raise self._lost(call, error, names) from None
        length = names.get("content-length", "")
        whole = "content-encoding" in names or not length.isdigit() or call.method == "HEAD"
        if not whole and len(body) < int(length):
            raise self._lost(call, requests.ConnectionError("cut"), names)
        return body

    def _lost(
        self, call: Call, error: requests.RequestException, names: dict[str, str] | None = None
    ) -> SegmindError:
        """What it means that no whole reply came."""
        known = (names or {}).get("x-request-id")
        host = urlsplit(call.url).netloc
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
            return ForeignHost(f"{_short(call.url)} is not an address that can be called.")
        if call.billed and not _refused(error):
            return SubmitUnknown(
                f"{host} took the request, but its answer was lost ({_why(error)}).",
                request_id=known,
            )
        return Unreachable(f"{host} does not answer: {_why(error)}.", request_id=known)

    def _without_key(self, body: bytes) -> bytes:
        """A service that repeats the key in its words must not bring it into an error."""
        key = (self._key() or "").strip().encode()
        return body.replace(key, b"[key]") if len(key) >= 8 and key in body[:65536] else body


def repeat_after(call: Call, outcome: Reply | SegmindError, tries: int) -> float | None:
    """Seconds after which the same call may be sent again; None: it must not, or need not.

    GETs repeat on every failure that passes; a POST only where nothing was accepted (refused
    connection, 429) and once on 502 and 503. `tries` counts the earlier repeats.
    """
    safe = call.method in ("GET", "HEAD")
    backoff = min(30.0, 2.0**tries)
    if isinstance(outcome, Unreachable):
        return backoff if tries < (8 if safe else 2) else None
    if isinstance(outcome, SegmindError):
        return None
    if outcome.status == 429:
        named = retry_after(outcome.headers)
        return (max(0.5, named) if named is not None else max(2.0, backoff)) if tries < 8 else None
    if outcome.status in (502, 503):
        return backoff if tries < (8 if safe else 1) else None
    if outcome.status in (500, 504) and safe:
        return backoff if tries < (1 if outcome.status == 500 else 8) else None
    return None


def _session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = f"segmind-widgets/{__version__}"
    session.auth = lambda request: request  # else a .netrc entry would replace our header
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _proxies(url: str) -> dict[str, str] | None:
    """The environment's proxies, but never for this machine: the sandbox lives here."""
    host = urlsplit(url).hostname
    return {"no_proxy": host} if host in _LOOPBACK else None


def _refused(error: requests.RequestException) -> bool:
    """The connection was never made, so nothing can have been accepted."""
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    text = repr(error)
    return any(
        sign in text
        for sign in ("NewConnectionError", "NameResolutionError", "ConnectionRefused", "ProxyError")
    )


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {CONNECT_TIMEOUT:.0f} s"
    if isinstance(error, requests.exceptions.Timeout):
        return "silence past the time-out"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    text = repr(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "its name is not known here (no network?)"
    if "refused" in text:
        return "the connection was refused"
    if "ProxyError" in text:
        return "the proxy cannot be reached"
    return "the connection broke"


def _not_there(url: str, status: int) -> SegmindError:
    gone = status in (403, 404, 410)
    return DownloadError(
        f"The result at {_short(url)} {'is gone' if gone else 'could not be fetched'}.",
        hint="The service keeps results for some days only."
        if gone
        else "The job is done and nothing is lost: %segmind_jobs --resume fetches it.",
        status=status,
    )


def _short(url: str) -> str:
    """Without query: it may be a signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:200]
