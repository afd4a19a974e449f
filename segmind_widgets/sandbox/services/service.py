"""What both services share: routes, the order of checks, and their state."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request
from segmind_widgets.sandbox.http.faults import Faults
from segmind_widgets.sandbox.http.log import Log
from segmind_widgets.sandbox.services.studio import Studio
from segmind_widgets.sandbox.state.account import Account, RateLimit, utc
from segmind_widgets.sandbox.state.files import Files
from segmind_widgets.sandbox.state.jobs import Jobs
from segmind_widgets.sandbox.state.models import Models

_CHOICES = {
    "workflow_auth": ("either", "bearer", "x-api-key"),
    "workflow_output": ("named", "dict", "url"),
    "storage_form": ("urls", "file_urls"),
    "apimart_form": ("task", "info", "seed"),
}


@dataclass(frozen=True)
class SandboxSettings:
    """How the sandbox behaves; `Sandbox` explains each."""

    speed: float
    segmind_key: str
    apimart_key: str
    workflow_auth: str
    workflow_output: str
    storage_form: str
    apimart_form: str
    request_life: float
    max_body: int

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError(f"speed={self.speed} must be more than 0; 1 is as slow as in reality.")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}={getattr(self, name)!r} must be one of {choices}.")


@dataclass(frozen=True)
class Context:
    """What the services work with."""

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
    """One address. `check` looks at the key and refuses; None leaves the address open to all."""

    method: str
    pattern: str
    function: Callable[[Request], Awaitable[Answer] | Answer]
    check: CheckKey | None = None


class Service:
    """One origin. Subclasses give `routes` and say errors in their service's own form."""

    name = ""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def origin(self) -> str:
        return self.context.origins[self.name]

    @property
    def account(self) -> Account:
        return self.context.accounts[self.name]

    def routes(self) -> Sequence[Route]:
        raise NotImplementedError

    def error(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
        """An error in the service's form; without words, the code's own phrase."""
        raise NotImplementedError

    async def answer(self, request: Request) -> Answer:
        """The answer, or the error, in the order of real gateways: address, key, pace, content."""
        try:
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

    def _route(self, request: Request) -> Route:
        method = "GET" if request.method == "HEAD" else request.method
        known = False
        for route in self.routes():
            found = re.fullmatch(route.pattern, request.path)
            if found and route.method == method:
                request.args = found.groups()
                return route
            known = known or bool(found)
        raise Refusal(405 if known else 404)

    def _pace(self, request: Request) -> None:
        wait = self.context.limits[self.name].take() if request.method == "POST" else 0.0
        if wait:
            headers = {
                "Retry_After": str(math.ceil(wait)),
                "x_rate_limit_reset_at_utc": utc(wait).isoformat().replace("+00:00", "Z"),
            }
            raise Refusal(429, "Rate limit exceeded. Please try again later", **headers)


async def aside(function: Callable[..., Any], *args: Any) -> Any:
    """Run a slow function in a thread, so that the loop goes on answering."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)
