"""Text from outside as characters that neither a terminal nor a page acts on."""

from __future__ import annotations

_ACTIVE = (
    *range(0x20),  # C0, with the beginning of terminal escapes
    *range(0x7F, 0xA0),  # DEL and C1
    *range(0x2028, 0x202F),  # line and paragraph separators, embeddings and overrides of direction
    *range(0x2066, 0x2070),  # isolates of direction, and deprecated formats
    *range(0xD800, 0xE000),  # surrogates without a partner, which no output can encode
    *range(0xE0000, 0xE0080),  # invisible copies of ASCII
)  # fmt: skip
_ESCAPES = {
    number: f"\\x{number:02x}" if number < 0x100 else chr(number).encode("unicode_escape").decode()
    for number in _ACTIVE
    if chr(number) not in "\t\n"
}


def printable(text: str) -> str:
    r"""Return the text with control characters written as escapes, such as `\x1b`.

    Line breaks and tabs stay; a line break of Windows becomes one of ours.
    """
    if text.isprintable():
        return text
    return text.replace("\r\n", "\n").translate(_ESCAPES)
