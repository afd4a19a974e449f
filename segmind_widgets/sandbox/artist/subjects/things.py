"""Objects for a table or a studio."""

from __future__ import annotations

import math

from ..drawing.colour import RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import band, blob, move, oval, rounded, star, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off

STEEL: RGB = (206, 210, 220)


def sneaker(p: Pen, c: Coat) -> None:
    """Draw a sneaker."""
    p.fill(blob((5, 72), (8, 62), (22, 54), (38, 46), (50, 30), (56, 24), (72, 30), (88, 26),
        (94, 40), (95, 62), (95, 76), (50, 82), (10, 82)), c.main)
    p.shade(blob((5, 74), (9, 61), (22, 56), (30, 64), (30, 84), (6, 86)), c.pale, 0.95)
    p.shade(blob((76, 26), (98, 24), (99, 80), (82, 80), (84, 54)), c.accent, 0.95)
    p.shade(blob((52, 20), (66, 28), (80, 29), (90, 26), (90, 34), (70, 38), (56, 32)),
        mix(c.deep, c.dark, 0.4), 1)
    p.shade(blob((34, 58), (52, 64), (80, 48), (76, 58), (56, 72), (38, 68)), c.pale, 1)
    for k in range(5):
        x, y = 33 + 5 * k, 50 - 5.4 * k
        p.fill(band([(x, y), (x + 9, y + 6)], 2.2), c.pale)
        p.fill(oval(x + 9.4, y + 6.4, 1.2), c.dark)
    p.fill(blob((3, 78), (12, 76), (50, 79), (94, 72), (98, 80), (94, 89), (50, 92), (10, 91),
        (3, 86)), WHITE)
    p.shade(blob((2, 86), (50, 89), (99, 82), (96, 94), (8, 95)), mix(STEEL, c.dark, 0.1), 0.9)
    p.shade(band([(4, 82), (50, 84.4), (97, 77.4)], 1.1), c.accent, 0.95)


def bottle(p: Pen, c: Coat) -> None:
    """Draw a perfume bottle."""
    glass = mix(c.main, WHITE, 0.4)
    p.fill(rounded(40, 6, 60, 26, 3), mix(c.dark, c.accent, 0.12))
    p.shade(rounded(43, 5, 46.5, 27, 1), WHITE, 0.3)
    p.fill(rounded(44, 25, 56, 33, 1), c.lamp)
    p.fill(rounded(22, 32, 78, 96, 9), glass)
    p.fill(rounded(27, 44, 73, 91, 6), c.main)
    p.shade(rounded(27, 44, 73, 48, 1), c.light, 0.9)
    p.shade([(56, 40), (84, 40), (84, 100), (42, 100)], c.deep, 0.45)
    p.shade(rounded(25.4, 37, 29.4, 90, 2), WHITE, 0.65)
    p.fill(rounded(36, 56, 64, 78, 1.6), c.pale)
    p.fill(rounded(38, 58, 62, 76, 1), mix(c.pale, c.accent, 0.12))
    p.fill(oval(50, 64, 3.6), c.accent)
    for y, half in ((70, 8), (73, 5)):
        p.fill(rounded(50 - half, y, 50 + half, y + 1.2, 0.6), c.dark)


def camera(p: Pen, c: Coat) -> None:
    """Draw a camera."""
    p.fill(rounded(14, 24, 30, 32, 2), c.dark)
    p.fill(blob((38, 30), (42, 18), (58, 18), (62, 30)), c.main)
    p.fill(rounded(70, 22, 80, 32, 2), STEEL)
    p.fill(rounded(6, 28, 94, 84, 8), c.main)
    p.fill(rounded(6, 40, 94, 74, 2), mix(c.dark, c.main, 0.18))
    p.shade(rounded(74, 26, 96, 86, 6), c.deep, 0.4)
    for r, tone in ((25, STEEL), (22, c.dark), (18, (70, 74, 92)), (14, (34, 36, 56)),
        (8, mix(c.accent, (40, 40, 90), 0.5)), (4, (20, 18, 34))):
        p.fill(oval(50, 57, r), tone)
    p.shade(oval(44, 51, 4.4, 2.6, -40), WHITE, 0.75)
    p.shade(oval(55.6, 63, 1.8), WHITE, 0.45)
    p.fill(rounded(12, 32, 25, 38, 1.6), c.lamp)
    p.fill(rounded(43, 21, 57, 28, 1.6), (170, 210, 230))
    p.fill(oval(86, 34.6, 2.2), (222, 60, 60))


def book(p: Pen, c: Coat) -> None:
    """Draw an open book with stars that rise from it."""
    for x, y, r in ((50, 10, 6), (32, 22, 3.6), (67, 20, 4.2), (42, 30, 2.4), (60, 34, 2.6),
        (22, 10, 2.4), (80, 8, 2.2)):
        p.fill(star(x, y, r, r * 0.42), c.lamp)
    p.fill(blob((3, 58), (28, 52), (50, 60), (72, 52), (97, 58), (97, 92), (72, 88), (50, 95),
        (28, 88), (3, 92)), c.main)
    p.fill(blob((7, 54), (28, 48), (50, 57), (50, 90), (28, 83), (7, 87)), c.pale)
    p.fill(blob((93, 54), (72, 48), (50, 57), (50, 90), (72, 83), (93, 87)),
        mix(c.pale, c.dark, 0.07))
    p.shade(blob((44, 53), (50, 57), (56, 53), (55, 90), (50, 91), (45, 90)),
        mix(c.pale, c.dark, 0.4), 0.6)
    for k in range(5):
        y = 59 + 5 * k
        p.shade(band([(13, y), (28, y - 3.4), (43, y + 2)], 1), mix(c.pale, c.dark, 0.4), 0.8)
        p.shade(band([(57, y + 2), (72, y - 3.4), (87, y)], 1), mix(c.pale, c.dark, 0.4), 0.8)


def guitar(p: Pen, c: Coat) -> None:
    """Draw a guitar."""
    p.fill(rounded(46.6, 10, 53.4, 60, 1), (88, 56, 44))
    p.fill(blob((44, 2), (56, 2), (57, 14), (43, 14)), mix(c.deep, c.dark, 0.3))
    for k in range(3):
        for x in (41.6, 58.4):
            p.fill(oval(x, 4 + 4 * k, 1.7), STEEL)
    p.fill(blob((50, 44), (62, 44), (69, 54), (64, 64), (74, 74), (72, 92), (50, 98), (28, 92),
        (26, 74), (36, 64), (31, 54), (38, 44)), c.deep)
    p.fill(blob((50, 46), (61, 46.4), (66, 54), (61.4, 64), (70.6, 75), (69, 90), (50, 95),
        (31, 90), (29.4, 75), (38.6, 64), (34, 54), (39, 46.4)), c.main)
    p.shade(blob((30, 78), (38, 66), (44, 74), (40, 90), (32, 90)), c.light, 0.45)
    p.fill(oval(50, 64, 9), c.pale)
    p.fill(oval(50, 64, 7.6), (52, 34, 36))
    p.fill(rounded(47, 40, 53, 58, 0.6), (88, 56, 44))
    p.fill(rounded(40, 82, 60, 86, 1.4), (70, 44, 40))
    for k in range(6):
        p.fill(band([(47.6 + 0.96 * k, 6), (47.2 + 1.1 * k, 84)], 0.28), (240, 236, 220))
    for k in range(9):
        p.fill(rounded(46.8, 16 + 4.4 * k, 53.2, 16.5 + 4.4 * k, 0.1), STEEL)


def lamp(p: Pen, c: Coat) -> None:
    """Draw a table lamp with a lit shade."""
    p.fill([(32, 44), (68, 44), (88, 97), (12, 97)], mix(c.lamp, WHITE, 0.5))
    p.fill([(32, 44), (68, 44), (88, 97), (12, 97)], mix(c.lamp, WHITE, 0.35))
    p.erase([(0, 44), (100, 44), (100, 100), (0, 100)])
    p.fill(rounded(48, 40, 52, 86, 1), c.dark)
    p.fill(blob((34, 92), (42, 86), (58, 86), (66, 92), (50, 97)), mix(c.accent, c.dark, 0.15))
    p.fill([(36, 8), (64, 8), (80, 46), (20, 46)], c.main)
    p.shade([(40, 8), (52, 8), (56, 46), (36, 46)], c.lamp, 0.6)
    p.shade([(58, 8), (70, 8), (84, 46), (68, 46)], c.deep, 0.5)
    p.fill(rounded(19, 44, 81, 47.6, 1.4), c.lamp)
    p.fill(band([(62, 47), (62, 58)], 0.8), c.dark)
    p.fill(oval(62, 59, 1.7), c.lamp)


def chair(p: Pen, c: Coat) -> None:
    """Draw an armchair."""
    for x in (24, 76):
        p.fill(band([(x, 84), (x - (50 - x) * 0.16, 97)], 4, 2.4), (110, 74, 52))
    p.fill(blob((26, 18), (38, 9), (62, 9), (74, 18), (76, 50), (74, 76), (26, 76), (24, 50)),
        c.main)
    p.shade(blob((60, 8), (80, 18), (80, 78), (66, 78), (70, 40)), c.deep, 0.4)
    for x, y in ((40, 24), (50, 24), (60, 24), (45, 34), (55, 34), (40, 44), (50, 44), (60, 44)):
        p.shade(oval(x, y, 1.2), c.deep, 1)
    p.fill(rounded(26, 58, 74, 76, 6), c.light)
    p.fill(rounded(22, 74, 78, 88, 4), c.deep)
    for x0, x1 in ((12, 28), (72, 88)):
        p.fill(rounded(x0, 46, x1, 88, 8), c.main)
        p.shade(rounded(x0 + 9, 46, x1 + 1, 89, 6), c.deep, 0.35)
    p.fill(turned(rounded(40, 44, 62, 66, 4), 10, (50, 55)), c.accent)


def gift(p: Pen, c: Coat) -> None:
    """Draw a gift box."""
    for s in (-1, 1):
        loop = blob((50, 28), (50 + s * 14, 8), (50 + s * 28, 12), (50 + s * 24, 26))
        p.fill(loop, c.accent)
        p.shade(blob((50, 27), (50 + s * 12, 15), (50 + s * 20, 17), (50 + s * 17, 24)),
            mix(c.accent, c.dark, 0.4), 0.8)
    p.fill(rounded(16, 44, 84, 96, 3), c.main)
    p.shade([(62, 40), (90, 40), (90, 100), (62, 100)], c.deep, 0.5)
    p.fill(rounded(10, 28, 90, 46, 3), c.light)
    p.shade([(64, 26), (92, 26), (92, 48), (64, 48)], c.deep, 0.4)
    p.fill([(43, 28), (57, 28), (57, 96), (43, 96)], c.accent)
    p.fill(oval(50, 28, 5), mix(c.accent, c.dark, 0.2))


def crown(p: Pen, c: Coat) -> None:
    """Draw a crown."""
    gold = mix((246, 196, 70), c.main, 0.15)
    p.fill([(12, 84), (6, 32), (28, 56), (50, 18), (72, 56), (94, 32), (88, 84)], gold)
    p.shade([(50, 18), (72, 56), (94, 32), (88, 86), (50, 86)], mix(gold, (170, 90, 30), 0.5), 0.45)
    p.fill(rounded(11, 78, 89, 92, 3), mix(gold, (190, 110, 40), 0.3))
    for x, y, r in ((6, 29, 5), (50, 14, 6), (94, 29, 5)):
        p.fill(oval(x, y, r), c.accent)
        p.shade(oval(x - 1.4, y - 1.6, r * 0.3), WHITE, 0.8)
    for k in range(5):
        x = 20 + 15 * k
        p.fill(oval(x, 85, 3.6), (c.accent, c.main)[k % 2])
        p.shade(oval(x - 1, 84, 1), WHITE, 0.8)


def diamond(p: Pen, c: Coat) -> None:
    """Draw a cut diamond."""
    gem = mix(c.main, WHITE, 0.3)
    p.fill([(24, 20), (76, 20), (97, 44), (50, 94), (3, 44)], gem)
    for facet, tone, amount in (
        ([(24, 20), (38, 44), (3, 44)], WHITE, 0.45), ([(24, 20), (50, 20), (38, 44)], WHITE, 0.75),
        ([(50, 20), (62, 44), (38, 44)], WHITE, 0.3), ([(76, 20), (62, 44), (50, 20)], c.main, 0.3),
        ([(76, 20), (97, 44), (62, 44)], c.main, 0.6), ([(3, 44), (38, 44), (50, 94)], c.main, 0.2),
        ([(62, 44), (97, 44), (50, 94)], c.deep, 0.7), ([(38, 44), (62, 44), (50, 94)], WHITE,
            0.18),
    ):
        p.shade(facet, tone, amount)
    for x, y, r in ((86, 12, 7), (12, 16, 4), (92, 74, 5)):
        p.fill(star(x, y, r, r * 0.16, 4), WHITE)


def heart(p: Pen, c: Coat) -> None:
    """Draw a heart."""
    shape = blob((50, 28), (60, 14), (76, 12), (90, 24), (91, 44), (76, 66), (56, 86), (50, 92),
        (44, 86), (24, 66), (9, 44), (10, 24), (24, 12), (40, 14))
    p.fill(shape, c.main)
    p.shade(blob((70, 10), (96, 24), (94, 50), (52, 94), (72, 64), (82, 40)), c.deep, 0.5)
    p.shade(blob((18, 34), (22, 24), (32, 20), (30, 28), (23, 40)), WHITE, 0.55)


def headphones(p: Pen, c: Coat) -> None:
    """Draw headphones."""
    p.fill(band([(16, 62), (16, 36), (32, 14), (50, 8), (68, 14), (84, 36), (84, 62)], 7), c.main)
    p.shade(band([(20, 30), (34, 15), (50, 10)], 2.4, 2), WHITE, 0.4)
    for s in (-1, 1):
        x = 50 + s * 34
        p.fill(rounded(x - 11, 52, x + 11, 90, 9), c.deep)
        p.fill(rounded(x - s * 11 - 5.5, 50, x - s * 11 + 5.5, 92, 5.5), mix(c.dark, c.main, 0.15))
        p.fill(oval(x + s * 1.5, 71, 7.6, 11), c.main)
        p.fill(oval(x + s * 1.5, 71, 4, 6.4), c.accent)


def watch(p: Pen, c: Coat) -> None:
    """Draw a wristwatch."""
    strap = mix((110, 72, 50), c.main, 0.4)
    for y0, y1 in ((0, 30), (70, 100)):
        p.fill(rounded(38, y0, 62, y1, 3), strap)
        p.shade(rounded(40, y0 - 2, 41, y1 + 2, 0.2), c.pale, 0.7)
        p.shade(rounded(59, y0 - 2, 60, y1 + 2, 0.2), c.pale, 0.7)
    p.fill(rounded(78, 46, 86, 54, 2), STEEL)
    for r, tone in ((31, STEEL), (28, (150, 154, 168)), (26.4, mix(c.pale, WHITE, 0.4))):
        p.fill(oval(50, 50, r), tone)
    for k in range(12):
        p.fill(turned(rounded(49.3, 26, 50.7, 31 if k % 3 else 33, 0.4), 30 * k, (50, 50)), c.dark)
    p.fill(turned(rounded(48.8, 36, 51.2, 52, 1), -60, (50, 50)), c.dark)
    p.fill(turned(rounded(49.1, 29, 50.9, 53, 0.8), 60, (50, 50)), c.dark)
    p.fill(turned(rounded(49.6, 27, 50.4, 56, 0.3), 205, (50, 50)), c.accent)
    p.fill(oval(50, 50, 2), c.accent)
    p.shade(blob((28, 42), (38, 28), (54, 25), (40, 40), (30, 56)), WHITE, 0.35)


def planet(p: Pen, c: Coat) -> None:
    """Draw a planet with a ring."""
    for k in range(24):
        a0, a1 = math.radians(180 + 7.5 * k), math.radians(180 + 7.5 * (k + 1))
        quad = [(50 + r * math.cos(a), 50 + r * 0.26 * math.sin(a)) for r,
            a in ((48, a0), (48, a1), (36, a1), (36, a0))]
        p.fill(turned(quad, -18, (50, 50)), mix(c.accent, c.dark, 0.25))
    p.fill(oval(50, 50, 28), c.main)
    for y, h, tone in ((34, 5, c.light), (46, 6, c.deep), (60, 4, c.light), (68, 5, c.deep)):
        p.shade(turned(rounded(10, y, 90, y + h, 2), -18, (50, 50)), tone, 0.65)
    p.shade(blob((60, 20), (84, 44), (72, 76), (48, 82), (66, 64), (68, 40)), c.dark, 0.35)
    for k in range(24):
        a0, a1 = math.radians(7.5 * k), math.radians(7.5 * (k + 1))
        for outer, inner, tone in ((48, 44, c.accent), (42.6, 36, mix(c.accent, c.pale, 0.4))):
            quad = [(50 + r * math.cos(a), 50 + r * 0.26 * math.sin(a)) for r,
                a in ((outer, a0), (outer, a1), (inner, a1), (inner, a0))]
            p.fill(turned(quad, -18, (50, 50)), tone)
    for x, y, r in ((14, 18, 3), (84, 80, 3.4), (88, 20, 2)):
        p.fill(star(x, y, r, r * 0.2, 4), WHITE)


def lantern(p: Pen, c: Coat) -> None:
    """Draw a paper lantern."""
    p.fill(band([(50, 0), (50, 14)], 1), c.dark)
    p.fill(rounded(38, 12, 62, 18, 1.6), c.dark)
    p.fill(blob((38, 18), (50, 17), (62, 18), (80, 32), (84, 48), (80, 64), (62, 78), (50, 79),
        (38, 78), (20, 64), (16, 48), (20, 32)), c.main)
    p.shade(oval(50, 48, 22, 26), c.lamp, 0.55)
    p.shade(oval(50, 48, 12, 18), mix(c.lamp, WHITE, 0.4), 0.6)
    for k in range(-3, 4):
        y = 48 + 8.6 * k
        p.shade(band([(10, y), (50, y + 2.4), (90, y)], 0.8), c.deep, 0.8)
    p.fill(rounded(38, 77, 62, 83, 1.6), c.dark)
    for k in range(5):
        p.fill(band([(44 + 3 * k, 83), (43 + 3.5 * k, 97)], 1.1, 0.7), c.accent)


def cloud(p: Pen, c: Coat) -> None:
    """Draw a cloud."""
    puff = [(28, 60, 17), (46, 46, 20), (66, 50, 17), (78, 62, 13), (50, 64, 18)]
    for x, y, r in puff:
        p.fill(move(oval(x, y, r), 0, 2), mix(c.main, c.dark, 0.16))
    for x, y, r in puff:
        p.fill(oval(x - 1, y - 1.4, r * 0.95), mix(c.main, WHITE, 0.75))
    p.erase([(0, 76), (100, 76), (100, 100), (0, 100)])
