"""The sessions of `requests` that a transport uses."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin

import requests

from segmind_widgets._version import __version__
from segmind_widgets.network.addresses import OwnHosts, fetchable
from segmind_widgets.network.bodies import ENCODINGS
from segmind_widgets.network.socket_facts import CountingAdapter

S = TypeVar("S", bound=requests.Session)
_POOL_SIZE = 16  # open connections to each host


class SharedSession(Generic[S]):
    """One session for all threads, which an interrupt replaces.

    An interrupt may end a request anywhere in urllib3, even while it holds a lock of its pools, for
    which every later request would wait forever. The replaced session is not closed: other threads
    may still use it, and closing takes the same locks.

    Args:
        kind: makes the session.
    """

    def __init__(self, kind: Callable[[], S]) -> None:
        self._kind = kind
        self._session = _configure(kind())

    @contextmanager
    def use(self) -> Generator[S, None, None]:
        """Yield the session for one request."""
        try:
            yield self._session
        except Exception:
            raise
        except BaseException:
            self._session = _configure(self._kind())
            raise

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


class ServiceSession(requests.Session):
    """A session that neither follows redirects nor reads their targets."""

    def get_redirect_target(self, resp: Any) -> None:  # noqa: ARG002 - requests calls it
        """Return no address."""
        return


class FileSession(requests.Session):
    """A session that follows redirects and sends no key and no .netrc credentials.

    Args:
        own: the service's own hosts; a redirect leads only to them and to addresses that a reply
            may name, too.
    """

    def __init__(self, own: OwnHosts) -> None:
        super().__init__()
        self._own = own

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:  # noqa: ARG002 - as above
        """Remove the credentials of a request that is redirected."""
        prepared_request.headers.pop("Authorization", None)

    def get_redirect_target(self, resp: Any) -> str | None:
        """Return the address; drop the body, which requests would otherwise read without limit."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        resp.close()
        resp._content = b""  # noqa: SLF001 - there is no public way
        return fetchable(urljoin(resp.url, target), self._own)


def _configure(session: S) -> S:
    session.headers["Accept-Encoding"] = ENCODINGS
    session.headers["User-Agent"] = f"segmind-widgets/{__version__}"
    session.auth = lambda request: request  # without it requests reads .netrc
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = CountingAdapter(_POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
