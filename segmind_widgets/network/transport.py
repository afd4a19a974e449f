"""Send one call and return one reply; check hosts, keys and timeouts.

This module neither sleeps nor repeats: the rules for repeats are in `retry`, the waits in
`jobs.scheduler`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from segmind_widgets.errors import (
    DownloadError,
    ForeignHost,
    InputError,
    KeyMissing,
    SegmindError,
    StoreError,
    Unauthorized,
    Unreachable,
)
from segmind_widgets.network.addresses import OwnHosts, fetchable
from segmind_widgets.network.bodies import (
    MAX_FILE,
    MAX_FILE_IN_MEMORY,
    MAX_REPLY,
    ReplyTooLong,
    body_pieces,
)
from segmind_widgets.network.failures import (
    check_settings,
    describe,
    error_without_reply,
    is_private,
    login_needed,
    proxies_for,
)
from segmind_widgets.network.rate_limit import RateLimit, Share
from segmind_widgets.network.sessions import FileSession, ServiceSession, SharedSession
from segmind_widgets.network.socket_facts import counted_request, only_public
from segmind_widgets.network.spool import read_body
from segmind_widgets.providers import origin
from segmind_widgets.providers._errors import from_reply, retry_after
from segmind_widgets.providers._replies import refusal
from segmind_widgets.secret import Secret, without_frames
from segmind_widgets.types import Call, Reply

CONNECT_TIMEOUT = 10.0  # seconds
PAGE_TIMEOUT = (3.0, 5.0)  # seconds to connect, and between two pieces
DOWNLOAD_TIMEOUT = 60.0  # seconds between two pieces
_GONE_CODES = (401, 403, 404, 410)  # expired signed URLs give 401 and 403
_RESULT_IS_SAFE = (
    "The job is completed and its result is not lost: %segmind_jobs --resume fetches it."
)
_SENDING_ERRORS = (  # all classes of requests and urllib3, and those that they let through
    OSError,
    HTTPException,
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.ProxySchemeUnsupported,
    Warning,
    UnicodeError,
)


class Authorizer(Protocol):
    """The part of a provider that the transport uses."""

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def origins(self) -> frozenset[str]:
        """Return scheme://host:port of the provider's own hosts."""
        ...

    def authorize(self, call: Call, key: str) -> dict[str, str]:
        """Return the headers that carry the key."""
        ...


class Sender(Protocol):
    """An object that sends calls and fetches files: a `Transport` or a `workers.pool.Errands`."""

    @property
    def limit(self) -> RateLimit:
        """Return the account's rate limit."""
        ...

    def send(self, call: Call) -> Reply:
        """Send a call as `Transport.send` does."""
        ...

    def download(
        self,
        url: str,
        path: Path | BinaryIO,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> str | None:
        """Fetch a file as `Transport.download` does."""
        ...


class Transport:
    """One `requests.Session` to one provider, with the key only for its own hosts.

    Args:
        service: the provider.
        key: returns the key, or None; called for each call, so that a login takes effect at once.
        per_minute: the limit in requests a minute; 0 for none.
        share: the rate states that kernels share.
        new_file: returns a path for a long reply that is a file or JSON, or raises StoreError; None
            keeps all replies in memory, up to 512 MiB.
    """

    def __init__(
        self,
        service: Authorizer,
        key: Callable[[], Secret | None],
        per_minute: float = 0,
        share: Share | None = None,
        new_file: Callable[[], Path] | None = None,
    ) -> None:
        self._service = service
        self._new_file = new_file
        self._key = key
        self.limit = RateLimit(per_minute, share, self.account_name)
        self._session = SharedSession(ServiceSession)
        self._own = OwnHosts.of(service.origins)
        self._files = SharedSession(lambda: FileSession(self._own))

    @without_frames
    def send(self, call: Call) -> Reply:
        """Return the reply, whatever its status code.

        Raises:
            KeyMissing, Unauthorized: there is no key, or it is not valid in a header.
            ForeignHost: `call.url` is not at the provider's hosts; or a call that is not billed is
                redirected. No redirect is followed.
            Unreachable: no connection; ReplyLost where the call was sent, but is never billed.
            SubmitUnknown: no complete answer to a billed call that may have been accepted.
        """
        reply = self._exchange(call)
        if isinstance(reply, SegmindError):
            raise reply
        if reply.status == 407 and not refusal(reply):  # of a proxy that read the request
            raise error_without_reply(call, login_needed(call.url), may_have_arrived=True)
        is_redirect = 300 <= reply.status < 400 and "location" in reply.headers
        if is_redirect and not call.billed:  # the table of submits has a row for the others
            raise ForeignHost(
                f"{self._service.title} redirects {urlsplit(call.url).path} to another address"
                f" ({_short(reply.headers['location'])}).",
                hint=f"{ForeignHost.hint} If this network has a login page, sign in there first.",
                status=reply.status,
            )
        return reply

    def _exchange(self, call: Call) -> Reply | SegmindError:
        names: dict[str, str] = {}
        with self._session.use() as session, counted_request() as facts:
            prepared = self._prepare(call, session)
            if isinstance(prepared, SegmindError):
                return prepared
            request, settings = prepared
            timeout = (CONNECT_TIMEOUT, call.timeout)
            try:
                with session.send(
                    request, timeout=timeout, allow_redirects=False, **settings
                ) as response:
                    names = {k.lower(): self._hide_key(v) for k, v in response.headers.items()}
                    is_result = call.billed and response.status_code < 300
                    limit = MAX_FILE if is_result else MAX_REPLY
                    pieces = body_pieces(response, call.timeout, limit)
                    body, file = read_body(pieces, self._new_file if is_result else None)
                    body = self._without_key(body)
                    return Reply(response.status_code, names, body, call.url, file)
            except SegmindError:
                raise
            except Exception as error:
                if not (call.billed or isinstance(error, _SENDING_ERRORS)):
                    raise  # of a program that reads an upload, such as a callback for its progress
                return error_without_reply(
                    call,
                    describe(error, call.url, CONNECT_TIMEOUT),
                    may_have_arrived=facts.may_have_arrived,
                    request_id=names.get("x-request-id"),
                )

    def _prepare(
        self, call: Call, session: ServiceSession
    ) -> tuple[requests.PreparedRequest, Mapping[str, Any]] | SegmindError:
        """Return the signed request, with its proxies and certificate authorities."""
        request = requests.Request(
            call.method,
            call.url,
            json=call.json,
            data=call.body,
            headers=dict(call.headers),
            auth=self._signer(call),
        )
        try:
            prepared = session.prepare_request(request)
        except requests.exceptions.InvalidJSONError:
            return InputError(
                "A number among the inputs is infinite or NaN, which JSON does not allow."
            )
        except requests.RequestException:
            return ForeignHost(f"{_short(call.url)} is not a valid address.")
        settings = session.merge_environment_settings(
            call.url, proxies_for(call.url) or {}, True, None, None
        )
        check_settings(call.url, settings)
        return prepared, settings

    def _hide_key(self, text: str) -> str:
        return self._without_key(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    @without_frames
    def download(
        self,
        url: str,
        path: Path | BinaryIO,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> str | None:
        """Fetch a file without the key, to a path or an open file; return its Content-Type.

        `progress` is called with the bytes so far and the total (None if unknown).

        Raises:
            DownloadError: the file does not exist, was cut short, or the host did not answer; or
                the address is one that is not fetched, see `addresses.fetchable`.
            StoreError: `path` cannot be written.
        """
        limit = MAX_FILE if isinstance(path, Path) else MAX_FILE_IN_MEMORY
        token = only_public.set(not self._own.has_host(url))
        try:
            url = fetchable(url, self._own)
            with self._get_file(url, (CONNECT_TIMEOUT, DOWNLOAD_TIMEOUT)) as response:
                if response.status_code != 200:
                    raise _download_error(url, response)
                with path.open("wb") if isinstance(path, Path) else nullcontext(path) as file:
                    _write_body(response, file, progress, limit)
                return response.headers.get("content-type")
        except (requests.RequestException, ValueError) as error:  # ValueError: not a URL
            cause, remedy = describe(error, url, CONNECT_TIMEOUT)
            raise DownloadError(
                f"The result at {_short(url)} could not be fetched: {cause}.",
                hint=f"{remedy} {_RESULT_IS_SAFE}".lstrip(),
                is_final=isinstance(error, ReplyTooLong) or is_private(error),
            ) from None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}.",
                hint="Free some disk, or set SEGMIND_WIDGETS_HOME to another folder.",
            ) from error
        finally:
            only_public.reset(token)

    @without_frames
    def page(self, url: str, limit: int = MAX_REPLY) -> str:
        """Return a public page of at most `limit` bytes as text; the key is not sent.

        Raises:
            Unreachable, SegmindError: no answer within a few seconds, too many bytes, or an error
                code.
        """
        try:
            with self._get_file(url, PAGE_TIMEOUT) as response:
                body = b"".join(body_pieces(response, PAGE_TIMEOUT[1], limit))
                if response.status_code != 200:
                    names = {name.lower(): value for name, value in response.headers.items()}
                    raise from_reply(response.status_code, names, body)
                return body.decode("utf-8", "replace")
        except (requests.RequestException, ValueError) as error:
            cause, remedy = describe(error, url, CONNECT_TIMEOUT)
            raise Unreachable(f"{_short(url)} does not answer: {cause}.", hint=remedy) from None

    @contextmanager
    def _get_file(
        self, url: str, timeout: tuple[float, float]
    ) -> Generator[requests.Response, None, None]:
        """Yield the response to a request without the key; its body is not read yet."""
        with (
            self._files.use() as session,
            session.get(url, timeout=timeout, stream=True, proxies=proxies_for(url)) as response,
        ):
            yield response

    def close(self) -> None:
        """Close all connections."""
        self._session.close()
        self._files.close()

    @without_frames
    def account_name(self) -> str:
        """Return a name for the account that does not reveal the key."""
        return f"{min(self._service.origins)} {(self._key() or Secret('')).digest}"

    @without_frames
    def reveal_key(self) -> str:
        """Return the key itself, for the workers of a sandbox."""
        return (self._key() or Secret("")).reveal()

    def _signer(self, call: Call) -> Callable[[requests.PreparedRequest], Any]:
        """Return a function that adds the key to a request."""
        if origin(call.url) not in self._service.origins:
            raise ForeignHost(
                f"{_short(call.url)} is not an address of {self._service.title}; the key was not"
                " sent there."
            )
        key = self._key()
        if not key:
            raise KeyMissing(
                f"There is no key for {self._service.title}.",
                hint=f"Set it with %segmind_login {self._service.name}, or in the environment as"
                f" {self._service.name.upper()}_API_KEY.",
            )
        if not key.is_printable:
            raise Unauthorized("The key contains invalid characters; nothing was sent.")

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers.update(self._service.authorize(call, key.reveal()))
            return request

        return sign

    def _without_key(self, body: bytes) -> bytes:
        """Replace the key in a reply that repeats it, so that no error shows it."""
        key = (self._key() or Secret("")).reveal().encode()
        return body.replace(key, b"[key]") if len(key) >= 8 and key in body else body


def _write_body(
    response: requests.Response,
    file: BinaryIO,
    progress: Callable[[int, int | None], None] | None,
    limit: int,
) -> None:
    """Write the body to a file and report each piece. Raises as `body_pieces` and `write` do."""
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdigit() else None
    count = 0
    for piece in body_pieces(response, DOWNLOAD_TIMEOUT, limit):
        file.write(piece)
        count += len(piece)
        if progress:
            progress(count, total)


def _download_error(url: str, response: requests.Response) -> DownloadError:
    is_gone = response.status_code in _GONE_CODES
    names = {name.lower(): value for name, value in response.headers.items()}
    return DownloadError(
        f"The result at {_short(url)} {'is gone' if is_gone else 'could not be fetched'}.",
        hint="The service keeps results for only a few days. Run it again to get the result."
        if is_gone
        else _RESULT_IS_SAFE,
        status=response.status_code,
        retry_after=retry_after(names),
        is_gone=is_gone,
    )


def _short(url: str) -> str:
    """Return a URL without its query, which may be a signature."""
    return url.partition("?")[0].partition("#")[0][:200]
