"""People and similar figures: portraits, an astronaut, a robot, a wizard, a ballerina."""

from __future__ import annotations

from collections.abc import Callable

from ..drawing.colour import BLACK, RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import Outline, arch, band, blob, mirror, oval, rounded, star

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off

SKINS: tuple[RGB, ...] = ((247, 214, 188), (232, 184, 148), (203, 145, 103), (152, 99, 68),
    (104, 66, 48))
HAIRS: tuple[RGB, ...] = ((44, 32, 38), (84, 52, 36), (150, 88, 44), (216, 168, 96), (150, 54, 40),
    (168, 170, 180))


def _both(p: Pen, outline: Outline, colour: RGB) -> None:
    p.fill(outline, colour)
    p.fill(mirror(outline), colour)


def _pick(c: Coat) -> tuple[RGB, RGB, int]:
    """Return skin colour, hair colour and a number that selects other features.

    The values are derived from the coat's colours, so another coat gives another person.
    """
    n = sum(c.main) * 7 + sum(c.accent) * 3
    return SKINS[n % 5], HAIRS[n // 5 % 6], n // 30


def _head(p: Pen, skin: RGB, hair: RGB, lips: RGB, open_eyes: bool) -> None:
    dusk = mix(skin, (150, 60, 70), 0.28)
    p.fill(band([(50, 52), (50, 70)], 15, 16), mix(skin, dusk, 0.6))
    _both(p, oval(34.2, 42, 3.2, 4.8, -8), mix(skin, dusk, 0.4))
    p.fill(blob((50, 16), (61, 19), (66.5, 32), (65, 45), (58.5, 56.5), (50, 60.5), (41.5, 56.5),
        (35, 45), (33.5, 32), (39, 19)), skin)
    p.shade(blob((55, 16), (68, 30), (66, 48), (56, 61), (50, 61), (58, 46)), dusk, 0.42)
    p.shade(blob((50, 40), (52.6, 48), (50, 50), (48.4, 49)), dusk, 0.7)
    for side in (oval(41, 49, 4, 2.7), mirror(oval(41, 49, 4, 2.7))):
        p.shade(side, (236, 110, 110), 0.3)
    for x, way in ((42.2, -1), (57.8, 1)):
        p.fill(band([(x - 4.4, 36.4 - 0.3 * way), (x, 34.8), (x + 4.4, 36.4 + 0.3 * way)], 0.9,
            1.5, 0.9), mix(hair, BLACK, 0.2))
        if open_eyes:
            p.fill(blob((x - 3.6, 41.4), (x, 39.3), (x + 3.6, 41.4), (x, 43.2)), WHITE)
            p.fill(oval(x, 41.2, 1.8, 1.95), mix(hair, (50, 70, 80), 0.5))
            p.fill(oval(x + 0.5, 40.5, 0.6), WHITE)
            p.fill(band([(x - 3.9, 41.2), (x, 38.9), (x + 3.9, 41.2)], 0.7, 1.1, 0.7), (40, 26, 34))
        else:
            p.fill(band([(x - 3.7, 40.8), (x, 42.8), (x + 3.7, 40.8)], 0.7, 1.2, 0.7), (50, 32, 40))
    p.fill(blob((45.6, 54), (48.6, 52.9), (50, 53.4), (51.4, 52.9), (54.4, 54), (50, 56.4)), lips)
    p.fill(band([(45.8, 54), (50, 54.4), (54.2, 54)], 0.5), mix(lips, (80, 20, 40), 0.5))


def _shoulders(p: Pen, cloth: RGB, skin: RGB, neck: str) -> None:
    p.fill(blob((50, 66), (62, 70), (82, 76), (90, 90), (93, 106), (50, 112), (7, 106), (10, 90),
        (18, 76), (38, 70)), cloth)
    p.shade(blob((62, 69), (92, 78), (100, 110), (70, 110), (74, 88)),
        mix(cloth, (20, 16, 50), 0.5), 0.4)
    if neck == "v":
        p.fill([(42, 66), (58, 66), (50, 86)], mix(skin, (150, 60, 70), 0.12))
        _both(p, [(42, 65), (38, 70), (47, 90), (50, 86)], mix(cloth, WHITE, 0.25))
    elif neck == "round":
        p.fill(blob((39, 68), (50, 66), (61, 68), (57, 77), (50, 80), (43, 77)),
            mix(skin, (150, 60, 70), 0.12))
    else:
        p.fill(rounded(40, 60, 60, 73, 5), mix(cloth, WHITE, 0.12))
    p.shade(blob((42, 60), (58, 60), (56, 68), (50, 71), (44, 68)), mix(skin, (120, 40, 60), 0.5),
        0.55)


def woman(p: Pen, c: Coat) -> None:
    """Draw a portrait of a woman."""
    skin, hair, n = _pick(c)
    back = (
        blob((50, 6), (70, 12), (76, 34), (74, 58), (80, 80), (66, 86), (50, 80), (34, 86),
            (20, 80), (26, 58), (24, 34), (30, 12)),
        blob((50, 7), (69, 13), (75, 34), (71, 56), (62, 64), (50, 58), (38, 64), (29, 56),
            (25, 34), (31, 13)),
        oval(50, 34, 22, 25),
    )[n % 3]
    if n % 3 == 2:
        p.fill(oval(50, 7, 9.5, 8.5), hair)
    p.fill(back, mix(hair, BLACK, 0.22))
    _shoulders(p, c.main, skin, ("round", "v", "round")[n // 3 % 3])
    _head(p, skin, hair, (206, 74, 88), n % 2 == 0)
    fringe = (
        blob((50, 9), (66, 14), (70, 34), (66, 40), (62, 27), (50, 21), (40, 27), (34, 42),
            (30, 34), (34, 14)),
        blob((44, 10), (64, 12), (71, 30), (68, 44), (63, 28), (52, 20), (44, 28), (33, 35),
            (31, 42), (28, 30), (32, 15)),
    )[n // 2 % 2]
    p.fill(fringe, hair)
    p.shade(band([(38, 17), (47, 13), (58, 15)], 1, 2.4, 1), WHITE, 0.2)
    _both(p, oval(33.6, 50, 1.5, 2.1), c.lamp)


def man(p: Pen, c: Coat) -> None:
    """Draw a portrait of a man."""
    skin, hair, n = _pick(c)
    _shoulders(p, c.main, skin, ("v", "collar", "round")[n % 3])
    _head(p, skin, hair, mix(skin, (170, 70, 70), 0.5), True)
    if n % 2:
        beard = blob((34, 43), (37, 49), (43, 49), (50, 50.5), (57, 49), (63, 49), (66, 43),
            (63, 57), (50, 66), (37, 57))
        p.fill(beard, hair)
        p.fill(blob((45, 55), (50, 54), (55, 55), (50, 57.5)), mix(skin, (190, 80, 80), 0.6))
    top = (
        blob((33, 36), (31, 22), (38, 11), (52, 8), (65, 13), (69, 25), (67, 36), (64, 26),
            (54, 21), (42, 23), (36, 27)),
        blob((33, 38), (29, 24), (36, 12), (46, 13), (56, 6), (69, 14), (70, 26), (67, 37),
            (64, 25), (50, 22), (37, 25)),
    )[n // 2 % 2]
    p.fill(top, hair)
    p.shade(band([(40, 15), (50, 12), (60, 15)], 1, 2.2, 1), WHITE, 0.16)
    if n % 5 == 1:
        for x in (42.2, 57.8):
            p.fill(band([*oval(x, 41, 5.6, 5)[::6], oval(x, 41, 5.6, 5)[0]], 0.9), (40, 34, 44))
        p.fill(band([(47.8, 40.4), (52.2, 40.4)], 0.9), (40, 34, 44))


def person(p: Pen, c: Coat) -> None:
    """Draw a woman or a man, depending on the accent colour."""
    (woman if sum(c.accent) % 2 else man)(p, c)


def child(p: Pen, c: Coat) -> None:
    """Draw a portrait of a child."""
    skin, hair, _ = _pick(c)
    _shoulders(p, c.main, skin, "round")
    _both(p, oval(29, 26, 8), hair)
    _head(p, skin, hair, (220, 100, 100), True)
    p.fill(blob((33, 36), (31, 22), (40, 10), (60, 10), (69, 22), (67, 36), (62, 29), (50, 27),
        (38, 29)), hair)
    for k in range(3):
        p.shade(oval(39 + 2 * k, 47 + k % 2, 0.5), (180, 90, 70), 0.8)
        p.shade(oval(57 + 2 * k, 47 + k % 2, 0.5), (180, 90, 70), 0.8)


def astronaut(p: Pen, c: Coat) -> None:
    """Draw an astronaut."""
    suit = mix((236, 238, 246), c.main, 0.08)
    dusk = mix(suit, (70, 76, 130), 0.34)
    p.fill(rounded(27, 46, 73, 82, 8), mix(dusk, c.dark, 0.3))
    _both(p, band([(35, 54), (22, 64), (19, 78)], 13, 12, 10), dusk)
    _both(p, oval(18.5, 82, 5.6), c.main)
    for x in (41, 59):
        p.fill(band([(x, 76), (x - (50 - x) * 0.12, 94)], 15, 13), suit)
        p.fill(rounded(x - 8.6, 91, x + 7.6, 97.5, 3), mix(c.dark, dusk, 0.4))
        p.shade(rounded(x - 9, 84, x + 9, 87, 1), c.main, 0.9)
    p.fill(rounded(31, 47, 69, 82, 12), suit)
    p.shade(rounded(58, 44, 72, 84, 8), dusk, 0.55)
    p.fill(rounded(40, 58, 60, 71, 2.5), dusk)
    for k, tone in enumerate((c.main, c.lamp, c.accent)):
        p.fill(oval(44 + 5 * k, 62, 1.6), tone)
    p.fill(rounded(43, 66, 57, 68, 1), c.dark)
    p.fill(oval(50, 30, 25, 24), suit)
    p.shade(blob((62, 8), (78, 28), (66, 52), (54, 54), (68, 36)), dusk, 0.5)
    _both(p, rounded(23, 24, 29, 37, 3), c.main)
    p.fill(oval(50, 31, 19, 17), mix(c.dark, (30, 40, 90), 0.4))
    p.shade(blob((34, 40), (50, 36), (67, 40), (60, 48), (50, 49), (40, 48)),
        mix(c.accent, (60, 40, 130), 0.3), 0.75)
    p.shade(oval(50, 42, 8, 7), mix(c.lamp, c.accent, 0.2), 0.55)
    p.shade(band([(37, 34), (38, 25), (45, 19)], 2, 3.4, 2), WHITE, 0.85)
    p.shade(oval(37, 39.5, 1.5), WHITE, 0.8)


def robot(p: Pen, c: Coat) -> None:
    """Draw a robot."""
    steel = mix(c.main, (226, 232, 240), 0.25)
    deep = mix(steel, (20, 24, 60), 0.35)
    p.fill(band([(50, 14), (50, 5)], 1.8), deep)
    p.fill(oval(50, 5, 3.4), c.accent)
    _both(p, band([(31, 58), (19, 66), (21, 80)], 6, 5.4, 5), deep)
    _both(p, blob((17, 78), (26, 78), (28, 88), (24, 85), (21, 87), (18, 85), (14, 88)), steel)
    _both(p, oval(31, 57, 5.6), steel)
    for x in (41, 59):
        p.fill(band([(x, 80), (x, 91)], 7), deep)
        p.fill(rounded(x - 7.5, 90, x + 7.5, 97, 4), steel)
    p.fill(rounded(31, 51, 69, 84, 9), steel)
    p.shade(rounded(58, 50, 71, 86, 6), deep, 0.45)
    p.fill(rounded(38, 58, 62, 74, 4), mix(c.dark, deep, 0.3))
    p.fill(band([(40, 67), (44, 67), (46.5, 61), (50, 71), (53, 64), (55, 67), (60, 67)], 1.2,
        smooth=False), c.lamp)
    p.fill(band([(50, 46), (50, 52)], 10), deep)
    _both(p, rounded(20, 25, 29, 39, 3), deep)
    p.fill(rounded(25, 14, 75, 48, 13), steel)
    p.shade(rounded(64, 12, 77, 50, 8), deep, 0.45)
    p.fill(rounded(31, 21, 69, 42, 9), mix(c.dark, (14, 18, 40), 0.4))
    for x in (41, 59):
        p.fill(oval(x, 31, 5.4), mix(c.lamp, c.accent, 0.5))
        p.fill(oval(x, 31, 3), mix(c.lamp, WHITE, 0.6))
    p.fill(band([(45, 38), (50, 39.6), (55, 38)], 1), mix(c.lamp, c.accent, 0.4))
    p.shade(band([(30, 27), (32, 20), (40, 17)], 1.4), WHITE, 0.55)


def wizard(p: Pen, c: Coat) -> None:
    """Draw a wizard with a staff."""
    skin, _, _ = _pick(c)
    p.fill(band([(83, 24), (80, 97)], 2.4, 2), (112, 76, 50))
    p.fill(oval(83.5, 19, 6), c.lamp)
    p.fill(oval(82, 17, 2.2), WHITE)
    p.fill(blob((38, 52), (62, 52), (74, 78), (78, 97), (50, 98), (22, 97), (26, 78)), c.main)
    p.shade(blob((58, 52), (78, 80), (80, 98), (58, 98), (62, 76)), c.deep, 0.7)
    p.fill(band([(63, 58), (74, 64), (81, 61)], 11, 11, 10), c.main)
    p.fill(oval(82, 61, 3.8), skin)
    p.fill(oval(50, 43, 13, 13), skin)
    p.fill(blob((37, 45), (44, 48), (50, 47), (56, 48), (63, 45), (62, 62), (50, 84), (38, 62)),
        (240, 240, 246))
    p.shade(band([(50, 54), (50, 78)], 1, 0.4), (180, 184, 205), 1)
    _both(p, band([(40, 40), (45, 38.6)], 2, 1.4), (236, 236, 244))
    for x in (44.6, 55.4):
        p.fill(oval(x, 42.6, 1.4), c.dark)
    p.fill(oval(50, 46.4, 2.7, 2.3), mix(skin, (230, 110, 100), 0.4))
    p.fill(blob((20, 35), (50, 29), (80, 35), (66, 41), (50, 38.5), (34, 41)), c.deep)
    p.fill(blob((33, 34), (39, 20), (46, 8), (60, 3), (66, 9), (58, 11), (60, 20), (67, 34),
        (50, 31)), c.main)
    p.shade(band([(33.5, 31.5), (50, 28.6), (66.5, 31.5)], 3), c.accent, 1)
    for x, y, r in ((47, 20, 3), (55, 14, 1.9), (40, 70, 2.4), (60, 84, 3), (34, 88, 2.6)):
        p.shade(star(x, y, r, r * 0.42), c.lamp, 1)


def ballerina(p: Pen, c: Coat) -> None:
    """Draw a ballerina."""
    skin, hair, _ = _pick(c)
    for foot, knee in (((47, 96), (48, 80)), ((53, 96), (52, 80))):
        p.fill(band([(50, 62), knee, foot], 5.6, 4.4, 2.2), mix(skin, (255, 220, 220), 0.3))
        p.fill(band([(foot[0], 91), foot], 3, 1.8), c.accent)
    _both(p, band([(45, 34), (34, 24), (40, 12), (49, 6)], 3.4, 2.8, 2.4, 1.8), skin)
    p.fill(blob((14, 64), (30, 56), (50, 53), (70, 56), (86, 64), (72, 68), (62, 66), (50, 70),
        (38, 66), (28, 68)), mix(c.main, WHITE, 0.45))
    p.fill(blob((20, 60), (36, 54), (50, 52), (64, 54), (80, 60), (64, 63), (50, 62), (36, 63)),
        mix(c.main, WHITE, 0.2))
    p.fill(blob((43, 34), (50, 36), (57, 34), (55, 46), (57, 55), (50, 57), (43, 55), (45, 46)),
        c.main)
    p.fill(band([(50, 26), (50, 35)], 4.2), skin)
    p.fill(oval(50, 21, 6.6, 7.6), skin)
    p.fill(oval(50, 11.6, 3.8), hair)
    p.fill(blob((43, 21), (44, 14.5), (50, 12.6), (56, 14.5), (57, 21), (50, 16.6)), hair)
    for x in (47.4, 52.6):
        p.fill(band([(x - 1.3, 21.4), (x, 22.2), (x + 1.3, 21.4)], 0.6), c.dark)
    p.fill(oval(50, 25.6, 1.3, 0.7), (206, 74, 88))


def snowman(p: Pen, c: Coat) -> None:
    """Draw a snowman."""
    snow, dusk = (250, 251, 255), (170, 190, 225)
    for a, b in (((30, 56), (8, 42)), ((70, 56), (92, 40))):
        p.fill(band([a, b], 1.8, 1.2), (96, 66, 48))
        p.fill(band([((a[0] + 2 * b[0]) / 3, (a[1] + 2 * b[1]) / 3), (b[0], b[1] + 9)], 1.3, 0.8),
            (96, 66, 48))
    for y, r in ((78, 20), (53, 15.5), (31, 12)):
        p.fill(oval(50, y, r, r * 0.95), snow)
        p.shade(blob((50 + r * 0.4, y - r), (50 + r * 1.1, y), (50 + r * 0.4, y + r),
            (50 + r * 0.1, y + r), (50 + r * 0.6, y)), dusk, 0.6)
    for y in (50, 57):
        p.fill(oval(50, y, 1.5), c.dark)
    for x in (46, 54):
        p.fill(oval(x, 28, 1.5), c.dark)
    p.fill([(50, 30.4), (50, 34), (64, 33.6)], (240, 130, 40))
    p.shade(band([(39, 41), (50, 44.5), (61, 41)], 4.6), c.main, 1)
    p.fill(blob((56, 43), (62, 42), (65, 58), (59, 59)), mix(c.main, c.dark, 0.14))
    p.fill(rounded(34, 18, 66, 22, 2), c.dark)
    p.fill(rounded(39, 3, 61, 20, 2), c.dark)
    p.shade(rounded(38, 14, 62, 18.4, 0.4), c.main, 1)


def ghost(p: Pen, c: Coat) -> None:
    """Draw a ghost."""
    sheet = mix(WHITE, c.main, 0.1)
    p.fill([*arch(24, 8, 76, 60), (76, 92), *blob((70, 97), (64, 90), (57, 97), (50, 90), (43, 97),
        (36, 90), (30, 97))[0:60], (24, 92)], sheet)
    p.shade(blob((62, 8), (80, 30), (80, 98), (64, 98), (68, 50)),
        mix(sheet, (110, 110, 180), 0.4), 0.5)
    for x in (40, 60):
        p.fill(oval(x, 38, 4.6, 6.4), c.dark)
        p.fill(oval(x + 1.4, 35.4, 1.5), WHITE)
    p.fill(oval(50, 52, 4, 5), c.dark)
    for x in (33, 67):
        p.shade(oval(x, 47, 4, 2.8), (240, 130, 150), 0.5)


Portrait = Callable[[Pen, Coat], None]
PORTRAITS: tuple[Portrait, ...] = (woman, man, person, child)
