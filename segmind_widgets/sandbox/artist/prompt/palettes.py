"""Moods as palettes, and the rule that tints a palette with plain colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..drawing.colour import RGB, luminance, mix, rgb


@dataclass(frozen=True)
class Palette:
    """The colours of a mood.

    `sky` runs from the zenith to the horizon; `light` is the colour of the light on subjects.
    """

    sky: tuple[RGB, ...]
    sun: RGB
    glow: RGB
    far: RGB
    near: RGB
    ground: RGB
    water: RGB
    accents: tuple[RGB, ...]
    light: RGB = (255, 255, 255)
    night: bool = False

    @property
    def haze(self) -> RGB:
        """Return the colour that distant objects fade to."""
        return self.sky[-1]


def _mood(
    sky: str,
    sun: str,
    glow: str,
    land: str,
    water: str,
    accents: str,
    light: str = "ffffff",
    night: bool = False,
) -> Palette:
    far, near, ground = (rgb(c) for c in land.split())
    return Palette(
        tuple(rgb(c) for c in sky.split()),
        rgb(sun),
        rgb(glow),
        far,
        near,
        ground,
        rgb(water),
        tuple(rgb(c) for c in accents.split()),
        rgb(light),
        night,
    )


# mood: sky (zenith to horizon), sun, glow, land (far near ground), water, accents, light, night
MOODS: dict[str, tuple[Palette, ...]] = {
    "day": (
        _mood("2f7fc4 7dbfe8 dff1f4", "fffbe6", "fff3c9", "9cc3d9 2c6a5f 5f9f58", "2e86b5",
              "f2545b f7b32b f3f0e7 19647e"),
        _mood("3d9bd1 9dd6ee fdf3d8", "fffdf0", "fff1bf", "a9cfd0 3b7a57 7cb05a", "2a9bb0",
              "ef6f6c ffd25a fef9ef 465775"),
    ),
    "sunset": (
        _mood("2a1a52 7a2b6e e0526b ffae5c ffd98a", "fff2bd", "ffb45e", "b5506f 24123a 2f1840",
              "7a3468", "ff7b54 ffd56b f25287 5b2a86", "ffcfae"),
        _mood("46285e a63a63 ef6a4f ffb347 ffe09a", "fff6cf", "ffc166", "c45f5c 2d1430 3a1b33",
              "93444f", "f9c74f f3722c f94144 577590", "ffd3a8"),
        _mood("1f3b6e 6a5a9a e58a8c ffc48a ffe7b5", "fff7da", "ffcf87", "a9728f 2a2349 352a4a",
              "6b6690", "ff8c61 ffe066 ce6a85 5c374c", "ffdcc0"),
    ),
    "dawn": (
        _mood("5c74b5 a99bc9 f2bfb8 ffe2bd", "fffaea", "ffe1b8", "b3a2c6 3d3a63 5a5477", "8d92bd",
              "f28482 f6bd60 f7ede2 84a59d", "ffeadb"),
        _mood("6fa3c8 b9c6dc f7cfc4 fff0d6", "fffdf2", "ffe9cf", "b7bccf 4d5a7a 6d7a86", "93abc7",
              "e5989b ffcdb2 b5838d 6d6875", "fff0e4"),
    ),
    "night": (
        _mood("050a20 0d1b47 1f3c80 4a72b5", "f8f3da", "bcd0ff", "27407f 070c20 0c1430", "142c63",
              "ffd166 7ae2ff ff8fab cdb4ff", "9fb2e8", True),
        _mood("0a0a24 1a1747 3a2d78 7a5aa6", "fdf1d6", "cdbcff", "3d3275 0b0a20 120f2e", "251f5c",
              "ffd6a5 9bf6ff ffadad bdb2ff", "aba7e6", True),
        _mood("041522 07304a 0f5a72 3c93a0", "f3f5dc", "b5f0e6", "17566b 03121c 061b28", "0b3f55",
              "ffe08a 6ff2cf ff9aa2 a0c4ff", "9cc6d8", True),
    ),
    "winter": (
        _mood("7ba6cd bcd6ea eef3f7 fdf4ec", "ffffff", "fff1de", "bdd1e4 5a7a9c f4f8fc", "8fb4d1",
              "d64550 2a6f97 f2c14e 1b4965", "eaf2ff"),
        _mood("5b7fb0 a8b8dc f0cfd6 fff0e2", "fffaf0", "ffdcc4", "bfc0dd 565f8c eff0fa", "9aa8d0",
              "c8553d 588b8b ffd5c2 28536b", "f0ecff"),
    ),
    "autumn": (
        _mood("c9794a e9ac6a f8d79c fdeec9", "fff8dc", "ffdf9e", "d9a374 5b2a1d 8a4526", "a8764f",
              "c8401f e88d2a f2c14e 7a1f1f", "fff0d8"),
        _mood("6f8fa6 b9bfae f1d6a0 fbe8c0", "fffbe8", "ffe2a4", "c39a72 4a2c23 7b4a2a", "7c8b8d",
              "bc3908 e36414 fb8b24 5f0f40", "fff0d8"),
    ),
    "spring": (
        _mood("8fc9ee c9e6f4 fde9ee fff6ea", "ffffff", "fff0d9", "c2dcd0 4f9468 86bd6e", "8fc7da",
              "ff8fab ffc2d1 ffe066 b8e0d2"),
        _mood("a5d8e6 d9eee0 fff4d6", "fffef2", "fff2c4", "bcd9b4 5a9a5a 9ac55f", "86c5c9",
              "f7a1c4 fad26b ffffff 7fb7be"),
    ),
    "neon": (
        _mood("0a0220 2a0b5c 7b1fa2 ff3fa4 ff8fd0", "ffe45c", "ff5fd2", "5b1a8c 0a0119 12042c",
              "2b0d5e", "00f0ff ff2bd6 f9ff4d 7dff6a", "b79cff", True),
        _mood("020617 06264d 0a4f8a 13a5c9 7df9ff", "ff5c8a", "35e6ff", "0d3a70 02050f 050b22",
              "062a57", "ff2e88 00ffd0 ffe14d a45cff", "9cc9ff", True),
    ),
    "pastel": (
        _mood("b9d4f6 dcd3f6 ffdfe8 fff1e0", "fffdf4", "fff2dd", "d3c8ea 8f9ccf b4bfe0", "b3cdec",
              "ff9cb0 ffd6a5 a8dcc5 bdb2ff", "fff4fa"),
        _mood("a9e0da d3ede3 fdf0d9 ffdcd2", "ffffff", "fff4dc", "bcdcd4 7fb3ae a7d0bd", "a5dcda",
              "ffb4a2 ffe5a0 b5e2fa cdb4db", "fffaf2"),
    ),
    "desert": (
        _mood("d96a4a f09a62 f9c98a fde8c0", "fff8dd", "ffdf9a", "e0a070 8a3b2f d08a4e", "5aa6a6",
              "c1502e f4a259 2a9d8f 5b2333", "ffe9cc"),
        _mood("3f8fb5 8cc6cf f6dfb4 fbe9c9", "fffbe8", "ffedbd", "dfb98e 9c5a3c dfa662", "4aa3a8",
              "d1495b edae49 00798c 66331f", "fff0d8"),
    ),
    "forest": (
        _mood("a9d2b4 d3e8c4 f2f5d8", "fffdea", "fbf6c5", "a3caa4 0f3b2e 2f6b45", "5fa08a",
              "e76f51 f4e285 f7f4e9 8cb369", "f2ffe9"),
        _mood("6fa99f b4d6bd eef0cf", "fffbe0", "f6f1b8", "8fbaa4 0c2f2c 28594a", "4f9490",
              "f2a65a f2e9c9 dd614a 74a892", "ecfff2"),
    ),
    "tropical": (
        _mood("0f9bc4 5fd0d6 c8f2e0 fff3c9", "fffbe0", "fff0b5", "6fc2b8 0f6a5c f1dca7", "12a6b8",
              "ff6b6b ffd93d ff9f1c 2ec4b6"),
    ),
    "ocean": (
        _mood("1668a8 58a9d6 c3e6ef f4f4e6", "fffdf0", "fdf5d8", "8cbcd3 1f4f68 d9c89a", "1b7fa6",
              "ee6c4d f4d35e f7f7f2 083d77"),
        _mood("2e6f9e 86b6cf e3e0d0 fbe9cf", "fff9e6", "ffe6bd", "93afc0 2b4a5c b9a583", "3b7f9c",
              "e76f51 e9c46a fefae0 264653"),
    ),
    "storm": (
        _mood("1f2935 45566a 8798a5 c3ccd0", "e8eef2", "cfd9df", "6d8090 19232c 2e3b41", "3d5364",
              "f2c14e 9db4c0 c2dfe3 e07a5f", "ccd6e0"),
    ),
    "mono": (
        _mood("17181b 4b4e54 9a9c9e e2e0db", "ffffff", "f2f0ea", "8d8f92 101113 1d1e21", "55585d",
              "f2f0ea b5b3ae 77787b 2d2e31", "e6e4e0"),
    ),
    "vintage": (
        _mood("5f8a8b a9b79b ecd9a3 f6e3b8", "fff3cf", "ffe5a8", "b9a77c 4a3728 7d5a3a", "6d8f86",
              "c8553d e3b23c f4ead5 2f5d62", "ffeed0"),
    ),
    "space": (
        _mood("03020f 0c0a2a 24154f 4b2a78", "fff1d0", "c9a5ff", "3a2468 07051a 171030", "1a1547",
              "ff6b9d ffc857 4dd0e1 9d7bff", "c4b4ff", True),
        _mood("01060f 04182e 0a3352 14607a", "fdf6df", "8fe6ff", "0f3f5c 020a14 0a2233", "0a2f4a",
              "ff9f6b 7bdff2 f7aef8 ffd166", "b4d4ff", True),
    ),
    "gold": (
        _mood("3a2a10 8a6420 d9a53a f8dc94", "fffbe2", "ffe39a", "b98a3a 2a1c08 4d3510", "8f6f2c",
              "ffd700 fff1c1 b8860b 7a5a1a", "ffeec2"),
    ),
    "candy": (
        _mood("ff8fc3 ffb6d9 ffd9ec fff0d9", "fffdf5", "ffe9f2", "f5a8d8 a05cc0 ffc2de", "8fd3f4",
              "ff5fa2 ffe14d 6fe0d2 a98bff", "fff0fa"),
    ),
}  # fmt: skip

COLOURS: dict[str, RGB] = {
    word: rgb(value)
    for value, words in {
        "d7263d": "red scarlet crimson ruby cherry",
        "f4792b": "orange tangerine amber rust copper",
        "f7c531": "yellow lemon mustard sunny",
        "d9a93a": "golden brass bronze",
        "3fa34d": "green emerald lime olive jade",
        "9bd7b5": "mint sage",
        "1fa7a0": "teal turquoise aqua cyan",
        "2f6fdb": "blue azure cobalt sapphire",
        "22356f": "navy indigo midnight-blue",
        "7b4bc4": "purple violet amethyst plum",
        "b79ce8": "lavender lilac mauve",
        "f27ba5": "pink rose magenta fuchsia coral",
        "8a5a3b": "brown chocolate chestnut tan",
        "f4efe6": "white ivory cream pearl",
        "23232b": "black ebony onyx charcoal",
        "8f949c": "grey gray silver slate",
    }.items()
    for word in words.split()
}


def tinted(base: Palette, colours: Sequence[RGB]) -> Palette:
    """Shift a palette towards the requested colours, with its light and dark kept."""
    first, last = colours[0], colours[-1]

    def lean(colour: RGB, to: RGB, amount: float) -> RGB:
        aim = mix((8, 8, 20), (255, 255, 255), luminance(colour))
        return mix(colour, mix(to, aim, abs(luminance(to) - luminance(colour)) * 0.75), amount)

    count = len(base.sky)
    sky = tuple(
        lean(c, first if i < count / 2 else last, 0.78 - 0.2 * i / count)
        for i, c in enumerate(base.sky)
    )
    return replace(
        base,
        sky=sky,
        glow=lean(base.glow, last, 0.4),
        far=lean(base.far, first, 0.65),
        near=lean(base.near, first, 0.5),
        ground=lean(base.ground, first, 0.45),
        water=lean(base.water, first, 0.7),
        accents=(*colours, *base.accents)[:5],
        light=mix(base.light, last, 0.1),
    )
