"""Which provider a call goes to, and where that is: its own address or the sandbox.

The sandbox is an endpoint, not a provider: the same provider code talks to a local server.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from segmind_widgets.errors import InputError, KeyMissing
from segmind_widgets.network.keys import Keys
from segmind_widgets.network.rate_limit import Share
from segmind_widgets.network.transport import LOOPBACK, Transport
from segmind_widgets.providers import PROVIDERS, Provider

if TYPE_CHECKING:
    from segmind_widgets.sandbox import Sandbox

PER_MINUTE = 120.0  # the services' pages name 5 to 1000
SITE = "https://www.segmind.com"


@dataclass(frozen=True)
class Endpoint:
    """A provider at an address, with the transport that speaks to it."""

    provider: Provider
    transport: Transport
    sandbox: bool
    site: str  # where Segmind's model directory is

    @property
    def address(self) -> str:
        """The first base address: what the journal keeps of an endpoint."""
        return next(iter(self.provider.urls.values()))


class Endpoints:
    """Chooses and keeps endpoints.

    Args:
        keys: where keys are found.
        options: gives `provider`, `urls`, `rate_limit`, `image_objects` and `sandbox_speed` as
            they are set now.
        share: gives where all kernels of the home see an account's pace; without, this one's
            own is kept.
    """

    def __init__(
        self,
        keys: Keys,
        options: Callable[[], Mapping[str, Any]],
        share: Callable[[], Share] | None = None,
    ) -> None:
        self._keys = keys
        self._options = options
        self._share = share
        self._endpoints: dict[tuple[Any, ...], Endpoint] = {}
        self._sandbox: Sandbox | None = None
        self._lock = threading.RLock()  # one endpoint a setting, and one sandbox, in all threads

    def choose(self, name: str | None = None) -> Endpoint:
        """The endpoint for `-p name`; without it the setting, then who has a key, then the sandbox.

        Raises:
            InputError: there is no such provider.
            KeyMissing: a provider was named that has no key, while another one has.
        """
        setting = _known(self._options()["provider"])
        wanted = _known(name or "") or setting
        with_key = [provider for provider in PROVIDERS if self._keys.key(provider)]
        if "sandbox" in (wanted, setting) or not (with_key or setting):
            return self.at(wanted if wanted in PROVIDERS else "segmind", sandbox=True)
        wanted = wanted or with_key[0]
        if wanted not in with_key:
            raise KeyMissing(
                f"There is no key for {PROVIDERS[wanted].title}.",
                hint=f"Set it with %segmind_login {wanted}, or try -p sandbox, which needs none.",
            )
        return self.at(wanted, sandbox=False)

    def at(self, name: str, *, sandbox: bool) -> Endpoint:
        """That provider, really or on the sandbox; kept until a setting changes."""
        with self._lock:
            options = self._options()
            urls = self._urls(options["urls"], sandbox=sandbox)
            kind = PROVIDERS[name]
            given = [urls[setting] for setting in kind.settings if setting in urls]
            per_minute = 0 if sandbox else _per_minute(options["rate_limit"], given)
            known = name, sandbox, per_minute, options["image_objects"], *sorted(urls.items())
            if known not in self._endpoints:
                more = {"image_objects": options["image_objects"]} if name == "apimart" else {}
                provider = kind(urls, **more)
                share = self._share() if self._share and not sandbox else None
                key = self._key_of(name, sandbox=sandbox)
                transport = Transport(provider, key, per_minute, share)
                site = urls.get("SEGMIND_SITE_URL", SITE).rstrip("/")
                self._endpoints[known] = Endpoint(provider, transport, sandbox, site)
            return self._endpoints[known]

    def close(self) -> None:
        """Close connections and stop the sandbox, where one was started."""
        with self._lock:
            endpoints, self._endpoints = self._endpoints, {}
            sandbox, self._sandbox = self._sandbox, None
        for endpoint in endpoints.values():
            endpoint.transport.close()
        if sandbox:
            sandbox.stop()

    def _key_of(self, name: str, *, sandbox: bool) -> Callable[[], str | None]:
        if not sandbox:
            return lambda: self._keys.key(name)
        key = self._running().environ[f"{name.upper()}_API_KEY"]
        return lambda: key

    def _urls(self, given: Mapping[str, str], *, sandbox: bool) -> dict[str, str]:
        if sandbox:
            return {k: v for k, v in self._running().environ.items() if k.endswith("_URL")}
        names = ["SEGMIND_SITE_URL", *(n for kind in PROVIDERS.values() for n in kind.settings)]
        found = {name: given.get(name) or os.environ.get(name, "").strip() for name in names}
        return {name: url for name, url in found.items() if url}

    def _running(self) -> Sandbox:
        if self._sandbox is None:
            from segmind_widgets.sandbox import Sandbox

            self._sandbox = Sandbox(speed=self._options()["sandbox_speed"]).start()
        return self._sandbox


def _per_minute(setting: float | None, urls: Iterable[str]) -> float:
    """Requests a minute: as set; else a careful guess, and no limit for what is on this machine."""
    if setting is not None:
        return setting
    return 0 if any(urlsplit(url).hostname in LOOPBACK for url in urls) else PER_MINUTE


def _known(name: str) -> str:
    name = name.strip().lower()
    if name and name != "sandbox" and name not in PROVIDERS:
        raise InputError(
            f"There is no provider {name!r}.", hint=f"There are {', '.join(PROVIDERS)}, sandbox."
        )
    return name
