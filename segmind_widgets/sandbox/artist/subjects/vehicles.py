"""Vehicles for roads, rails, water, air and space; all head left or up."""

from __future__ import annotations

import math

from ..drawing.colour import RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import band, blob, mirror, oval, rounded, star, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off

GLASS: RGB = (168, 214, 232)


def _wheel(p: Pen, c: Coat, x: float, y: float, r: float) -> None:
    p.fill(oval(x, y, r), (40, 38, 48))
    p.fill(oval(x, y, r * 0.62), (205, 208, 216))
    p.fill(oval(x, y, r * 0.42), (120, 122, 134))
    for k in range(5):
        p.fill(turned(rounded(x - r * 0.06, y - r * 0.58, x + r * 0.06, y, 0.2), 72 * k, (x, y)),
            (205, 208, 216))
    p.fill(oval(x, y, r * 0.14), c.pale)


def car(p: Pen, c: Coat) -> None:
    """Draw a car."""
    p.fill(blob((4, 70), (8, 58), (24, 53), (34, 40), (50, 34), (68, 36), (80, 52), (94, 56),
        (97, 72), (90, 80), (12, 80)), c.main)
    p.shade(blob((2, 68), (50, 70), (99, 66), (97, 84), (6, 84)), c.deep, 0.75)
    p.fill(blob((30, 53), (38, 42), (50, 39), (51, 53)), GLASS)
    p.fill(blob((54, 53), (54, 39), (66, 40), (75, 53)), GLASS)
    for shine in ([(36, 53), (44, 40), (47, 40), (40, 53)],
        [(58, 53), (64, 40), (66.5, 40), (61, 53)]):
        p.shade(shine, WHITE, 0.55)
    p.shade(band([(52.6, 38), (53, 76)], 0.8), c.deep, 1)
    p.fill(rounded(56, 59, 62, 60.8, 0.8), c.pale)
    p.shade(band([(8, 62), (48, 58), (92, 60)], 0.9), c.light, 0.9)
    p.fill(blob((5, 62), (10, 60), (13, 65), (7, 67)), c.lamp)
    p.fill(blob((92, 61), (96, 62), (96.5, 67), (92, 66)), (220, 50, 50))
    p.fill(rounded(2, 74, 14, 79, 2), (210, 212, 220))
    p.fill(rounded(88, 74, 98, 79, 2), (210, 212, 220))
    for x in (25, 76):
        p.fill(oval(x, 80, 11.6), mix(c.deep, c.dark, 0.6))
        _wheel(p, c, x, 83, 11)
    p.erase([(0, 94.5), (100, 94.5), (100, 100), (0, 100)])


def van(p: Pen, c: Coat) -> None:
    """Draw a camper van with luggage on its roof."""
    p.fill(rounded(34, 14, 62, 24, 3), mix((150, 92, 56), c.dark, 0.1))
    p.fill(band([(64, 20), (80, 20)], 7), c.accent)
    p.fill(rounded(28, 23, 88, 25.5, 1), c.dark)
    p.fill(blob((6, 78), (6, 58), (14, 34), (28, 27), (60, 26), (88, 28), (95, 42), (96, 78),
        (86, 86), (14, 86)), c.pale)
    p.fill(blob((5, 82), (4, 60), (9, 54), (50, 58), (94, 54), (97, 62), (96, 80), (86, 87),
        (14, 87)), c.main)
    p.shade(rounded(0, 76, 100, 90, 3), c.deep, 0.6)
    p.fill(blob((11, 52), (18, 36), (30, 34), (30, 52)), GLASS)
    for x0, x1 in ((35, 52), (57, 73), (78, 91)):
        p.fill(rounded(x0, 34, x1, 51, 3), GLASS)
        p.shade([(x0 + 4, 52), (x0 + 11, 33), (x0 + 14, 33), (x0 + 7, 52)], WHITE, 0.5)
    p.fill(oval(9.5, 66, 4.2), c.pale)
    p.fill(oval(9.5, 66, 3), c.lamp)
    p.fill(rounded(1, 79, 18, 84, 2), (220, 222, 228))
    p.fill(rounded(86, 79, 99, 84, 2), (220, 222, 228))
    p.shade(band([(54.5, 33), (54.5, 84)], 0.8), c.deep, 1)
    p.fill(rounded(58, 61, 64, 62.8, 0.8), c.pale)
    for x in (27, 77):
        p.fill(oval(x, 84, 11), mix(c.deep, c.dark, 0.6))
        _wheel(p, c, x, 86.5, 10.4)


def bus(p: Pen, c: Coat) -> None:
    """Draw a bus."""
    for y0, y1 in ((16, 52), (50, 86)):
        p.fill(rounded(5, y0, 95, y1, 6), c.main)
        for k in range(5):
            x = 10 + 17 * k
            p.fill(rounded(x, y0 + 7, x + 13, y0 + 21, 2), GLASS)
            p.shade([(x + 3, y0 + 22), (x + 8, y0 + 6), (x + 10, y0 + 6), (x + 5, y0 + 22)], WHITE,
                0.5)
    p.fill(rounded(5, 46, 95, 50, 1), c.pale)
    p.shade(rounded(5, 76, 95, 87, 4), c.deep, 0.7)
    p.fill(rounded(78, 57, 91, 84, 2), mix(GLASS, c.dark, 0.2))
    p.fill(band([(84.5, 57), (84.5, 84)], 0.9), c.deep)
    p.fill(rounded(24, 40, 60, 45.4, 1), c.dark)
    p.fill(rounded(26, 41.6, 50, 43.8, 0.6), c.lamp)
    p.fill(oval(7.5, 76, 2.4), c.lamp)
    for x in (26, 70):
        _wheel(p, c, x, 87, 9)


def train(p: Pen, c: Coat) -> None:
    """Draw a steam engine."""
    for x, y, r in ((26, 16, 5), (34, 9, 7), (46, 5, 6), (56, 7, 4)):
        p.fill(oval(x, y + 4, r), mix(WHITE, c.dark, 0.1))
    p.fill(rounded(64, 30, 94, 80, 2), c.main)
    p.fill(rounded(60, 25, 98, 31, 2), c.deep)
    p.fill(rounded(70, 37, 88, 54, 2), c.lamp)
    p.fill(rounded(14, 44, 68, 72, 10), c.main)
    p.shade(rounded(12, 60, 68, 74, 4), c.deep, 0.6)
    for x in (28, 44, 58):
        p.shade(rounded(x, 43, x + 2.4, 73, 0.4), c.lamp, 0.9)
    p.fill([(20, 44), (19, 26), (15, 22), (33, 22), (29, 26), (28, 44)], c.dark)
    p.fill(blob((42, 45), (42, 36), (48, 32), (54, 36), (54, 45)), c.lamp)
    p.fill(oval(13, 56, 5), c.lamp)
    p.fill(oval(13, 56, 3), WHITE)
    p.fill(rounded(12, 72, 96, 80, 2), c.dark)
    p.fill([(12, 74), (12, 94), (0, 94)], c.accent)
    for x, r in ((28, 8.6), (47, 8.6), (78, 12)):
        p.fill(oval(x, 96 - r, r), c.accent)
        p.fill(oval(x, 96 - r, r * 0.72), mix(c.accent, c.dark, 0.55))
        for k in range(6):
            p.fill(turned(rounded(x - 0.7, 96 - r * 1.8, x + 0.7, 96 - r, 0.2), 60 * k,
                (x, 96 - r)), c.accent)
        p.fill(oval(x, 96 - r, r * 0.2), c.pale)
    p.fill(band([(28, 88), (78, 86)], 2.2), (205, 208, 216))


def bicycle(p: Pen, c: Coat) -> None:
    """Draw a bicycle."""
    for x in (22, 78):
        rim = oval(x, 72, 20)
        p.fill(rim, (46, 44, 56))
        p.erase(oval(x, 72, 18))
        for k in range(10):
            p.fill(turned(rounded(x - 0.2, 53.6, x + 0.2, 72, 0.1), 36 * k, (x, 72)),
                (150, 152, 165))
        p.fill(oval(x, 72, 2), (46, 44, 56))
    tubes = (((22, 72), (33, 40)), ((34.5, 45), (66, 45)), ((35, 49), (50, 74)),
        ((50, 74), (67, 42)), ((50, 74), (78, 72)), ((66, 48), (78, 72)))
    for a, b in tubes:
        p.fill(band([a, b], 2.7), c.main)
    p.fill(band([(67, 44), (69, 35)], 1.8), (205, 208, 216))
    p.fill(blob((62, 33), (70, 31), (80, 32), (78, 36), (68, 37)), (94, 58, 42))
    p.fill(band([(33, 41), (31, 33), (24, 30), (19, 34)], 2, 1.9, 1.8), (205, 208, 216))
    p.fill(band([(23.4, 30.6), (19, 34)], 2.8), (94, 58, 42))
    p.fill(oval(50, 74, 4.6), mix(c.accent, c.dark, 0.2))
    p.fill(oval(50, 74, 2), c.pale)
    p.fill(band([(50, 74), (55, 84)], 1.5), (46, 44, 56))
    p.fill(rounded(52, 83.4, 60, 85.6, 1), (46, 44, 56))
    p.fill([(10, 44), (30, 44), (28, 57), (13, 57)], (176, 118, 70))
    for k in range(4):
        p.shade(band([(12 + 5 * k, 44), (13.5 + 4.4 * k, 57)], 0.7), (110, 66, 40), 0.8)
    p.shade(band([(10, 47), (30, 47)], 0.8), (110, 66, 40), 0.8)
    for x, y, tone in ((14, 41, c.accent), (20, 38.6, c.lamp), (26, 41, c.main)):
        p.fill(oval(x + 2, y + 3, 3.4, 2), (86, 150, 96))
        p.fill(star(x, y, 4.4, 2.6, 6), tone)
        p.fill(oval(x, y, 1.2), c.pale)


def boat(p: Pen, c: Coat) -> None:
    """Draw a sailing boat whose hull ends in the water."""
    p.fill(band([(52, 4), (52, 82)], 1.7, 2.2), (118, 80, 54))
    p.fill(blob((55, 8), (66, 26), (76, 46), (90, 70), (72, 73), (55, 74)), c.pale)
    p.shade(blob((60, 40), (76, 46), (92, 72), (70, 76), (54, 76), (66, 60)),
        mix(c.pale, c.accent, 0.4), 0.7)
    p.shade([(50, 30), (90, 24), (96, 32), (50, 40)], c.main, 0.95)
    p.fill(blob((49, 12), (38, 34), (26, 54), (16, 71), (34, 72), (49, 72)),
        mix(c.pale, c.main, 0.18))
    p.shade(blob((49, 40), (40, 56), (16, 72), (49, 74)), c.deep, 0.16)
    p.fill([(52, 3), (63, 6), (52, 9.5)], c.accent)
    p.fill([(6, 77), (96, 77), (84, 96), (72, 98), (26, 98), (16, 92)], c.main)
    p.shade([(4, 90), (100, 88), (84, 99), (20, 99)], c.deep, 0.8)
    p.shade([(4, 77), (98, 77), (95, 80.5), (7, 80.5)], c.pale, 0.95)
    for x in (34, 50, 66):
        p.fill(oval(x, 86.5, 2), c.lamp)


def ship(p: Pen, c: Coat) -> None:
    """Draw a steamer."""
    for x, y, r in ((44, 10, 4), (54, 6, 6), (66, 5, 5)):
        p.fill(oval(x, y + 3, r), mix(WHITE, c.dark, 0.14))
    for x in (36, 52):
        p.fill([(x, 18), (x + 10, 18), (x + 11, 46), (x - 1, 46)], c.main)
        p.shade([(x - 2, 18), (x + 12, 18), (x + 12, 23), (x - 2, 23)], c.dark, 1)
    p.fill(rounded(26, 40, 80, 54, 2), c.pale)
    p.fill(rounded(18, 53, 90, 68, 2), mix(c.pale, c.dark, 0.06))
    for k in range(7):
        p.fill(rounded(30 + 7 * k, 44, 34 + 7 * k, 49, 1), mix(c.lamp, GLASS, 0.3))
    for k in range(9):
        p.fill(oval(24 + 7.6 * k, 60, 1.9), mix(c.lamp, GLASS, 0.3))
    p.fill([(0, 66), (100, 68), (92, 97), (12, 97)], mix(c.dark, c.accent, 0.3))
    p.shade([(0, 86), (100, 86), (100, 98), (0, 98)], c.main, 0.9)
    p.shade([(0, 66), (100, 68), (99, 71), (1, 69)], WHITE, 0.9)
    p.fill(band([(14, 66), (12, 34)], 1.2, 0.8), c.dark)


def balloon(p: Pen, c: Coat) -> None:
    """Draw a hot-air balloon."""
    shape = blob((50, 2), (72, 8), (84, 28), (78, 50), (62, 70), (50, 74), (38, 70), (22, 50),
        (16, 28), (28, 8))
    p.fill(shape, c.main)
    for k, (a, b) in enumerate(((0.72, 0.44), (0.14, -0.14), (-0.44, -0.72))):
        west, east = [], []
        for j in range(15):
            t = j / 14
            half = 34 * math.sin(math.pi * min(1, 0.1 + t * 0.78)) ** 0.8
            y = 1 + 74 * t
            west.append((50 - a * half, y))
            east.append((50 - b * half, y))
        p.shade([*west, *east[::-1]], (c.accent, c.pale, c.accent)[k], 0.95)
    p.shade(blob((62, 2), (88, 28), (78, 54), (58, 76), (54, 74), (70, 48), (72, 24)),
        mix(c.deep, (30, 20, 80), 0.3), 0.35)
    p.shade(oval(36, 20, 5, 11, 24), WHITE, 0.28)
    p.shade(rounded(10, 36, 90, 40, 1), c.lamp, 0.55)
    for x in (44, 48, 52, 56):
        p.fill(band([(50 + (x - 50) * 1.9, 73), (x, 85)], 0.6), c.dark)
    p.fill(blob((39, 71), (50, 74), (61, 71), (58, 76), (50, 77.5), (42, 76)), c.deep)
    p.fill(rounded(42.5, 85, 57.5, 97, 2.4), (150, 96, 58))
    p.shade(rounded(51, 85, 59, 98, 1), (90, 54, 40), 0.5)
    p.fill(rounded(41.6, 84, 58.4, 87, 1.4), (190, 132, 84))


def rocket(p: Pen, c: Coat) -> None:
    """Draw a rocket in flight."""
    flame = blob((42, 76), (50, 74), (58, 76), (57, 86), (50, 99), (43, 86))
    p.fill(flame, (250, 120, 50))
    p.fill(blob((45, 76), (55, 76), (54, 84), (50, 92), (46, 84)), (255, 220, 110))
    for fin in (blob((36, 52), (24, 62), (20, 82), (29, 78), (38, 74)),):
        p.fill(fin, c.accent)
        p.fill(mirror(fin), mix(c.accent, c.dark, 0.3))
    p.fill(blob((50, 2), (60, 16), (65, 36), (64, 58), (58, 76), (50, 77), (42, 76), (36, 58),
        (35, 36), (40, 16)), c.pale)
    p.shade(blob((50, 0), (66, 14), (66, 22), (50, 25), (34, 22), (34, 14)), c.main, 1)
    p.shade(blob((54, 1), (68, 30), (66, 60), (58, 78), (52, 78), (58, 50), (59, 26)),
        (90, 80, 150), 0.35)
    p.shade([(30, 64), (70, 64), (70, 69), (30, 69)], c.main, 1)
    p.fill(oval(50, 38, 8.6), c.main)
    p.fill(oval(50, 38, 6.4), mix(GLASS, (40, 80, 150), 0.35))
    p.shade(oval(48, 35.6, 2.4, 1.5, -35), WHITE, 0.85)
    p.fill(oval(50, 55, 3), c.main)
    p.fill(blob((48.6, 60), (51.4, 60), (51.6, 80), (50, 84), (48.4, 80)),
        mix(c.accent, c.dark, 0.1))
    p.fill(rounded(43, 75, 57, 78.4, 1), c.dark)


def plane(p: Pen, c: Coat) -> None:
    """Draw an aeroplane."""
    p.fill(blob((78, 44), (86, 22), (95, 20), (93, 46)), c.main)
    p.fill(blob((52, 42), (66, 22), (74, 22), (66, 44)), c.deep)
    p.fill(blob((3, 52), (12, 43), (34, 38), (70, 40), (95, 42), (96, 48), (72, 60), (36, 64),
        (12, 61)), c.pale)
    p.shade(blob((2, 56), (40, 57), (97, 47), (72, 66), (30, 70)), c.main, 0.95)
    p.fill(blob((6, 49), (13, 44), (19, 44), (18, 50)), GLASS)
    for k in range(9):
        p.fill(rounded(26 + 6 * k, 45.6, 29.6 + 6 * k, 50, 1.4), mix(GLASS, c.dark, 0.15))
    p.fill(blob((40, 56), (58, 55), (82, 80), (74, 82), (54, 70)), c.accent)
    p.fill(rounded(52, 68, 66, 75, 3.4), mix(c.deep, c.dark, 0.2))
    p.fill(blob((82, 46), (92, 45), (99, 54), (93, 55)), c.accent)


def submarine(p: Pen, c: Coat) -> None:
    """Draw a submarine."""
    p.fill(band([(46, 28), (46, 14), (38, 14)], 2.6, smooth=False), c.dark)
    p.fill(rounded(38, 24, 62, 46, 5), c.deep)
    p.fill(blob((4, 60), (14, 42), (44, 36), (76, 42), (90, 58), (78, 76), (44, 82), (14, 78)),
        c.main)
    p.shade(blob((4, 66), (44, 72), (92, 60), (80, 84), (14, 84)), c.deep, 0.6)
    p.fill([(84, 56), (97, 42), (97, 76), (84, 62)], c.accent)
    p.fill(rounded(90, 52, 93, 66, 1), c.dark)
    for x in (24, 44, 64):
        p.fill(oval(x, 58, 7.4), mix(c.lamp, c.dark, 0.35))
        p.fill(oval(x, 58, 5.6), GLASS)
        p.shade(oval(x - 1.6, 56, 2, 1.2, -35), WHITE, 0.85)
    p.shade(band([(12, 48), (44, 41), (74, 47)], 2), WHITE, 0.3)


def ufo(p: Pen, c: Coat) -> None:
    """Draw a flying saucer with its beam."""
    beam = [(38, 54), (62, 54), (80, 98), (20, 98)]
    p.fill(beam, mix(c.lamp, WHITE, 0.35))
    p.fill(oval(50, 34, 18, 20), mix(GLASS, c.accent, 0.25))
    p.fill(oval(50, 34, 7, 8), mix((120, 200, 120), c.accent, 0.2))
    for x in (47, 53):
        p.fill(oval(x, 33, 1.9, 2.8), c.dark)
    p.shade(band([(37, 30), (41, 22), (48, 18)], 1.6), WHITE, 0.8)
    p.fill(oval(50, 48, 44, 12), c.main)
    p.shade(blob((6, 50), (50, 56), (94, 50), (80, 62), (20, 62)), c.deep, 0.8)
    p.shade(oval(50, 43, 30, 5), c.light, 0.6)
    for k in range(7):
        x = 14 + 12 * k
        p.fill(oval(x, 51 + 4 * math.sin(math.pi * k / 6), 2.3), c.lamp)
    p.shade(oval(50, 55, 13, 3), c.dark, 0.5)


def motorcycle(p: Pen, c: Coat) -> None:
    """Draw a motorcycle."""
    for x in (20, 80):
        p.fill(oval(x, 78, 17), (40, 38, 48))
        p.fill(oval(x, 78, 11), (190, 194, 204))
        p.fill(oval(x, 78, 9), mix(c.dark, c.main, 0.15))
        p.fill(oval(x, 78, 3), (205, 208, 216))
    p.fill(band([(20, 78), (34, 42)], 3), (190, 194, 204))
    p.fill(band([(34, 42), (40, 36)], 2.4), c.dark)
    p.fill(oval(29, 48, 6), c.lamp)
    p.fill(blob((34, 54), (44, 44), (60, 46), (64, 58), (48, 62)), c.main)
    p.shade(blob((38, 57), (50, 60), (64, 54), (60, 66), (42, 66)), c.deep, 0.6)
    p.fill(blob((58, 54), (72, 50), (90, 46), (92, 51), (76, 60), (60, 61)), (66, 46, 44))
    p.fill(rounded(42, 62, 64, 80, 4), (120, 122, 136))
    for k in range(4):
        p.fill(rounded(44, 64 + 4 * k, 62, 65.4 + 4 * k, 0.4), (60, 60, 74))
    p.fill(band([(52, 82), (74, 84), (96, 80)], 4, 4.4, 5), (205, 208, 216))
    p.fill(blob((6, 70), (14, 60), (26, 60), (33, 68), (20, 65)), c.main)
    p.fill(blob((66, 68), (76, 59), (88, 60), (95, 70), (80, 65)), c.main)
