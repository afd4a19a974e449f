"""Parse a prompt into subjects, place, mood, colours and style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from ..drawing.colour import RGB
from ..subjects.subjects import BY_WORD, Subject
from .lexicon import (
    ABSTRACT_WORDS,
    COUNT_WORDS,
    MOOD_PLACES,
    MOOD_WORDS,
    PLACE_MOODS,
    PLACE_WORDS,
    PURE_WORDS,
    STYLE_WORDS,
    WEATHER_WORDS,
)
from .palettes import COLOURS, MOODS, Palette, tinted

_LONGEST = 3  # words in a phrase such as "hot air balloon"
# Words that name a subject only if no other word of the prompt names one.
_VAGUE = {
    "portrait", "product", "packaging", "character", "model", "food", "vehicle", "face",
    "human", "people", "person", "headshot", "selfie", "avatar", "furniture", "music",
    "instrument", "love", "camera", "book", "reading", "heart", "cloud", "flower", "tree",
    "cafe", "library", "tea", "gift", "stars", "camp", "planet", "tower", "spirit", "bouquet",
    "blossom", "floral",
}  # fmt: skip
# Order of several moods: time of day and style first, then seasons, then words for places.
_SEASONS = {"winter", "autumn", "spring"}
_REMOVAL = re.compile(
    r"\b(remov|eras(e|ing)\b|delet|clear away|clean(ed|ing)? up|(get|gett?ing) rid of"
    r"|(take|taking) (away|out)|disappear|vanish)"
)
_CHANGE = re.compile(r"\b(add|put|insert|replac|instead|chang|turn|transform)")
_PLACELIKE = {"desert", "forest", "tropical", "ocean", "space", "day", "candy", "gold", "vintage"}


@dataclass(frozen=True)
class Wanted:
    """A subject with its number and the requested colour."""

    subject: Subject
    count: int = 1
    colour: RGB | None = None


@dataclass
class Brief:
    """The parsed content of a prompt; an empty list means that the prompt names none."""

    prompt: str
    subjects: list[Wanted] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    moods: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    weather: list[str] = field(default_factory=list)
    colours: list[RGB] = field(default_factory=list)
    abstract: bool = False
    riding: bool = False  # the first subject sits on the second
    title: str = ""

    @property
    def removing(self) -> bool:
        """Return whether the prompt only removes something: it neither adds nor replaces."""
        text = self.prompt.lower()
        return bool(_REMOVAL.search(text)) and not _CHANGE.search(text)

    @property
    def empty(self) -> bool:
        """Return whether no subject, place, mood or weather was recognized."""
        return not (self.subjects or self.places or self.moods or self.weather)

    def palette(self, rng: Random, place: str) -> Palette:
        """Return a palette for the place.

        The mood is the first one of the prompt, else a random mood that suits the place. The
        colours of the prompt tint the palette.
        """
        fitting = PLACE_MOODS.get(place, tuple(MOODS))
        mood = self.moods[0] if self.moods else rng.choice(fitting)
        chosen = rng.choice(MOODS[mood])
        return tinted(chosen, self.colours) if self.colours else chosen

    def place(self, rng: Random) -> str:
        """Return the place of the picture.

        The place is the one that the prompt names, else one where the first subject or the mood is
        usual.
        """
        if self.abstract and not self.subjects:
            return "abstract"
        if self.places:
            return self.places[0]
        if self.subjects:
            homes = self.subjects[0].subject.places
            fitting = (
                [p for p in homes if p in MOOD_PLACES.get(self.moods[0], ())] if self.moods else []
            )
            return rng.choice(fitting or homes)
        if self.moods:
            return rng.choice(MOOD_PLACES[self.moods[0]])
        return "abstract" if not self.weather else rng.choice(("mountain", "lake", "city"))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z0-9&]+(?:'[a-z]+)?", text.lower().replace("'s ", " "))


def _phrases(words: list[str]) -> list[tuple[int, int, str]]:
    """Return every run of up to three words as (index, length, text), longest first."""
    return [
        (i, n, " ".join(words[i : i + n]))
        for n in range(_LONGEST, 0, -1)
        for i in range(len(words) - n + 1)
    ]


def _colour_word(words: list[str], at: int) -> RGB | None:
    """Return the colour of an adjective one or two words before index `at`."""
    for k in (at - 1, at - 2):
        if k >= 0 and words[k] in COLOURS:
            return COLOURS[words[k]]
    return None


def _fruit_or_colour(words: list[str], at: int) -> bool:
    """Return whether "orange" or "rose" is a noun at index `at`.

    It is a noun if an article or a similar word precedes it and no known word follows it.
    """
    after = words[at + 1] if at + 1 < len(words) else ""
    words_after = {_singular(after), after} & (
        BY_WORD.keys() | MOOD_WORDS.keys() | PLACE_WORDS.keys()
    )
    return (
        not words_after
        and at > 0
        and words[at - 1] in {"a", "an", "the", "fresh", "ripe", "red", "of"}
    )


def _subjects(words: list[str]) -> tuple[list[Wanted], set[int]]:
    used: set[int] = set()
    places: list[tuple[int, Wanted]] = []
    for at, length, text in _phrases(words):
        if used & set(range(at, at + length)):
            continue
        subject = BY_WORD.get(text) or BY_WORD.get(_singular(text))
        if text in ("orange", "rose"):
            subject = (
                BY_WORD["orange fruit" if text == "orange" else "rose"]
                if _fruit_or_colour(words, at)
                else None
            )
        if subject is None:
            continue
        used |= set(range(at, at + length))
        if any(w.subject.draw is subject.draw for _, w in places):
            continue
        many = next(
            (COUNT_WORDS[w] for w in reversed(words[max(0, at - 3) : at]) if w in COUNT_WORDS), 0
        )
        plural = subject.words and text not in subject.words
        colour = _colour_word(words, at)
        if colour is not None:
            used |= {k for k in (at - 1, at - 2) if k >= 0 and words[k] in COLOURS}
        places.append((at, Wanted(subject, many or (3 if plural else 1), colour)))
    places.sort(key=lambda f: f[0])
    telling = [w for at, w in places if _singular(words[at]) not in _VAGUE]
    return telling or [w for _, w in places], used


def _named(words: list[str], table: Mapping[str, str]) -> list[str]:
    hits = [(at, table.get(text) or table.get(_singular(text))) for at, _, text in _phrases(words)]
    return list(dict.fromkeys(key for _, key in sorted(h for h in hits if h[1]) if key))


def read(prompt: str, negative: str = "") -> Brief:
    """Parse a prompt, without the words of the negative prompt."""
    quoted = re.search(r"[\"“]([^\"”]{1,40})[\"”]", prompt)
    words = _tokens(prompt)
    unwanted = set(_tokens(negative))
    wishes = [w for w in words if w not in unwanted]
    subjects, used = _subjects(wishes)
    free = [w for i, w in enumerate(wishes) if i not in used]
    # a portrait backdrop applies only to a portrait subject
    portrait = bool(subjects) and subjects[0].subject.stand == "portrait"
    places = [p for p in _named(free, PLACE_WORDS) if p != "backcloth" or portrait]
    if len(places) > 1 and "mountain" in places:  # "a mountain lake" is a lake
        places.remove("mountain")
    # a colour that belongs to a subject ("golden retriever") is not a mood
    felt = [w for i, w in enumerate(wishes) if not (i in used and w in COLOURS)]
    moods = sorted(_named(felt, MOOD_WORDS), key=lambda m: (m in _PLACELIKE, m in _SEASONS))
    words_of_form = ABSTRACT_WORDS & set(wishes)
    return Brief(
        prompt,
        subjects[:3],
        places,
        moods,
        _named(wishes, STYLE_WORDS),
        _named(wishes, WEATHER_WORDS),
        [COLOURS[w] for w, after in pairwise([*free, ""]) if w in COLOURS and after != "hour"][:3],
        bool(words_of_form & PURE_WORDS) or bool(words_of_form and not places),
        len(subjects) > 1 and bool({"riding", "rides", "ride", "atop"} & set(wishes)),
        quoted.group(1) if quoted else "",
    )
