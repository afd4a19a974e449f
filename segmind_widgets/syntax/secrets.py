"""Remove API keys from pasted text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from segmind_widgets.nested import walk
from segmind_widgets.secret import Secret

MARK = "KEY_LEFT_OUT"  # the placeholder for a key; an identifier, so that code can still be parsed
_MIN_LENGTH = 8  # minimum length of a key in characters
_VALUE = r"([\w.~+/=-]{8,})"
_NAME = r"[\w-]*(?:api|secret|access|auth)[_-]?(?:key|token)"
_SHORT_NAME = r"(?<![\w-])(?:token|key)"  # its value is a key only if it looks like one
_LONG_VALUE = r"((?=[\w.~+/=-]*\d)[\w.~+/=-]{16,})"
_ANYWHERE = (  # also in prose
    r"\b(SG_[\w-]{6,}|sk-(?=[\w-]*\d)[\w-]{12,})",
    rf"authorization[\"'\s]*[:=,][\s\"'`f]*bearer\s+{_VALUE}",
    rf"x-api-key\s*:\s*{_VALUE}",
)
_IN_CODE = (
    rf"(?:x-)?api[_-]?key[\"']\s*[:,=]\s*[rbuf]?[\"'`]{_VALUE}[\"'`]",
    rf"{_NAME}\s*(?::\s*\w+\s*)?=\s*[rbuf]?[\"'`]{_VALUE}[\"'`]",
    rf"{_SHORT_NAME}\s*(?::\s*\w+\s*)?=\s*[rbuf]?[\"'`]{_LONG_VALUE}[\"'`]",
    rf"{_NAME}\s*[=:]\s*{_LONG_VALUE}(?![\w(.\[])",
)
_PROSE = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _ANYWHERE)
_CODE = (*_PROSE, *(re.compile(pattern, re.IGNORECASE) for pattern in _IN_CODE))
_SECRET_NAMES = {"apikey", "xapikey", "authorization"}


def cut_keys(text: str, keys: Iterable[Secret] = (), *, code: bool = False) -> str:
    """Return the text with `MARK` for each key: one of `keys`, or text used as a key.

    Text that is in the position of a key once is removed everywhere.

    Args:
        text: any text.
        keys: the keys of the accounts.
        code: whether the text is a program, in which values of variables named like keys are also
            removed.
    """
    secrets = {key for key in keys if len(key) >= _MIN_LENGTH}
    for pattern in _CODE if code else _PROSE:
        secrets.update(Secret(key) for key in pattern.findall(text))
    for key in sorted(secrets, key=len, reverse=True):
        text = key.cut_from(text, MARK)
    return text


def looks_secret(text: str) -> bool:
    """Return whether a program contains text in the position of a key."""
    return any(pattern.search(text) for pattern in _CODE)


def is_secret_name(name: str) -> bool:
    """Return whether an input is named like an API key."""
    return re.sub(r"[\W_]", "", name).lower() in _SECRET_NAMES


def holds_key(value: Any, keys: Iterable[Secret]) -> bool:
    """Return whether a value contains one of these keys at any depth, in a name or in text."""
    secrets = [key for key in keys if len(key) >= _MIN_LENGTH]
    return any(
        isinstance(text, str) and secret.is_in(text)
        for path, leaf in walk(value)
        for text in (*path, leaf)
        for secret in secrets
    )
