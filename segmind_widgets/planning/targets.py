"""The forms of a run's target: `PROVIDER:MODEL`, an API address, a page's address."""

from __future__ import annotations

from segmind_widgets.errors import InputError
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.types import RunRequest


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
