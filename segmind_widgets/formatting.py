"""Values as text: money, durations, sizes, paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANY = 1_000  # jobs that are counted; more are "1,000+"
NO_COST = "cost not given by the service"


def money(usd: float) -> str:
    """Return USD as text, with as many digits as a small price needs."""
    digits = 2 if usd >= 1 else 4 if usd >= 0.001 else 6
    return f"${usd:.{digits}f}".rstrip("0").ljust(len("$0.00"), "0") if usd < 1 else f"${usd:.2f}"


def seconds(duration: float) -> str:
    """Return a duration as text, with one decimal if it is short."""
    return f"{duration:.1f} s" if duration < 9.95 else f"{duration:.0f} s"


def abbreviate_home(path: Path) -> str:
    """Return the path with ~ for the home directory: shorter, and without the person's name."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def provider_option(provider: str, *, sandbox: bool) -> str:
    """Return the value of `-p` that runs at this provider, or at its place on the sandbox.

    It holds whatever keys and settings there are: a run of the sandbox never becomes a paid one.
    """
    if not sandbox:
        return provider
    return "sandbox" if provider == "segmind" else f"sandbox/{provider}"


def count_text(count: int) -> str:
    """Return a number of jobs as text; one that was counted beyond `MANY` is "1,000+"."""
    return f"{min(count, MANY):,}{'+' if count > MANY else ''}"


def file_size(size: float) -> str:
    """Return bytes in words, with a decimal unit."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def date_and_time(created: str) -> str:
    """Return a moment (UTC, ISO 8601) as text that stays true in a saved file."""
    return f"{created[:16].replace('T', ' ')} UTC"


_MINUTE, _HOUR = 60, 3600  # seconds


def duration(time: float) -> str:
    """Return seconds in words, in the unit that fits."""
    if time < 1.5 * _MINUTE:
        return seconds(time) if time >= 1 else "a second"
    if time < 1.5 * _HOUR:
        return f"{time / _MINUTE:.0f} minutes"
    hours, minutes = divmod(round(time / _MINUTE), _MINUTE)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.0f} days"


def cost_text(usd: float, unpriced: int) -> str:
    """Return the cost of several rows as text, such as "$0.05 and 2 rows without a cost"."""
    rows = f"{unpriced:,} row{'s' * (unpriced > 1)} without a cost"
    if unpriced and not usd:
        return "cost unknown"
    return f"{money(usd)} and {rows}" if unpriced else money(usd)


PREMIUM = (
    "Premium model (closed source, or high compute cost): it needs a subscription, or at least "
    "$5 of"
    " credit balance."
)


def prompt_text(inputs: Mapping[str, Any]) -> str:
    """Return the prompt, else the last message of a conversation, else ""."""
    for name in ("prompt", "text", "lyrics"):
        if isinstance(inputs.get(name), str):
            return inputs[name]
    messages = inputs.get("messages")
    last = messages[-1] if isinstance(messages, (list, tuple)) and messages else None
    content = last.get("content") if isinstance(last, Mapping) else None
    return content if isinstance(content, str) else ""
