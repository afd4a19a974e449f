"""Values as text and HTML fragments: money, durations, sizes, paths."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path


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


def badge(text: str) -> str:
    """Return HTML with a text in a rounded frame."""
    return (
        '<span style="border:1px solid currentColor;border-radius:8px;padding:0 6px;'
        f'font-size:11px">{text}</span>'
    )


def figure(content: str, caption: str) -> str:
    """Return HTML with a caption below it; both arguments are HTML."""
    return (
        '<figure style="margin:4px 0;max-width:100%;font-family:var(--jp-ui-font-family,'
        f'system-ui,sans-serif)">{content}<figcaption style="margin-top:6px;font-size:12px;'
        'line-height:1.5;opacity:.75;overflow-wrap:anywhere;text-align:left">'
        f"{caption}</figcaption></figure>"
    )


def file_size(size: float) -> str:
    """Return bytes in words, with a decimal unit."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def age(created: str) -> str:
    """Return the time since a moment (UTC, ISO 8601) in words."""
    start = datetime.fromisoformat(created.replace("Z", "+00:00"))
    past = (datetime.now(timezone.utc) - start).total_seconds()
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if past >= size:
            count = int(past // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


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


def with_links(escaped: str, label: str = "") -> str:
    """Return HTML in which addresses are links; `escaped` is text that was escaped for HTML.

    `label` is the text of the links, shown instead of the addresses.
    """
    text = label or r"\g<0>"
    link = rf'<a href="\g<0>" target="_blank" rel="noopener noreferrer">{text}</a>'
    return re.sub(r"https://[\w./#%-]*[\w/]", link, escaped)
