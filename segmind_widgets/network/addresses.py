"""Which addresses of a reply are fetched: https, or the service's own host, and no private ones.

A reply may name any address, and a model may have chosen it. The kernel stands inside the user's
network, so an address there, or on this machine, is not fetched unless it is the service's own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from segmind_widgets.errors import DownloadError

_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
        ),
    )
)  # fmt: skip
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")
_HINT = (
    "Only https addresses and the service's own host are fetched, and none in a private network."
    " job.reply has the service's whole reply."
)


class PrivateAddress(OSError):
    """The host of a public address has an address in a private network."""


@dataclass(frozen=True)
class OwnHosts:
    """The hosts of a service, which may be anywhere.

    Args:
        pairs: scheme and host name, in lower case.
    """

    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, addresses: Iterable[str]) -> OwnHosts:
        """Return the hosts of these addresses."""
        return cls(frozenset(_scheme_and_host(address) for address in addresses))

    def has(self, address: str) -> bool:
        """Return whether an address is at one of the hosts, by the same scheme."""
        return _scheme_and_host(address) in self.pairs

    def has_host(self, address: str) -> bool:
        """Return whether an address is at one of the hosts, by any scheme."""
        return _scheme_and_host(address)[1] in {host for _, host in self.pairs}


def fetchable(address: str, own: OwnHosts) -> str:
    """Return the address to fetch for one of a reply; http elsewhere becomes https.

    Raises:
        DownloadError: the address is private, or it has a port that https cannot use.
        ValueError: it is no address.
    """
    if own.has(address):
        return address
    parts = urlsplit(address)
    shown = address.partition("?")[0].partition("#")[0][:200]
    if is_private_host(parts.hostname or "") and not own.has_host(address):
        raise DownloadError(
            f"{shown} is an address in a private network, and was not fetched.",
            hint=_HINT,
            is_final=True,
        )
    if parts.scheme.lower() == "https":
        return address
    if parts.scheme.lower() == "http" and parts.port in (None, 80):
        return parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80")).geturl()
    raise DownloadError(
        f"{shown} is no https address, and was not fetched.", hint=_HINT, is_final=True
    )


def is_private_host(host: str) -> bool:
    """Return whether a host name or IP address is on this machine or in a private network."""
    name = host.strip("[]").rstrip(".").lower()
    if name in _LOCAL_NAMES or name.endswith(tuple(f".{local}" for local in _LOCAL_NAMES)):
        return True
    return is_private_ip(name)


def is_private_ip(text: str) -> bool:
    """Return whether a text is an IP address on this machine or in a private network.

    Not private here: 198.18.0.0/15, which some proxy programs give as the address of every host.
    """
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return ip.is_multicast or any(
        ip in network for network in _PRIVATE if network.version == ip.version
    )


def _scheme_and_host(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return "", ""
    return parts.scheme.lower(), "127.0.0.1" if host in ("localhost", "::1") else host
