"""Sounds: a melody in the rhythm of a text, and a loop of chords in a genre.

The output is 16-bit mono WAV at 22050 Hz, computed with plain arithmetic. Every note starts and
ends at zero amplitude, so that there are no clicks.
"""

from __future__ import annotations

import io
import math
import re
import wave
from array import array
from collections.abc import Sequence
from functools import lru_cache
from random import Random

RATE = 22050
LONGEST = 10.0  # seconds
_TABLE = 1024
_SCALES = {"major": (0, 2, 4, 7, 9), "minor": (0, 3, 5, 7, 10)}
# genre words, beats per minute, scale, chords in semitones above the key, voice, drums
_GENRES: tuple[tuple[str, int, str, tuple[tuple[int, ...], ...], str, bool], ...] = (
    ("jazz lounge swing blues", 92, "major", ((0, 4, 7, 11), (9, 12, 16, 19), (2, 5, 9, 12),
        (7, 11, 14, 17)), "organ", True),
    ("ambient calm relax sleep meditation drone", 60, "major",
        ((0, 7, 11, 16), (5, 9, 12, 16), (9, 12, 16, 19), (7, 11, 14, 19)), "pad", False),
    ("rock metal punk", 128, "minor", ((0, 7, 12), (8, 15, 20), (3, 10, 15), (10, 17, 22)),
        "reed", True),
    ("techno house edm dance electronic trance", 124, "minor",
        ((0, 3, 7), (8, 12, 15), (3, 7, 10), (10, 14, 17)), "reed", True),
    ("lofi hiphop rap trap chill", 78, "minor", ((0, 3, 7, 10), (5, 8, 12, 15), (8, 12, 15, 19),
        (7, 10, 14, 17)), "bell", True),
    ("classical piano orchestral cinematic film", 76, "minor",
        ((0, 3, 7), (8, 12, 15), (5, 8, 12), (7, 11, 14)), "pad", False),
    ("pop folk country happy acoustic", 104, "major",
        ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12)), "bell", True),
)  # fmt: skip
_PARTIALS = {
    "bell": (1, 0.28, 0, 0.12, 0, 0.05), "pad": (1, 0.35, 0.2, 0.08),
        "organ": (1, 0.6, 0.25, 0.3, 0, 0.1),
    "reed": (1, 0.5, 0.38, 0.27, 0.2, 0.15), "bass": (1, 0.5, 0.12),
    "a": (0.5, 0.75, 1, 0.7, 0.3, 0.12), "e": (0.8, 1, 0.4, 0.18, 0.3, 0.3),
        "i": (1, 0.5, 0.1, 0.05, 0.12, 0.3),
    "o": (0.8, 1, 0.5, 0.12, 0.04), "u": (1, 0.6, 0.14, 0.05),
}  # fmt: skip


@lru_cache(maxsize=64)
def _cycle(voice: str) -> array[float]:
    parts = _PARTIALS[voice]
    total = sum(parts)
    return array("d", (
        sum(p * math.sin(math.tau * (k + 1) * i / _TABLE) for k, p in enumerate(parts)) / total
        for i in range(_TABLE)
    ))  # fmt: skip


def _note(
    voice: str, pitch: float, seconds: float, rise: float, fall: float, bend: float = 0
) -> array[float]:
    """Synthesize a note with an attack, a decaying body and a release.

    `pitch` is in semitones above A3, and `bend` is the change of pitch over the note in semitones.
    """
    table, n = _cycle(voice), max(64, int(seconds * RATE))
    step = 220 * 2 ** (pitch / 12) * _TABLE / RATE
    up, down = max(16, int(rise * RATE)), max(16, int(min(0.06, seconds / 3) * RATE))
    decay = math.exp(-1 / (fall * RATE))
    glide = 2 ** (bend / 12 / n)
    out, phase, level = array("d", bytes(8 * n)), 0.0, 1.0
    for i in range(n):
        gain = level
        if i < up:
            gain *= 0.5 - 0.5 * math.cos(math.pi * i / up)
        if i > n - down:
            gain *= 0.5 - 0.5 * math.cos(math.pi * (n - i) / down)
        out[i] = table[int(phase) & (_TABLE - 1)] * gain
        phase += step
        step *= glide
        level *= decay
    return out


def _mix(track: array[float], sound: Sequence[float], at: float, gain: float) -> None:
    start = int(at * RATE)
    end = min(len(track), start + len(sound))
    if end > start:
        track[start:end] = array(
            "d", (a + gain * b for a, b in zip(track[start:end], sound, strict=False))
        )


def _wav(track: array[float]) -> bytes:
    """Add a little echo to the track, normalize its loudness and encode it as WAV."""
    delay = int(0.17 * RATE)
    wet = array("d", track)
    for k, gain in ((1, 0.22), (2, 0.09)):
        _mix(wet, track[: max(0, len(track) - k * delay)], k * delay / RATE, gain)
    edge = min(len(wet) // 2, int(0.03 * RATE))
    for i in range(edge):
        wet[i] *= i / edge
        wet[-1 - i] *= i / edge
    peak = max(max(wet), -min(wet), 1e-9)
    gain = 0.7 * 32767 / peak
    samples = array("h", (int(v * gain) for v in wet))
    sink = io.BytesIO()
    with wave.open(sink, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return sink.getvalue()


def syllables(text: str) -> list[tuple[str, str]]:
    """Split a text into syllables as pairs of vowel and ending.

    The ending is "" inside a word, else " ", "," or one of ".!?".
    """
    out: list[tuple[str, str]] = []
    for word, stop in re.findall(r"([^\W\d_]+|\d+)([^\w]*)", text):
        groups = re.findall(r"[aeiouyáéíóúàèìòùäöü]+", word.lower()) or ["a"]
        end = next((c for c in stop if c in ".!?"), "," if re.search(r"[,;:\n—-]", stop) else " ")
        vowels = [("i" if g[0] == "y" else g[0] if g[0] in "aeiou" else "a") for g in groups[:5]]
        out += [(v, "") for v in vowels[:-1]] + [(vowels[-1], end)]
    return out


def speech(text: str, seed: int, liveliness: float = 0.5, speed: float = 1.0) -> bytes:
    """Synthesize a hummed melody that follows the text, at most 10 s long.

    Each syllable is a note and each comma a pause. The pitch falls at a full stop and rises at a
    question mark.
    """
    rng = Random(f"{seed}|{text}")
    key, scale = rng.choice((-7, -5, -3, 0)), _SCALES[rng.choice(("major", "minor", "major"))]
    beat = 0.19 / min(2.0, max(0.5, speed))
    track, at, degree = array("d", bytes(8 * int(LONGEST * RATE))), 0.05, 2
    for vowel, end in syllables(text) or [("a", ".")]:
        reach = 1 + round(liveliness * 2)
        degree = min(7, max(-2, degree + rng.randint(-reach, reach)))
        if end in (".", "!"):
            degree = 0
        length = beat * rng.choice((1, 1, 1, 1.5)) * (1.7 if end in (".", "!", "?") else 1)
        octave, step = divmod(degree, len(scale))
        pitch = key + 12 * octave + scale[step]
        if at + length > LONGEST - 0.5:
            break
        bend = 4.0 if end == "?" else -1.5 if end == "." else rng.uniform(-0.6, 0.6)
        _mix(track, _note(vowel, pitch, length * 1.15, 0.03, 0.5, bend), at, 0.8)
        _mix(track, _note("bell", pitch + 12, length * 1.6, 0.006, 0.12), at, 0.22)
        at += length + {"": 0, " ": beat * 0.12, ",": beat * 1.1}.get(end, beat * 2)
    return _wav(track[: int((at + 0.45) * RATE)])


def music(genres: str, seconds: float, seed: int) -> bytes:
    """Synthesize a loop of four chords in a genre, at most 10 s long.

    The loop has bass and arpeggio, and soft drums in the genres that use them.
    """
    words = set(re.findall(r"[a-z]+", genres.lower().replace("-", "").replace("lo fi", "lofi")))
    rng = Random(f"{seed}|{genres}")
    row = next((g for g in _GENRES if words & set(g[0].split())), rng.choice(_GENRES))
    _, tempo, _, chords, voice, drums = row
    length = min(LONGEST, max(1.0, seconds))
    beat, key = 60 / tempo, rng.choice((-5, -3, -2, 0, 2))
    track = array("d", bytes(8 * int(length * RATE)))
    order = [rng.sample(range(len(c)), len(c)) for c in chords]
    notes = lru_cache(maxsize=128)(_note)  # the loop repeats notes: synthesize each once
    bar = 0
    while bar * 4 * beat < length:
        chord, at = chords[bar % 4], bar * 4 * beat
        _mix(track, notes("bass", key + chord[0] - 12, beat * 1.9, 0.01, 0.7), at, 0.5)
        _mix(track, notes("bass", key + chord[0] - 12, beat * 1.4, 0.01, 0.5), at + 2 * beat, 0.42)
        for tone in chord:
            _mix(track, notes("pad", key + tone, beat * 4, 0.25, 3), at, 0.13)
        for k in range(8):
            tone = chord[order[bar % 4][k % len(chord)]] + (12 if k % 4 == 3 else 0)
            _mix(
                track,
                notes(voice, key + tone + 12, beat * 0.9, 0.012, 0.22),
                at + k * beat / 2,
                0.3,
            )
        if drums:
            for k in range(4):
                _mix(
                    track,
                    notes("bass", -26, beat * 0.4, 0.004, 0.06, -9),
                    at + k * beat,
                    0.75 if k % 2 == 0 else 0.3,
                )
                _mix(track, _hiss(k % 2), at + (k + 0.5 * (k % 2 == 0)) * beat, 0.1)
        bar += 1
    return _wav(track)


@lru_cache(maxsize=2)
def _hiss(long: int) -> array[float]:
    """Synthesize a brushed cymbal, or a snare if `long`."""
    rng, n = Random(long), int((0.16 if long else 0.05) * RATE)
    last, out = 0.0, array("d")
    for i in range(n):
        now = rng.uniform(-1, 1)
        out.append((now - last) * (1 - i / n) ** 2 * min(1, i / 40))
        last = now * 0.7
    return out
