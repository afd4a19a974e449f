"""Files that are not what their names say, and the sentence that each is refused with."""

from __future__ import annotations

import io

from PIL import Image


def encoded(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 150), 60).convert("RGB").save(out, form)
    return out.getvalue()


WRONG = [
    ("empty.png", b"", "empty.png is empty."),
    ("empty.mp4", b"", "empty.mp4 is empty."),
    ("empty", b"", "empty is empty."),
    ("fake.jpg", b"hello, text", "fake.jpg is not an image: it holds text."),
    ("fake.heic", "Grüße".encode() * 700, "fake.heic is not an image: it holds text."),
    ("fake.mp4", b"<html>404</html>", "fake.mp4 is not a video: it holds text."),
    ("fake.wav", b"text", "fake.wav is not an audio file: it holds text."),
    ("fake.png", b"\0\1\2\3\4" * 9, "fake.png is damaged, or not an image."),
    *(
        (f"cut.{form}", encoded(form)[:4000], f"cut.{form} is damaged: the end")
        for form in ("JPEG", "PNG", "WebP", "GIF")
    ),
]
