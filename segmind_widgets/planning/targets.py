"""Where a target runs, and its forms: `PROVIDER:MODEL`, an API address, a page's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmind_widgets.errors import InputError
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.types import Kind, RunRequest

if TYPE_CHECKING:
    from segmind_widgets.network.directory import Directory
    from segmind_widgets.network.endpoints import Endpoint, Endpoints


def locate(
    target: str, endpoints: Endpoints, directory: Directory, *, kind: Kind, provider: str | None
) -> tuple[str, Endpoint, tuple[str, ...]]:
    """Choose where a target runs; return its name, the endpoint, and a note; see `Session.locate`.

    Raises:
        InputError: the setting is not the only provider that has the model.
        KeyMissing: the provider has no key.
    """
    name, provider = split_provider(target, provider)
    endpoint = endpoints.choose(provider)
    providers = directory.providers(plain_name(name)) if kind == "model" else frozenset[str]()
    is_chosen = provider not in (None, "sandbox")
    if is_chosen or len(providers) != 1 or endpoint.provider.name in providers:
        return name, endpoint, ()
    (only,) = providers
    if endpoint.sandbox:
        return name, endpoints.at(only, sandbox=True), ()
    title = PROVIDERS[only].title
    if endpoints.setting:
        raise InputError(
            f"{name} is a model of {title}, but the setting `provider` is {endpoints.setting}.",
            hint=f"Nothing was sent. Run it with -p {only}, or as {only}:{name}.",
        )
    return (
        name,
        endpoints.choose(only),
        (f"{name} runs at {title}, the only provider that has it.",),
    )


def split_provider(target: str, provider: str | None = None) -> tuple[str, str | None]:
    """Return the target without `PROVIDER:`, and the provider given there or by `provider`.

    Raises:
        InputError: they give different providers.
    """
    prefix, colon, name = target.strip().partition(":")
    prefix = prefix.strip().lower()
    if not colon or not (prefix in PROVIDERS or prefix == "sandbox"):
        return target.strip(), provider or None
    if provider and provider.strip().lower() != prefix:
        raise InputError(
            f"{target.strip()} has the provider {prefix}, but -p has {provider}.",
            hint="Nothing was sent. Remove one of them.",
        )
    return name.strip(), prefix


def plain_name(target: str) -> str:
    """Return the model's name from a target, for a search in the catalogs of all providers.

    API addresses, page addresses and `owner/name` end with the name.
    """
    for provider in PROVIDERS.values():
        try:
            name = provider().normalize(RunRequest(target)).target
        except InputError:
            continue
        if name != target.strip():
            return name
    return target.strip()
