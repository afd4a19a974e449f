"""The target of a run as a person writes it: `PROVIDER:MODEL`, an address, a page's address."""

from __future__ import annotations

from segmind_widgets.errors import InputError
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.types import RunRequest


def split_provider(target: str, provider: str | None = None) -> tuple[str, str | None]:
    """Return the target without `PROVIDER:`, and the provider that it or `provider` names.

    Raises:
        InputError: both name one, and not the same.
    """
    prefix, colon, name = target.strip().partition(":")
    prefix = prefix.strip().lower()
    if not colon or not (prefix in PROVIDERS or prefix == "sandbox"):
        return target.strip(), provider or None
    if provider and provider.strip().lower() != prefix:
        raise InputError(
            f"{target.strip()} names the provider {prefix}, and -p names {provider}.",
            hint="Nothing was sent. Leave one out.",
        )
    return name.strip(), prefix


def plain_name(target: str) -> str:
    """Return the model's name in a target for a search in the catalogs of all providers.

    An address of the API, a page's address and `owner/name` end in the name.
    """
    for provider in PROVIDERS.values():
        try:
            name = provider().normalize(RunRequest(target)).target
        except InputError:
            continue
        if name != target.strip():
            return name
    return target.strip()
