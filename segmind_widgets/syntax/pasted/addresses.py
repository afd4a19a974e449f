"""Addresses of the two services: the provider, kind and name of the target in each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from segmind_widgets.syntax.pasted import sdk

PastedKind: TypeAlias = Literal["model", "workflow", "upload", ""]
PastedApi: TypeAlias = Literal["auto", "v1", "v2"]
Hosts: TypeAlias = Iterable[tuple[str, str]]  # a base address in use, and its provider

_OWN_HOSTS = (("segmind.com", "segmind"), ("apimart.ai", "apimart"))
_WORKFLOW = re.compile(r"/workflows(?:/v\d+)?/([^/]+)")
_MODEL = re.compile(r"/(v[12])/([\w.-]+)")
_NO_MODELS = {"get-user-credits", "requests", "models", "model-schema", "model-docs", "user"}
_APIMART_ALONE = re.compile(r"/v1/(?:\w+/(?:generations|images|completions)|tasks/)")
_APIMART = re.compile(r"/v1/(?!tasks\b|models\b|user\b|balance\b)[\w-]+(?:/[\w-]+)*")


@dataclass(frozen=True)
class Target:
    """The target of a request. `name` is "" if the model is named in the body (APIMart)."""

    provider: str
    kind: PastedKind
    name: str = ""
    api: PastedApi = "auto"


def provider_of(url: str, hosts: Hosts = ()) -> str:
    """Return the provider of an address; "" for other addresses."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    for host, provider in _OWN_HOSTS:
        if parts.hostname == host or parts.hostname.endswith(f".{host}"):
            return provider
    there = {name for base, name in hosts if urlsplit(base).netloc == parts.netloc}
    if len(there) > 1:  # a sandbox has both
        return (
            "apimart"
            if re.match(r"/v1/\w+/(generations|images|completions)", parts.path)
            else "segmind"
        )
    return next(iter(there), "")


def target_of(url: str, hosts: Hosts = ()) -> Target | None:
    """Return the target of a request to an address; None if it runs nothing (a poll)."""
    if target := _of_sdk(url):
        return target
    provider, path = provider_of(url, hosts), ""
    if provider:
        path = unquote(urlsplit(url).path).rstrip("/")
    if path.endswith("/upload-asset") or "/uploads/" in path:
        return Target(provider, "upload")
    if provider == "apimart":
        return Target(provider, "model") if _APIMART.fullmatch(path) else None
    if match := _WORKFLOW.search(path):
        return None if match[1].startswith("request") else Target(provider, "workflow", match[1])
    match = _MODEL.fullmatch(path) if provider else None
    if match is None or match[2] in _NO_MODELS:
        return None
    return Target(provider, "model", match[2], "v1" if match[1] == "v1" else "v2")


def _of_sdk(url: str) -> Target | None:
    scheme, _, name = url.partition(":")
    if url == sdk.UPLOAD:
        return Target("segmind", "upload")
    if url == sdk.UNNAMED:
        return Target("segmind", "model")
    if url.startswith(sdk.OWN):
        provider, kind, api = scheme_facts(name)
        target = name.partition(":")[2]
        return Target(provider, "workflow" if kind == "workflow" else "model", target, api)
    if scheme in ("segmind-v1", "segmind-v2"):
        return Target("segmind", "model", name, "v1" if scheme == "segmind-v1" else "v2")
    return Target("segmind", "workflow", name) if scheme == "segmind-workflow" else None


def scheme_facts(text: str) -> tuple[str, str, PastedApi]:
    """Return provider, kind and API version of a call of this package."""
    provider, kind, api = text.partition(":")[0].split("/")
    return provider, kind, "v1" if api == "v1" else "v2" if api == "v2" else "auto"
