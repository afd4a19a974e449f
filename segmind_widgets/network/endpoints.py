"""Endpoints: each provider at its own address or on the sandbox.

The sandbox is an endpoint, not a provider: the same provider code talks to a local server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from segmind_widgets.errors import InputError, KeyMissing
from segmind_widgets.formatting import provider_option
from segmind_widgets.network.failures import LOOPBACK
from segmind_widgets.network.keys import Keys
from segmind_widgets.network.rate_limit import Share
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import PROVIDERS, APIMart, Provider
from segmind_widgets.providers._base import Forms
from segmind_widgets.secret import Secret, from_environment, without_frames

if TYPE_CHECKING:
    from segmind_widgets.sandbox import Sandbox

DEFAULT_PER_MINUTE = 120.0  # requests a minute; the services document 5 to 1000


@dataclass(frozen=True)
class Endpoint:
    """A provider at an address, with its transport."""

    provider: Provider
    transport: Transport
    sandbox: bool

    @property
    def sandbox_key(self) -> str:
        """Return the key of the kernel's sandbox for the workers of a batch; else ""."""
        return self.transport.reveal_key() if self.sandbox else ""

    @property
    def address(self) -> str:
        """Return the first base address: the journal keeps it in its column `place`."""
        return next(iter(self.provider.urls.values()))

    @property
    def option(self) -> str:
        """Return the value of `-p` that chooses this endpoint."""
        return provider_option(self.provider.name, sandbox=self.sandbox)


class Endpoints:
    """The endpoints of a session, each made on first use.

    Args:
        keys: the keys of all providers.
        options: returns the current settings `provider`, `urls`, `rate_limit`, `image_objects` and
            `sandbox_speed`.
        share: returns the rate states that all kernels with the same home folder share, for
            accounts with a limit; without it each transport has its own.
        forms: returns the accepted forms of an address and an account; without it each provider has
            its own, also on the sandbox.
        new_file: returns a path for a reply that is a long file; see `Transport`.
    """

    def __init__(
        self,
        keys: Keys,
        options: Callable[[], Mapping[str, Any]],
        share: Callable[[], Share] | None = None,
        forms: Callable[[str, Callable[[], str]], Forms] | None = None,
        new_file: Callable[[], Path] | None = None,
    ) -> None:
        self._forms = forms
        self._new_file = new_file
        self._keys = keys
        self._options = options
        self._share = share
        self._endpoints: dict[tuple[Any, ...], Endpoint] = {}
        self._sandbox: Sandbox | None = None
        self._lock = threading.RLock()  # threads share endpoints, and start one sandbox

    def choose(self, name: str | None = None) -> Endpoint:
        """Return the endpoint for `-p name`; "sandbox/apimart" is APIMart on the sandbox.

        Without a name: the provider from the settings, else the first with a key, else the sandbox.

        Raises:
            InputError: there is no such provider.
            KeyMissing: the provider has no key, while another one has.
        """
        setting = self.setting
        provider = _provider_name(name or "") or setting
        is_sandbox = any(name.startswith("sandbox") for name in (provider, setting))
        if not is_sandbox:
            provider = provider or self._first_with_key()
            if provider and self._keys.key(provider):
                return self.at(provider, sandbox=False)
        if is_sandbox or not (setting or self._first_with_key()):
            name = provider.removeprefix("sandbox/")
            return self.at(name if name in PROVIDERS else "segmind", sandbox=True)
        raise KeyMissing(
            f"There is no key for {PROVIDERS[provider].title}.",
            hint=f"Create one at {PROVIDERS[provider].keys_url} and set it with"
            f" %segmind_login {provider}, or try -p sandbox, which needs none.",
        )

    def _first_with_key(self) -> str:
        """Return the first provider that has a key, or ""; each keyring entry is read once."""
        return next((name for name in PROVIDERS if self._keys.key(name)), "")

    @property
    def setting(self) -> str:
        """Return the provider of the setting: its name, "sandbox" or ""."""
        return _provider_name(self._options()["provider"])

    def at(self, name: str, *, sandbox: bool) -> Endpoint:
        """Return the endpoint of a provider; the same one until a setting changes."""
        with self._lock:
            options = self._options()
            urls = self._urls(options["urls"], sandbox=sandbox)
            settings = PROVIDERS[name].settings
            addresses = [urls[setting] for setting in settings if setting in urls]
            per_minute = _per_minute(options["rate_limit"], addresses)
            image_objects = options["image_objects"]
            values = name, sandbox, per_minute, image_objects, *sorted(urls.items())
            if values not in self._endpoints:
                provider = _provider(name, urls, image_objects=image_objects)
                is_shared = self._share and per_minute and not sandbox
                share = self._share() if self._share and is_shared else None
                key = self._key_of(name, sandbox=sandbox)
                transport = Transport(provider, key, per_minute, share, self._new_file)
                endpoint = Endpoint(provider, transport, sandbox)
                if self._forms and not sandbox:
                    provider.forms = self._forms(endpoint.address, transport.account_name)
                self._endpoints[values] = endpoint
            return self._endpoints[values]

    @contextmanager
    def with_key(self, name: str, key: Secret) -> Generator[Endpoint]:
        """Yield an endpoint that shows this key, which need not be stored anywhere."""
        urls = self._urls(self._options()["urls"], sandbox=False)
        provider = _provider(name, urls, image_objects=False)
        transport = Transport(provider, lambda: key)
        try:
            yield Endpoint(provider, transport, sandbox=False)
        finally:
            transport.close()

    def addresses(self) -> list[tuple[str, str]]:
        """Return each base address in use with its provider, including a sandbox's."""
        urls = self._urls(self._options()["urls"], sandbox=False)
        running = self._sandbox.addresses if self._sandbox else {}
        return [
            (address, name)
            for name, kind in PROVIDERS.items()
            for setting, default in {**kind.settings, **kind.public_settings}.items()
            for address in {urls.get(setting, default), running.get(setting, default)}
        ]

    def secrets(self) -> list[Secret]:
        """Return the keys of all accounts, to check texts that must not contain them."""
        return [key for name in PROVIDERS if (key := self._keys.key(name))]

    def known_secrets(self) -> list[Secret]:
        """Return the keys that are known without asking a keyring, which may be slow."""
        return [key for name in PROVIDERS if (key := self._keys.known(name))]

    def close(self) -> None:
        """Close connections and stop the sandbox, if one was started."""
        with self._lock:
            endpoints, self._endpoints = self._endpoints, {}
            sandbox, self._sandbox = self._sandbox, None
        for endpoint in endpoints.values():
            endpoint.transport.close()
        if sandbox:
            sandbox.stop()

    @without_frames
    def _key_of(self, name: str, *, sandbox: bool) -> Callable[[], Secret | None]:
        if not sandbox:
            return lambda: self._keys.key(name)
        key = Secret(self._started_sandbox().environ[f"{name.upper()}_API_KEY"])
        return lambda: key

    @without_frames
    def _urls(self, setting: Mapping[str, str], *, sandbox: bool) -> dict[str, str]:
        """Return base addresses by setting: the sandbox's, or those that are set."""
        if sandbox:
            return self._started_sandbox().addresses
        kinds = PROVIDERS.values()
        names = [name for kind in kinds for name in (*kind.settings, *kind.public_settings)]
        urls = {name: setting.get(name) or from_environment(name) for name in names}
        return {name: url for name, url in urls.items() if url}

    def _started_sandbox(self) -> Sandbox:
        if self._sandbox is None:
            from segmind_widgets.sandbox import Sandbox

            self._sandbox = Sandbox(speed=self._options()["sandbox_speed"]).start()
        return self._sandbox


def _provider(name: str, urls: Mapping[str, str], *, image_objects: bool) -> Provider:
    if name == APIMart.name:
        return APIMart(urls, image_objects=image_objects)
    return PROVIDERS[name](urls)


def _per_minute(setting: float | None, urls: Iterable[str]) -> float:
    """Return requests a minute: the setting, else no limit on this machine, else the default."""
    if setting is not None:
        return setting
    return 0 if any(urlsplit(url).hostname in LOOPBACK for url in urls) else DEFAULT_PER_MINUTE


def _provider_name(name: str) -> str:
    """Return the name in the spelling of `PROVIDERS`, "sandbox" or "". Raises InputError."""
    name = name.strip().lower()
    on_sandbox = [provider_option(each, sandbox=True) for each in PROVIDERS]
    if name and name not in (*PROVIDERS, *on_sandbox):
        raise InputError(
            f"There is no provider {name!r}.",
            hint=f"The providers are {', '.join(PROVIDERS)}, sandbox.",
        )
    return name
