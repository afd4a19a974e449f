"""Describe in words why a request has no reply, and name the remedy.

For messages only: whether a request may be sent again is decided by `socket_facts`.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies, select_proxy
from urllib3.util.ssl_match_hostname import CertificateError

from segmind_widgets.errors import (
    InputError,
    ReplyLost,
    SegmindError,
    SubmitUnknown,
    Unreachable,
)
from segmind_widgets.network.addresses import PrivateAddress
from segmind_widgets.network.bodies import UnusableBody
from segmind_widgets.types import Call

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_CA_NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_TRUST = (
    "If your network inspects TLS, set REQUESTS_CA_BUNDLE to the file (PEM) of its certificate"
    " authority. If the network has a login page, sign in there first."
)
_SOCKS = "Run %pip install pysocks, and restart the kernel."
_INVALID = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.LocationValueError,
    urllib3.exceptions.ProxySchemeUnsupported,
    UnicodeError,
)
_TUNNEL_CODE = re.compile(r"Tunnel connection failed: (\d{3})\b")


class Failure(NamedTuple):
    """The cause as the end of a sentence, and the remedy as a sentence or ""."""

    cause: str
    remedy: str = ""


def proxies_for(url: str) -> dict[str, str] | None:
    """Return the proxies to use: the environment's, but none for this machine's sandbox."""
    host = urlsplit(url).hostname
    return {"no_proxy": host} if host in LOOPBACK else None


def check_settings(url: str, settings: Mapping[str, Any]) -> None:
    """Check the proxy and the certificate authorities that requests took from the environment.

    Raises:
        InputError: SOCKS needs a package; the file of certificate authorities does not exist.
    """
    proxy = select_proxy(url, settings["proxies"]) or ""
    if proxy.lower().startswith("socks") and find_spec("socks") is None:
        raise InputError(
            f"The proxy {_address(proxy)} needs the package PySocks; nothing was sent.",
            hint=_SOCKS,
        )
    authorities = settings["verify"]
    if isinstance(authorities, str) and not Path(authorities).exists():
        name = next((name for name in _CA_NAMES if os.getenv(name)), _CA_NAMES[0])
        raise InputError(
            f"The file of certificate authorities {authorities} does not exist; nothing was sent.",
            hint=f"Set {name} to the file (PEM) of your network's certificate authority.",
        )


def error_without_reply(
    call: Call, failure: Failure, *, may_have_arrived: bool, request_id: str | None = None
) -> SegmindError:
    """Return the error for a call without a complete reply of the service."""
    host, (cause, remedy) = urlsplit(call.url).netloc, failure
    silence = f"{host} does not answer: {cause}."
    if not call.billed:
        if not may_have_arrived:
            return Unreachable(silence, hint=remedy)
        return ReplyLost(silence, hint=remedy, request_id=request_id)
    if not may_have_arrived:
        hint = f"{remedy} Nothing was accepted or billed." if remedy else ""
        return Unreachable(silence, hint=hint)
    return SubmitUnknown(
        f"{host} may have received the request, but its reply was lost ({cause}).",
        hint=f"{remedy} {SubmitUnknown.hint}".lstrip(),
        request_id=request_id,
    )


def login_needed(url: str) -> Failure:
    """Describe a proxy that answered 407."""
    proxy = _proxy(url)
    name = f"the proxy {_address(proxy)}" if proxy else "a proxy"
    place = _address(proxy).rpartition("//")[2] or "HOST:PORT"
    return Failure(
        f"{name} asks for a login (407)",
        f"Put the proxy's login into its address: {_variable(url)}=http://USER:PASSWORD@{place}.",
    )


def describe(error: Exception, url: str, connect_timeout: float) -> Failure:
    """Return the cause of a failed request to `url`, and the remedy."""
    if isinstance(error, UnusableBody):
        return Failure(str(error))
    causes = list(_causes(error))
    if _is_any(causes, PrivateAddress):
        return Failure("its host is in a private network", "job.reply has the service's reply.")
    return (
        _failure_of_proxy(causes, url)
        or _failure_of_tls(causes)
        or _failure_of_connection(causes, connect_timeout)
    )


def is_private(error: Exception) -> bool:
    """Return whether a connection was not made because its host is in a private network."""
    return _is_any(list(_causes(error)), PrivateAddress)


def _failure_of_proxy(causes: list[BaseException], url: str) -> Failure | None:
    proxy = _proxy(url)
    code = next((match[1] for cause in causes if (match := _tunnel_code(cause))), "")
    if code:
        return login_needed(url) if code == "407" else _tunnel_refused(url, code)
    if not proxy:
        return None
    if _is_any(causes, *_INVALID):
        return _invalid_proxy(proxy, url)
    if _is_any(causes, urllib3.exceptions.ConnectTimeoutError):  # also refused, or no such name
        return _dead_proxy(proxy, url)
    if _is_any(causes, ssl.SSLError):
        return None
    if _is_any(causes, urllib3.exceptions.TimeoutError, requests.exceptions.Timeout):
        return Failure(f"no data through the proxy {_address(proxy)} within the timeout")
    return Failure(f"the connection through the proxy {_address(proxy)} broke")


def _failure_of_tls(causes: list[BaseException]) -> Failure | None:
    if _is_any(causes, ssl.SSLCertVerificationError, CertificateError):
        return Failure("its certificate is not trusted", _TRUST)
    if _is_any(causes, ssl.SSLError, requests.exceptions.SSLError):
        return Failure("the TLS connection failed")
    return None


def _failure_of_connection(causes: list[BaseException], connect_timeout: float) -> Failure:
    if _is_any(causes, *_INVALID):
        return Failure("the address is not valid")
    if _is_any(causes, urllib3.exceptions.NameResolutionError):
        return Failure("its name cannot be resolved (no network?)")
    if _is_any(causes, ConnectionRefusedError):
        return Failure("the connection was refused")
    if _is_any(causes, urllib3.exceptions.ConnectTimeoutError):
        return Failure(f"no connection within {connect_timeout:.0f} s")
    if _is_any(causes, urllib3.exceptions.TimeoutError, requests.exceptions.Timeout):
        return Failure("no data within the timeout")
    if _is_any(causes, OSError, HTTPException, urllib3.exceptions.HTTPError):
        return Failure("the connection broke")
    return Failure(f"{type(causes[0]).__name__} while it was sent")


def _dead_proxy(proxy: str, url: str) -> Failure:
    host = urlsplit(url).hostname or ""
    return Failure(
        f"no connection through the proxy {_address(proxy)}",
        f"Check the proxy ({_variable(url)}), or add {host} to NO_PROXY if this network needs no"
        " proxy.",
    )


def _tunnel_refused(url: str, code: str) -> Failure:
    host = urlsplit(url).hostname or ""
    return Failure(
        f"the proxy {_address(_proxy(url))} refused the connection ({code})",
        f"Ask for {host} to be allowed there, or add it to NO_PROXY if this network needs no"
        " proxy.",
    )


def _invalid_proxy(proxy: str, url: str) -> Failure:
    if proxy.lower().startswith("socks") and find_spec("socks") is None:
        return Failure(f"the proxy {_address(proxy)} needs the package PySocks", _SOCKS)
    return Failure(
        "the address, or that of the proxy, is not valid", f"Check the proxy ({_variable(url)})."
    )


def _variable(url: str) -> str:
    """Return the environment variable of the proxy for a URL."""
    return f"{url.partition(':')[0].upper()}_PROXY"


def _proxy(url: str) -> str:
    """Return the proxy that the environment names for a URL, or ""."""
    try:
        no_proxy = (proxies_for(url) or {}).get("no_proxy")
        return select_proxy(url, get_environ_proxies(url, no_proxy)) or ""
    except ValueError:  # not a URL
        return ""


def _address(proxy: str) -> str:
    """Return a proxy's address without its login."""
    scheme, separator, rest = proxy.rpartition("//")
    return f"{scheme}{separator}{rest.partition('/')[0].rpartition('@')[2]}"


def _tunnel_code(cause: BaseException) -> re.Match[str] | None:
    """Match the code with which a proxy refused a tunnel, in the error of http.client."""
    return _TUNNEL_CODE.match(str(cause)) if type(cause) is OSError else None


def _is_any(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that caused it, in the order of urllib3's and requests' nesting."""
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            more = (getattr(one, name, None) for name in ("reason", "original_error"))
            pending += [*more, *one.args, one.__cause__, one.__context__]
