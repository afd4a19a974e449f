"""Find the name that a misspelt word means: one rule for all that says "did you mean"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_TYPO = 0.8  # of difflib's ratio, within one word: "schnel" has 0.92 with "schnell"
_CUTOFF = 0.65  # of difflib's ratio: "cta" has 0.67 with "cat", "nonsense" 0.33 with "seed"
_PART = 4  # letters from which a whole word of a name means the name: "images" of "num_images"


def nearest(text: str, names: Iterable[str], count: int = 1) -> list[str]:
    """Return up to `count` names like a text, the most like first; none below a likeness.

    Of two that are as like, the one with more letters in the same place comes first: "17:9" is
    "16:9" rather than "21:9".

    Upper case, and what is no letter or digit, does not count: the dashes that all options share
    make no two of them alike.
    """
    import difflib  # here: only a mistake needs it

    by_letters: dict[str, list[str]] = {}
    for name in names:
        by_letters.setdefault(letters(name), []).append(name)
    key_letters = letters(text)
    by_letters = {k: v for k, v in by_letters.items() if len(k) > 1 or (k and k == key_letters)}
    close = difflib.get_close_matches(
        key_letters, by_letters, n=len(by_letters) or 1, cutoff=_CUTOFF
    )
    near = sorted(close, key=lambda key: _distance(key_letters, key))[:count]
    if len(key_letters) >= _PART:
        near += [key for key in by_letters if key not in near and _has_word(by_letters[key], text)]
    return [name for key in near for name in by_letters[key]][:count]


def misspelt(text: str, names: Iterable[str]) -> str:
    """Return the name of which a text is certainly a misspelling; "" where it may be a new name.

    The numbers are the same, and each word is the same but for a letter or two: "kling-3" is not
    meant as "kling-2.1", nor "wan-i2v" as "wan-t2v".
    """
    near = nearest(text, (name for name in names if _is_typo(text, name)))
    return near[0] if near else ""


def letters(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return re.sub(r"[\W_]+", "", text.lower())


def did_you_mean(text: str, names: Iterable[str], form: str = " Did you mean {}?") -> str:
    """Return the sentence that offers the name most like a text; "" where none is like it."""
    near = nearest(text, names)
    return form.format(near[0]) if near else ""


def did_you_mean_file(text: str, form: str = " Did you mean {}?") -> str:
    """Return the sentence that offers what is most like a path in its folder; "" if it exists."""
    try:
        path = Path(text.strip()).expanduser()
        names = [] if path.exists() else [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError, RuntimeError):  # there is no such folder, or no path at all
        return ""
    near = nearest(path.name, names)
    return form.format(Path(text.strip()).with_name(near[0])) if near else ""


def _distance(text: str, other: str) -> tuple[float, int]:
    import difflib

    ratio = difflib.SequenceMatcher(None, other, text).ratio()  # as get_close_matches compares
    return -ratio, -sum(map(str.__eq__, text, other))


def _has_word(names: Iterable[str], text: str) -> bool:
    """Return whether the text is a whole word of a name, such as `images` of `num_images`."""
    return any(letters(text) in re.split(r"[\W_]+", name.lower()) for name in names)


def _is_typo(text: str, name: str) -> bool:
    if letters(text) == letters(name):
        return True
    digits, others = (re.findall(r"\d", one) for one in (text, name))
    words, meant = (re.findall(r"[^\W\d_]+", one.lower()) for one in (text, name))
    if digits != others or len(words) != len(meant):
        return False
    return all(_is_same_word(*pair) for pair in zip(words, meant, strict=True))


def _is_same_word(word: str, other: str) -> bool:
    import difflib

    if word == other or min(len(word), len(other)) < _PART:
        return word == other
    ratio = difflib.SequenceMatcher(None, word, other).ratio()
    return ratio >= _TYPO or sorted(word) == sorted(other)
