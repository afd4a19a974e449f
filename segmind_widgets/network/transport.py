"""Sends one call and returns one reply. Knows hosts, keys and time-outs; never sleeps or loops.

The rules for sending again are here too, as a function of what happened (`retry.retry_delay`); who
waits is the scheduler's business.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from segmind_widgets._version import __version__
from segmind_widgets.errors import (
    DownloadError,
    ForeignHost,
    InputError,
    KeyMissing,
    ReplyLost,
    SegmindError,
    StoreError,
    SubmitUnknown,
    Unauthorized,
    Unreachable,
)
from segmind_widgets.network.rate_limit import RateLimit, Share
from segmind_widgets.providers import origin
from segmind_widgets.providers._errors import from_reply, retry_after
from segmind_widgets.types import Call, Reply

CONNECT_TIMEOUT = 10.0  # seconds
PAGE_TIMEOUT = (3.0, 5.0)  # seconds to connect, and between two pieces
DOWNLOAD_TIMEOUT = 60.0  # seconds between two pieces
_POOL = 16  # connections kept a host
_PIECE = 256 * 1024
_GONE = (401, 403, 404, 410)  # what a signed URL says that is over, too
_SLOWEST = 1024.0  # bytes a second; a body that comes slower than that is taken for silence
_BEFORE_SENDING = {"NewConnectionError", "NameResolutionError", "ProxyError"}  # urllib3's
_NO_TLS = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")  # OpenSSL's
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Authorizer(Protocol):
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


class Sender(Protocol):
    """An object that sends calls and fetches files: a `Transport` or a `workers.pool.Errands`."""

    @property
    def limit(self) -> RateLimit:
        """The account's pace."""
        ...

    def send(self, call: Call) -> Reply:
        """As `Transport.send`."""
        ...

    def download(
        self,
        url: str,
        path: Path | BinaryIO,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> str | None:
        """As `Transport.download`."""
        ...


class Transport:
    """One `requests.Session` to one provider, with the key only for its own hosts.

    Args:
        service: the provider.
        key: gives the key, or None; asked at each call, so that a login takes effect at once.
        per_minute: requests a minute, 0 for no limit of our own.
        share: where other kernels see this account's pace.
    """

    def __init__(
        self,
        service: Authorizer,
        key: Callable[[], str | None],
        per_minute: float = 0,
        share: Share | None = None,
    ) -> None:
        self._service = service
        self._key = key
        self.limit = RateLimit(per_minute, share, self._account)
        self._session = _kept_open(_Session())
        self._files = _kept_open(_FileSession())

    def send(self, call: Call) -> Reply:
        """The reply, whatever its code.

        Raises:
            KeyMissing, Unauthorized: no key, or one that cannot be a header.
            ForeignHost: `call.url`, or a redirect, leads away from the provider's hosts.
            Unreachable: no connection; ReplyLost where the call was sent, but is never billed.
            SubmitUnknown: no whole answer to a billed call that may have been accepted.
        """
        reply = self._exchanged(call)
        if isinstance(reply, SegmindError):
            raise reply  # here: requests' own error has the request in it, and so the key
        if 300 <= reply.status < 400 and "location" in reply.headers:
            raise ForeignHost(
                f"{self._service.title} redirects {urlsplit(call.url).path} to another address"
                f" ({_short(reply.headers['location'])}).",
                status=reply.status,
            )
        return reply

    def _exchanged(self, call: Call) -> Reply | SegmindError:
        sign = self._signer(call)
        names: dict[str, str] = {}
        try:
            with self._session.request(
                call.method,
                call.url,
                json=call.json,
                data=call.body,
                headers=dict(call.headers),
                auth=sign,
                timeout=(CONNECT_TIMEOUT, call.timeout),
                allow_redirects=False,
                proxies=_proxies(call.url),
                stream=True,
            ) as response:
                names = {k.lower(): self._hidden(v) for k, v in response.headers.items()}
                body = self._without_key(b"".join(_pieces(response, call.timeout)))
                return Reply(response.status_code, names, body, call.url)
        except requests.RequestException as error:
            return self._lost(call, error, names)

    def _hidden(self, text: str) -> str:
        return self._without_key(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def download(
        self,
        url: str,
        path: Path | BinaryIO,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> str | None:
        """Fetch a file to `path`, or into an open one, without the key; its Content-Type.

        `progress` is told bytes so far and in all (None where not told).

        Raises:
            DownloadError: the file is not there, was cut short, or nothing answered.
            StoreError: `path` cannot be written.
        """
        try:
            with self._files.get(
                url,
                timeout=(CONNECT_TIMEOUT, DOWNLOAD_TIMEOUT),
                stream=True,
                proxies=_proxies(url),
            ) as response:
                if response.status_code != 200:
                    raise _not_there(url, response)
                length = response.headers.get("content-length", "")
                total = int(length) if length.isdigit() else None
                got = 0
                with path.open("wb") if isinstance(path, Path) else nullcontext(path) as file:
                    for piece in _pieces(response, DOWNLOAD_TIMEOUT):
                        file.write(piece)
                        got += len(piece)
                        if progress:
                            progress(got, total)
                return response.headers.get("content-type")
        except (requests.RequestException, ValueError) as error:  # ValueError: no URL at all
            raise DownloadError(
                f"The result at {_short(url)} could not be fetched: {_why(error)}.",
                hint="The job is done and nothing is lost: %segmind_jobs --resume fetches it.",
            ) from None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}.",
                hint="Free some disk, or set SEGMIND_WIDGETS_HOME to another folder.",
            ) from error

    def page(self, url: str) -> str:
        """A public page as text, without the key.

        Raises:
            Unreachable, SegmindError: no answer within seconds, or an error code.
        """
        try:
            with self._files.get(
                url, timeout=PAGE_TIMEOUT, stream=True, proxies=_proxies(url)
            ) as response:
                body = b"".join(_pieces(response, PAGE_TIMEOUT[1]))
                if response.status_code != 200:
                    names = {name.lower(): value for name, value in response.headers.items()}
                    raise from_reply(response.status_code, names, body)
                return body.decode("utf-8", "replace")
        except (requests.RequestException, ValueError) as error:
            raise Unreachable(f"{_short(url)} does not answer: {_why(error)}.") from None

    def close(self) -> None:
        """Close the connections kept open."""
        self._session.close()
        self._files.close()

    def _account(self) -> str:
        """Names the account without telling the key."""
        key = (self._key() or "").strip().encode()
        digest = hashlib.blake2b(key, digest_size=8, person=b"account").hexdigest()
        return f"{min(self._service.origins)} {digest}"

    def _signer(self, call: Call) -> Callable[[requests.PreparedRequest], Any]:
        """Puts the key on the request as it leaves: no variable here holds it for a traceback."""
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

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers.update(self._service.authorize(call, key))
            return request

        return sign

    def _lost(
        self, call: Call, error: requests.RequestException, names: dict[str, str]
    ) -> SegmindError:
        """What it means that no whole reply came."""
        known = names.get("x-request-id")
        host = urlsplit(call.url).netloc
        if isinstance(error, requests.exceptions.InvalidJSONError):
            return InputError(
                "A number among the inputs is infinite or not a number; JSON has none such."
            )
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
            return ForeignHost(f"{_short(call.url)} is not an address that can be called.")
        if _refused(error):
            return Unreachable(f"{host} does not answer: {_why(error)}.")
        if call.billed:
            return SubmitUnknown(
                f"{host} took the request, but its answer was lost ({_why(error)}).",
                request_id=known,
            )
        return ReplyLost(f"{host} does not answer: {_why(error)}.", request_id=known)

    def _without_key(self, body: bytes) -> bytes:
        """A service that repeats the key in its words must not bring it into an error."""
        key = (self._key() or "").strip().encode()
        return body.replace(key, b"[key]") if len(key) >= 8 and key in body[:65536] else body


class _Session(requests.Session):
    """Follows no redirect, and does not even look where one leads."""

    def get_redirect_target(self, resp: Any) -> None:  # noqa: ARG002 - requests calls it
        return None


class _FileSession(requests.Session):
    """Follows redirects; shows no key and no entry of a .netrc to anybody."""

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:  # noqa: ARG002 - as above
        prepared_request.headers.pop("Authorization", None)


def _kept_open(session: requests.Session) -> requests.Session:
    session.headers["User-Agent"] = f"segmind-widgets/{__version__}"
    session.auth = lambda request: request  # else requests would look into .netrc
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _pieces(response: requests.Response, patience: float) -> Iterator[bytes]:
    """The body as it comes, as long as it was announced to be.

    A socket's time-out begins anew at each byte, and a body that drips would be waited for without
    end: so `patience` is also how many seconds it may be behind the slowest line.

    Raises:
        requests.RequestException: it was cut short, or nothing more came in time.
    """
    until = time.monotonic() + patience
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            yield piece
            until += len(piece) / _SLOWEST
            if time.monotonic() > until:
                raise requests.ReadTimeout
    except urllib3.exceptions.ReadTimeoutError:
        raise requests.ReadTimeout from None
    except urllib3.exceptions.HTTPError:
        raise requests.ConnectionError from None


def _proxies(url: str) -> dict[str, str] | None:
    """The environment's proxies, but never for this machine: the sandbox lives here."""
    host = urlsplit(url).hostname
    return {"no_proxy": host} if host in LOOPBACK else None


def _refused(error: requests.RequestException) -> bool:
    """The connection was never made, so nothing can have been accepted.

    Told by classes, not by words: a server may have written the words.
    """
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = getattr(error.args[0] if error.args else None, "reason", None)  # MaxRetryError's
    if _BEFORE_SENDING & {kind.__name__ for kind in type(cause).__mro__}:
        return True
    tls = cause.args[0] if isinstance(cause, urllib3.exceptions.SSLError) and cause.args else None
    return isinstance(tls, ssl.SSLError) and tls.reason in _NO_TLS


def _why(error: Exception) -> str:
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


def _not_there(url: str, response: requests.Response) -> DownloadError:
    gone = response.status_code in _GONE
    names = {name.lower(): value for name, value in response.headers.items()}
    return DownloadError(
        f"The result at {_short(url)} {'is gone' if gone else 'could not be fetched'}.",
        hint="The service keeps results for some days only. To have it again, run it again."
        if gone
        else "The job is done and nothing is lost: %segmind_jobs --resume fetches it.",
        status=response.status_code,
        retry_after=retry_after(names),
        gone=gone,
    )


def _short(url: str) -> str:
    """Without query: it may be a signature."""
    return url.partition("?")[0].partition("#")[0][:200]
