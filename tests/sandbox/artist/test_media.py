"""Films and sounds: real WebM, real WAV."""

from __future__ import annotations

import io
import struct
import wave
from array import array
from itertools import pairwise

import pytest
from PIL import Image

from segmind_widgets.sandbox.artist import render, sound
from segmind_widgets.sandbox.artist.webm import vp8_frame, webm

FILM, MOVE, PLAY = (
    "Text-to-Video Generation", "Image-to-Video Generation", "Text-to-Audio Generation",
)  # fmt: skip
MASTERS = {
    0x1A45DFA3,
    0x18538067,
    0x1549A966,
    0x1654AE6B,
    0xAE,
    0xE0,
    0x1F43B675,
    0x1C53BB6B,
    0xBB,
    0xB7,
}


def elements(data: bytes, start: int = 0, end: int | None = None):
    """(number, where its body starts, body) of every element, those inside others too."""
    at = start
    while at < (len(data) if end is None else end):
        width = 9 - data[at].bit_length()
        number = int.from_bytes(data[at : at + width], "big")
        at += width
        width = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        at += width
        yield number, at, data[at : at + size]
        if number in MASTERS:
            yield from elements(data, at, at + size)
        at += size
    assert at == (len(data) if end is None else end), "an element runs out of its parent"


def first(data: bytes, number: int) -> bytes:
    return next(body for found, _, body in elements(data) if found == number)


def film(inputs: dict, modality: str = FILM, media: dict | None = None) -> bytes:
    data, media_type = render.make("veo-3.1", modality, inputs, 2, media or {})[0]
    assert media_type == "video/webm"
    return data


def size_of(data: bytes) -> tuple[int, int]:
    return int.from_bytes(first(data, 0xB0), "big"), int.from_bytes(first(data, 0xBA), "big")


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    """(milliseconds, frame) of each block."""
    out, base = [], 0
    for number, _, body in elements(data):
        if number == 0xE7:
            base = int.from_bytes(body, "big")
        if number == 0xA3:
            assert body[0] == 0x81, "track 1"
            assert body[3] == 0x80, "a key frame"
            out.append((base + struct.unpack(">h", body[1:3])[0], body[4:]))
    return out


def test_a_film_is_a_small_real_webm():
    data = film({"prompt": "a boat at sunset", "resolution": "480p", "duration": 4})
    assert first(data, 0x4282) == b"webm"
    assert first(data, 0x86) == b"V_VP8"
    assert size_of(data) == (640, 360)
    assert struct.unpack(">d", first(data, 0x4489))[0] == 2000
    frames = blocks(data)
    assert len(frames) == 24
    assert [time for time, _ in frames] == [round(1000 * k / 12) for k in range(24)]
    assert len(data) < 600_000
    for _, frame in frames:  # RFC 6386, section 9.1: key frame, start code, width and height
        assert not frame[0] & 1
        assert frame[3:6] == b"\x9d\x01\x2a"
        assert struct.unpack("<HH", frame[6:10]) == (640, 360)
    assert len({frame for _, frame in frames}) > 20, "it moves"


def test_the_index_points_at_the_clusters():
    data = film({"prompt": "a fox", "aspect_ratio": "1:1", "resolution": "480p"})
    start = next(at for number, at, _ in elements(data) if number == 0x18538067)
    places = [int.from_bytes(body, "big") for number, _, body in elements(data) if number == 0xF1]
    assert len(places) == 3
    assert all(data[start + place :][:4] == b"\x1f\x43\xb6\x75" for place in places)


def test_a_frame_is_the_picture_that_went_in():
    image = Image.linear_gradient("L").convert("RGB")
    chunk = vp8_frame(image, 90)
    riff = (
        b"RIFF" + struct.pack("<I", 12 + len(chunk)) + b"WEBPVP8 " + struct.pack("<I", len(chunk))
    )
    again = Image.open(io.BytesIO(riff + chunk))
    assert again.size == image.size
    assert abs(again.convert("L").getpixel((128, 200)) - 200) < 6


def test_the_shape_of_a_film_follows_the_request_or_the_picture():
    assert size_of(film({"prompt": "x", "aspect_ratio": "9:16"})) == (270, 480)
    sink = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(sink, "PNG")
    pan = film({"prompt": "x"}, MOVE, {"image": [sink.getvalue()]})
    assert size_of(pan) == (720, 480)
    assert film({"prompt": "x"}, MOVE, {"image": [sink.getvalue()]}) == pan


def test_a_noisy_film_is_held_to_its_budget():
    from random import Random

    rng = Random(1)
    noise = [Image.frombytes("RGB", (96, 96), rng.randbytes(96 * 96 * 3)) for _ in range(4)]
    assert len(webm(noise, 12, "t", budget=12_000)) < len(webm(noise, 12, "t", budget=10**9)) / 2


def play(model: str, inputs: dict, seed: int = 1) -> tuple[float, array]:
    """Seconds and samples of a sound."""
    data, media_type = render.make(model, PLAY, inputs, seed, {})[0]
    assert media_type == "audio/wav"
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (
            1,
            2,
            22050,
        )
        samples = array("h", reader.readframes(reader.getnframes()))
        return reader.getnframes() / reader.getframerate(), samples


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("chatterbox-tts", {"text": "Good morning, how are you?"}),
        ("ace-step-music", {"genres": "techno", "output_seconds": 3}),
        ("ace-step-music", {"genres": "ambient", "output_seconds": 3}),
    ],
)
def test_sounds_are_audible_and_do_not_click(model, inputs):
    _, samples = play(model, inputs)
    assert 12_000 < max(samples) <= 32767
    assert abs(samples[0]) < 60
    assert abs(samples[-1]) < 60
    steps = [abs(b - a) for a, b in pairwise(samples)]
    assert max(steps) < 14_000, "no jump from one sample to the next"


def test_a_longer_text_takes_longer_up_to_ten_seconds():
    short, _ = play("myshell-tts", {"text": "Hello."})
    longer, _ = play("myshell-tts", {"text": "Hello there, my good old friend of many years."})
    endless, _ = play("myshell-tts", {"text": "on and on we go " * 200})
    quick, _ = play("myshell-tts", {"text": "Hello there, my good old friend.", "speed": 2})
    assert short < longer <= endless <= 10
    assert quick < longer


def test_music_has_the_length_asked_for_up_to_ten_seconds():
    assert play("ace-step-music", {"genres": "jazz", "output_seconds": 2.5})[0] == pytest.approx(
        2.5, 0.01
    )
    assert play("ace-step-music", {"genres": "jazz", "output_seconds": 240})[0] == pytest.approx(10)


def test_a_sound_follows_its_words_and_its_seed():
    same = {"genres": "lofi", "output_seconds": 1}
    assert play("ace-step-music", same)[1] == play("ace-step-music", same)[1]
    assert play("ace-step-music", same)[1] != play("ace-step-music", same, seed=2)[1]
    assert play("chatterbox-tts", {"text": "one"})[1] != play("chatterbox-tts", {"text": "two"})[1]


def test_syllables_and_stops_are_heard():
    assert sound.syllables("Hello, banana!") == [
        ("e", ""), ("o", ","), ("a", ""), ("a", ""), ("a", "!"),
    ]  # fmt: skip
    assert sound.syllables("") == []
