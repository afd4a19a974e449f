"""Base of the services: routes, the order of checks, and shared state."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request
from segmind_widgets.sandbox.http.faults import Faults
from segmind_widgets.sandbox.http.log import Log
from segmind_widgets.sandbox.services.model_pages import FORMS
from segmind_widgets.sandbox.services.studio import Studio
from segmind_widgets.sandbox.state.account import Account, RateLimit, utc
from segmind_widgets.sandbox.state.files import Files
from segmind_widgets.sandbox.state.jobs import Job, Jobs
from segmind_widgets.sandbox.state.models import Models

_LOOPBACK = ("127.0.0.1", "localhost")  # elsewhere, whoever set --host knows its names
CHOICES: Mapping[str, tuple[str, ...]] = {  # the default is the first of each
    "workflow_auth": ("either", "bearer", "x-api-key"),
    "workflow_reply": ("all", "poll_url", "request_id"),
    "workflow_output": ("named", "dict", "url"),
    "storage_form": ("both", "urls", "file_urls"),
    "apimart_form": ("both", "task", "info", "seed"),
    "image_form": ("either", "strings", "objects"),
    "failed_code": ("422", "200"),
    "enum_types": ("strict", "loose"),
    "page_form": tuple(FORMS),
}


@dataclass(frozen=True)
class SandboxSettings:
    """Settings of the sandbox; `Sandbox` documents each.

    Raises:
        ValueError: a value is not allowed.
    """

    speed: float
    duration_factor: float
    duration_spread: float
    segmind_key: str = field(repr=False)
    apimart_key: str = field(repr=False)
    request_life: float
    poll_interval: float
    max_body: int
    v1_models: frozenset[str] = frozenset()
    v2_models: frozenset[str] = frozenset()
    workflow_auth: str = "either"
    workflow_reply: str = "all"
    workflow_output: str = "named"
    storage_form: str = "both"
    apimart_form: str = "both"
    image_form: str = "either"
    failed_code: str = "422"
    enum_types: str = "strict"
    page_form: str = "table"

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError(
                f"speed={self.speed} must be more than 0; 1 is the speed of the real services."
            )
        if self.duration_factor <= 0 or self.duration_spread < 0:
            raise ValueError(
                f"duration_factor={self.duration_factor} must be more than 0 and "
                f"duration_spread={self.duration_spread} at least 0."
            )
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}={getattr(self, name)!r} must be one of {choices}.")


@dataclass(frozen=True)
class Context:
    """State that the services share."""

    settings: SandboxSettings
    origins: Mapping[str, str]  # service → "http://host:port"
    log: Log
    faults: Faults
    models: Models
    files: Files
    studio: Studio
    jobs: Jobs
    accounts: Mapping[str, Account]
    limits: Mapping[str, RateLimit]


CheckKey = Callable[[Request], None]  # raises Refusal


@dataclass(frozen=True)
class Route:
    """One endpoint. `check` verifies the key; None means that no key is needed."""

    method: str
    pattern: str
    function: Callable[[Request], Awaitable[Answer] | Answer]
    check: CheckKey | None = None


class Service:
    """The service at one origin. Subclasses define its routes and the form of its errors."""

    name = ""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def origin(self) -> str:
        """Return the address of the service, such as "http://127.0.0.1:8765"."""
        return self.context.origins[self.name]

    @property
    def account(self) -> Account:
        """Return the account of the service."""
        return self.context.accounts[self.name]

    def routes(self) -> Sequence[Route]:
        """Return the endpoints; the first match handles a request."""
        raise NotImplementedError

    def error(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an error in the service's form; empty `words` stand for the reason phrase."""
        raise NotImplementedError

    async def answer(self, request: Request) -> Answer:
        """Return the reply to a request.

        The order of checks is that of the real gateways: address, key, rate limit, content. Before
        them, requests that a web page made a browser send are refused.
        """
        try:
            self._check_sender(request)
            route = self._route(request)
            if route.check:
                route.check(request)
            self._pace(request)
            if request.body.too_large:
                raise Refusal(413, "Request entity too large")
            result = route.function(request)
            return await result if isinstance(result, Awaitable) else result
        except Refusal as refusal:
            return self.error(refusal.status, str(refusal), refusal.headers)

    def _check_sender(self, request: Request) -> None:
        """Refuse a foreign Host, as after DNS rebinding, and the Origin of a foreign page.

        Raises:
            Refusal: 403.
        """
        own = urlsplit(self.origin)
        hosts = {own.netloc, f"localhost:{own.port}"}
        if own.hostname in _LOOPBACK and request.headers.get("Host") not in hosts:
            raise Refusal(403, "This sandbox answers only to its own address")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self.context.origins.values():
            raise Refusal(403, "This sandbox answers no web page")

    def _route(self, request: Request) -> Route:
        """Find the route of a request, and set the request's `args`."""
        method = "GET" if request.method == "HEAD" else request.method
        path_exists = False
        for route in self.routes():
            match = re.fullmatch(route.pattern, request.path)
            if match and route.method == method:
                request.args = match.groups()
                return route
            path_exists = path_exists or bool(match)
        raise Refusal(405 if path_exists else 404)

    def _pace(self, request: Request) -> None:
        """Apply the rate limit to POST requests."""
        wait = self.context.limits[self.name].take() if request.method == "POST" else 0.0
        if wait:
            headers = {
                "Retry_After": str(math.ceil(wait)),
                "x_rate_limit_reset_at_utc": utc(wait).isoformat().replace("+00:00", "Z"),
            }
            raise Refusal(429, "Rate limit exceeded. Please try again later", **headers)


def check_interval(context: Context, job: Job) -> None:
    """Refuse a poll less than `poll_interval` seconds after the previous one.

    Raises:
        Refusal: 429.
    """
    moment = time.monotonic()
    wait = context.settings.poll_interval - (moment - job.polled)
    job.polled = moment
    if wait > 0:
        raise Refusal(429, "Polled too often", Retry_After=str(math.ceil(wait)))


async def aside(function: Callable[..., Any], *args: Any) -> Any:
    """Run a slow function in a thread, to keep the event loop responsive."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)
