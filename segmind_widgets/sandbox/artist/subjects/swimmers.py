"""Sea animals."""

from __future__ import annotations

import math

from ..drawing.colour import WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import band, blob, curve, mirror, oval, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off


def fish(p: Pen, c: Coat) -> None:
    """Draw a fish."""
    p.fill(blob((72, 50), (86, 36), (97, 30), (92, 50), (97, 70), (86, 64)), c.accent)
    p.fill(blob((34, 32), (46, 16), (64, 20), (70, 36)), c.accent)
    p.fill(blob((44, 68), (54, 82), (66, 78), (62, 64)), c.accent)
    for k in range(4):
        p.shade(band([(80, 50), (92, 34 + 10.5 * k)], 1, 0.4), c.pale, 0.6)
        p.shade(band([(42 + 7 * k, 34), (46 + 6 * k, 18)], 1, 0.4), c.pale, 0.6)
    p.fill(blob((6, 50), (18, 36), (38, 28), (60, 34), (80, 48), (80, 53), (60, 68), (38, 72),
        (18, 64)), c.main)
    p.shade(blob((6, 54), (30, 60), (60, 60), (80, 52), (60, 72), (36, 76), (14, 66)), c.light,
        0.75)
    for x in (34, 54):
        p.shade(blob((x, 26), (x + 8, 27), (x + 10, 50), (x + 7, 75), (x - 1, 75), (x + 3, 50)),
            c.pale, 0.9)
    p.fill(blob((38, 52), (50, 50), (56, 58), (46, 64)), mix(c.accent, c.dark, 0.12))
    p.fill(oval(19, 46, 4.8), c.pale)
    p.eye(18.6, 46, 3.3)
    p.fill(band([(7, 54), (12, 56), (16, 54.5)], 0.9), c.dark)


def whale(p: Pen, c: Coat) -> None:
    """Draw a whale that spouts water."""
    for dx, turn in ((-5, -24), (0, 0), (5, 24)):
        drop = turned(band([(33, 27), (33 + dx * 0.4, 17), (33 + dx * 1.6, 8)], 1, 2.4, 3.4),
            turn * 0.3, (33, 27))
        p.fill(drop, mix(WHITE, (150, 215, 240), 0.4))
    p.fill(blob((82, 48), (78, 32), (84, 20), (90, 30), (99, 24), (98, 36), (92, 46)), c.main)
    p.fill(blob((4, 56), (10, 38), (30, 30), (52, 34), (72, 50), (84, 54), (84, 40), (93, 42),
        (94, 58), (84, 74), (60, 84), (30, 84), (10, 76)), c.main)
    p.shade(blob((3, 62), (26, 64), (46, 70), (70, 78), (56, 90), (26, 90), (6, 80)), c.pale, 1)
    for k in range(5):
        p.shade(band([(8 + k * 3, 68 + k * 3.4), (28 + k * 3, 70 + k * 3.6),
            (52 + k, 78 + k * 2.4)], 0.9), mix(c.pale, c.main, 0.5), 1)
    p.shade(blob((56, 36), (76, 52), (92, 52), (84, 76), (66, 82), (74, 64)), c.deep, 0.4)
    p.fill(blob((44, 68), (56, 72), (62, 86), (54, 92), (46, 82)), c.deep)
    p.eye(24, 56, 2.4)
    p.fill(band([(6, 62), (18, 65), (30, 62)], 1), mix(c.main, c.dark, 0.6))
    for x, y in ((50, 44), (58, 50), (44, 40), (64, 57)):
        p.shade(oval(x, y, 1.5), c.light, 0.7)


def dolphin(p: Pen, c: Coat) -> None:
    """Draw a leaping dolphin."""
    p.fill(blob((50, 22), (58, 4), (68, 8), (64, 24)), c.deep)
    p.fill(blob((86, 66), (98, 72), (96, 82), (88, 78), (80, 86), (76, 80), (82, 70)), c.deep)
    p.fill(blob((3, 46), (12, 41), (18, 30), (36, 18), (58, 18), (76, 32), (86, 54), (88, 72),
        (82, 74), (70, 60), (50, 52), (28, 50), (14, 49)), c.main)
    p.shade(blob((3, 47), (16, 45), (36, 40), (56, 40), (76, 56), (82, 74), (66, 62), (46, 56),
        (20, 54)), c.pale, 0.95)
    p.fill(blob((34, 46), (44, 48), (44, 64), (36, 66), (34, 56)), c.deep)
    p.eye(22, 37, 1.9)
    p.fill(band([(4, 46.4), (12, 45.4), (20, 43)], 0.8), mix(c.main, c.dark, 0.6))


def shark(p: Pen, c: Coat) -> None:
    """Draw a shark."""
    p.fill(blob((44, 36), (54, 12), (60, 10), (62, 36)), c.deep)
    p.fill(blob((80, 50), (90, 28), (98, 20), (94, 46), (97, 70), (86, 58)), c.deep)
    p.fill(blob((2, 48), (16, 38), (40, 32), (64, 38), (90, 50), (64, 62), (40, 66), (16, 60)),
        c.main)
    p.shade(blob((2, 50), (24, 53), (56, 54), (86, 51), (62, 68), (36, 72), (12, 62)), c.pale, 1)
    p.fill(blob((36, 56), (48, 58), (52, 78), (44, 76)), c.deep)
    for x in (28, 32, 36):
        p.fill(band([(x, 44), (x - 1.4, 54)], 1.2), mix(c.main, c.dark, 0.5))
    p.eye(15, 45, 2)
    mouth = curve((7, 54), (15, 57), (25, 54))
    p.fill(band(mouth, 1, smooth=False), mix(c.main, c.dark, 0.7))
    for k in range(4):
        x = 9.5 + 3.8 * k
        p.fill([(x - 1.4, 56), (x + 1.4, 56), (x, 58.6)], WHITE)


def turtle(p: Pen, c: Coat) -> None:
    """Draw a turtle."""
    skin = mix((130, 180, 110), c.main, 0.35)
    p.fill(blob((26, 58), (16, 78), (24, 88), (36, 68)), mix(skin, c.dark, 0.12))
    p.fill(blob((70, 60), (84, 78), (78, 86), (62, 70)), mix(skin, c.dark, 0.12))
    p.fill(blob((78, 56), (92, 60), (96, 66), (84, 64)), skin)
    p.fill(blob((30, 50), (16, 46), (4, 46), (3, 58), (14, 62), (30, 62)), skin)
    p.fill(blob((22, 62), (28, 38), (48, 26), (70, 34), (84, 60), (66, 68), (40, 69)), c.main)
    for cell in (blob((42, 36), (56, 34), (60, 48), (50, 55), (40, 49)),
        blob((30, 44), (37, 40), (37, 52), (40, 60), (28, 61)),
                 blob((62, 36), (72, 46), (70, 54), (63, 50)), blob((46, 60), (52, 57), (62, 53),
                     (68, 60), (58, 65))):
        p.shade(cell, mix(c.deep, c.dark, 0.12), 0.75)
    p.shade(band([(23, 63), (50, 68), (84, 60)], 4), c.light, 0.9)
    p.fill(blob((36, 64), (48, 66), (42, 90), (28, 96), (30, 84)), skin)
    for x, y in ((36, 78), (38, 84), (33, 88), (40, 73), (12, 52), (20, 52)):
        p.shade(oval(x, y, 1.6), mix(skin, c.dark, 0.3), 0.6)
    p.eye(9.5, 52, 2)
    p.fill(band([(4, 57.5), (9, 58.5), (13, 57.5)], 0.8), mix(skin, c.dark, 0.6))


def octopus(p: Pen, c: Coat) -> None:
    """Draw an octopus."""
    for x, tip, tone in ((30, 8, 0.5), (70, 92, 0.5), (40, 26, 0.25), (60, 74, 0.25)):
        way = -1 if tip < 50 else 1
        p.fill(band([(x, 56), (x + way * 6, 76), (tip, 88), (tip + way * -1, 78),
            (tip - way * 5, 80)], 12, 9, 6, 4, 2), mix(c.main, c.deep, tone * 2))
    for x in (42, 50, 58):
        p.fill(band([(x, 56), (x + (x - 50) * 0.4, 78), (x + (x - 50) * 0.9, 94),
            (x + (x - 50) * 0.9 + 4, 96)], 12, 9, 6, 2.6), c.main)
        for k in range(4):
            p.shade(oval(x + (x - 50) * 0.12 * k, 70 + 6 * k, 1.7 - 0.2 * k), c.pale, 0.7)
    p.fill(blob((50, 6), (70, 13), (78, 32), (70, 54), (62, 66), (38, 66), (30, 54), (22, 32),
        (30, 13)), c.main)
    p.shade(blob((60, 6), (82, 30), (70, 60), (62, 66), (68, 36)), c.deep, 0.4)
    for x, y, r in ((38, 18, 3), (46, 13, 2), (34, 26, 1.8), (58, 16, 2.2)):
        p.shade(oval(x, y, r), c.light, 0.6)
    for x in (41, 59):
        p.fill(oval(x, 42, 5.4), c.pale)
        p.eye(x, 42.6, 3.6)
    p.fill(band([(45, 53), (50, 55.5), (55, 53)], 1.1), mix(c.deep, c.dark, 0.6))
    for x in (33, 67):
        p.shade(oval(x, 51, 3.2, 2.2), (240, 120, 130), 0.5)


def jellyfish(p: Pen, c: Coat) -> None:
    """Draw a jellyfish."""
    for k in range(7):
        x = 26 + 8 * k
        path = [(x, 42), *[(x + 3.4 * math.sin(j * 1.8 + k),
            48 + j * 9.4) for j in range(6 - k % 2)]]
        p.fill(band(path, 2.6, 1.8, 0.6), mix(c.main, c.pale, 0.3 + 0.3 * (k % 2)))
    for x in (42, 50, 58):
        path = [(x, 40), (x - 4, 54), (x + 4, 64), (x - 2, 78)]
        p.fill(band(path, 7, 6, 5, 1.5), mix(c.accent, c.pale, 0.35))
    p.fill(blob((50, 6), (74, 14), (84, 36), (78, 46), (66, 42), (58, 47), (50, 43), (42, 47),
        (34, 42), (22, 46), (16, 36), (26, 14)), c.main)
    p.shade(blob((50, 14), (66, 20), (72, 36), (50, 34), (28, 36), (34, 20)), c.light, 0.55)
    p.shade(oval(38, 20, 7, 4, -32), WHITE, 0.5)
    for x, y in ((28, 32), (40, 34), (60, 34), (72, 32), (50, 28)):
        p.shade(oval(x, y, 1.7), c.pale, 0.8)


def crab(p: Pen, c: Coat) -> None:
    """Draw a crab."""
    for side in (lambda o: o, mirror):
        for k in range(3):
            y = 66 + 6 * k
            p.fill(side(band([(32, y), (16 - k, y - 4 + 3 * k), (10 + 2 * k, y + 12)], 4.6, 4,
                1.4)), c.deep)
        p.fill(side(band([(30, 58), (16, 52), (14, 40)], 6, 5.4, 5)), c.main)
        p.fill(side(blob((14, 42), (6, 34), (5, 20), (12, 11), (15, 24), (21, 12), (27, 22),
            (25, 36))), c.main)
        p.fill(side(band([(42, 46), (41, 34)], 2.4)), c.main)
        p.fill(side(oval(41, 31, 4.6)), c.pale)
    p.fill(blob((22, 62), (32, 46), (50, 42), (68, 46), (78, 62), (68, 80), (50, 84), (32, 80)),
        c.main)
    p.shade(blob((22, 66), (50, 74), (78, 66), (68, 84), (32, 84)), c.deep, 0.6)
    for x, y in ((36, 54), (46, 50), (62, 54), (56, 48)):
        p.shade(oval(x, y, 1.8), c.light, 0.7)
    p.eye(41, 31, 2.8)
    p.eye(59, 31, 2.8)
    p.fill(band([(42, 66), (50, 69.5), (58, 66)], 1.2), mix(c.deep, c.dark, 0.6))
