"""Birds and winged insects."""

from __future__ import annotations

from ..drawing.colour import RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import Outline, band, blob, mirror, move, oval, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off


def _pair(p: Pen, outline: Outline, colour: RGB) -> None:
    p.fill(outline, colour)
    p.fill(mirror(outline), colour)


def bird(p: Pen, c: Coat) -> None:
    """Draw a songbird on a twig."""
    p.fill(band([(2, 86), (30, 84), (62, 87), (98, 82)], 4, 3.4, 2),
        mix((104, 74, 54), c.dark, 0.25))
    for x, y, turn in ((14, 79, -30), (88, 78, -20), (78, 91, 30)):
        p.fill(oval(x, y, 6.5, 2.8, turn), mix((96, 160, 96), c.accent, 0.2))
    p.fill(blob((66, 58), (84, 66), (97, 78), (92, 82), (78, 76), (62, 70)), c.deep)
    p.fill(blob((36, 26), (50, 24), (62, 36), (74, 56), (70, 70), (56, 79), (38, 76), (26, 62),
        (25, 42)), c.main)
    p.shade(blob((24, 46), (36, 48), (44, 62), (56, 79), (38, 80), (22, 66)),
        mix(c.accent, WHITE, 0.15), 1)
    p.shade(blob((30, 54), (40, 68), (52, 79), (38, 82), (24, 68)), c.pale, 0.7)
    p.fill(blob((46, 46), (58, 44), (72, 56), (84, 70), (70, 70), (54, 66), (46, 58)), c.deep)
    for k in range(3):
        p.shade(band([(54 + k * 2, 54 + k * 5), (66, 58 + k * 4.4), (78, 66 + k * 2)], 1.4, 1),
            mix(c.deep, c.dark, 0.5), 0.8)
    p.fill([(26, 37), (13, 41.5), (26.5, 46)], c.lamp)
    p.shade([(26, 41.5), (13, 41.5), (26.5, 46)], mix(c.lamp, c.dark, 0.35), 1)
    p.fill(oval(36, 39, 4.6), c.pale)
    p.eye(35.4, 39, 3)
    for x in (44, 53):
        p.fill(band([(x, 77), (x - 1, 84)], 1.6), mix(c.lamp, c.dark, 0.3))
        p.fill(band([(x - 4, 85), (x + 3, 85)], 1.8), mix(c.lamp, c.dark, 0.3))


def owl(p: Pen, c: Coat) -> None:
    """Draw an owl."""
    p.fill(band([(6, 92), (50, 90), (95, 93)], 5, 4, 3), mix((104, 74, 54), c.dark, 0.25))
    p.fill(blob((28, 14), (36, 20), (50, 17), (64, 20), (72, 14), (75, 34), (76, 62), (66, 86),
        (50, 91), (34, 86), (24, 62), (25, 34)), c.main)
    p.shade(blob((50, 46), (64, 52), (65, 72), (50, 88), (35, 72), (36, 52)), c.pale, 1)
    for row in range(4):
        for k in range(4 - row % 2):
            x, y = 40 + k * 6.7 + (row % 2) * 3.3, 56 + row * 7
            p.shade(blob((x - 2.4, y), (x, y + 3), (x + 2.4, y)), c.deep, 0.75)
    wing = blob((25, 42), (33, 50), (35, 66), (30, 82), (22, 72), (21, 56))
    _pair(p, wing, c.deep)
    _pair(p, oval(38, 35, 12.5), c.pale)
    _pair(p, oval(39, 35, 8.4), mix(c.lamp, c.accent, 0.2))
    _pair(p, oval(40, 35, 5.4), c.dark)
    for x in (42, 62):
        p.fill(oval(x, 33, 1.7), WHITE)
    p.fill([(46, 41), (54, 41), (50, 50)], mix(c.lamp, (240, 140, 40), 0.5))
    for x in (42, 58):
        for dx in (-2.6, 0, 2.6):
            p.fill(oval(x + dx, 90, 1.6, 3), mix(c.lamp, (240, 140, 40), 0.5))


def penguin(p: Pen, c: Coat) -> None:
    """Draw a penguin."""
    coat = mix((36, 44, 66), c.main, 0.3)
    for x in (40, 60):
        p.fill(oval(x, 94, 9, 3.6), (245, 160, 60))
    for wing in (blob((28, 44), (20, 56), (14, 72), (20, 76), (29, 64)),):
        _pair(p, wing, mix(coat, c.dark, 0.35))
    p.fill(blob((50, 6), (65, 14), (70, 34), (75, 62), (70, 88), (50, 96), (30, 88), (25, 62),
        (30, 34), (35, 14)), coat)
    p.shade(blob((50, 40), (64, 48), (67, 68), (62, 87), (50, 93), (38, 87), (33, 68), (36, 48)),
        c.pale, 1)
    p.shade(blob((41, 20), (50, 26), (59, 20), (66, 30), (60, 42), (50, 46), (40, 42), (34, 30)),
        c.pale, 1)
    p.eye(42, 27, 2.6)
    p.eye(58, 27, 2.6)
    p.fill([(44, 32), (56, 32), (50, 40)], (245, 160, 60))
    scarf = blob((32, 44), (50, 49), (68, 44), (69, 51), (50, 56), (31, 51))
    p.shade(scarf, c.accent, 1)
    p.fill(blob((58, 50), (67, 50), (69, 70), (61, 71)), mix(c.accent, c.dark, 0.15))


def duck(p: Pen, c: Coat) -> None:
    """Draw a duck that floats."""
    p.fill(blob((22, 62), (36, 56), (56, 58), (76, 60), (95, 48), (93, 70), (80, 86), (50, 90),
        (28, 84)), c.main)
    p.fill(blob((24, 70), (25, 50), (24, 36), (30, 22), (44, 22), (50, 34), (46, 48), (52, 62)),
        c.main)
    p.fill(blob((44, 60), (62, 60), (82, 64), (76, 76), (58, 80), (46, 72)), c.deep)
    for k in range(2):
        p.shade(band([(54, 66 + 5 * k), (66, 68 + 4 * k), (77, 66 + 3 * k)], 1.4),
            mix(c.deep, c.dark, 0.4), 0.7)
    p.fill(blob((28, 30), (16, 33), (8, 38), (14, 43), (28, 42)), (245, 150, 50))
    p.shade(band([(9, 38.5), (27, 37.5)], 1), (190, 100, 30), 1)
    p.eye(34, 31, 2.8)


def swan(p: Pen, c: Coat) -> None:
    """Draw a swan."""
    snow = mix(WHITE, c.main, 0.06)
    shade = mix(snow, (120, 140, 190), 0.3)
    p.fill(blob((28, 74), (40, 62), (60, 56), (80, 54), (97, 44), (96, 66), (82, 86), (54, 92),
        (34, 88)), snow)
    p.fill(band([(34, 78), (24, 62), (32, 44), (36, 28), (28, 17), (20, 20)], 15, 11, 9, 8.5, 10,
        9), snow)
    p.fill(blob((46, 70), (60, 54), (78, 46), (96, 34), (92, 56), (78, 74), (60, 80)),
        mix(snow, shade, 0.5))
    for k in range(3):
        p.shade(band([(58 + 4 * k, 70 - 2 * k), (76 + 3 * k, 58 - 3 * k), (90, 46 + 6 * k)], 1.6,
            0.4), shade, 1)
    p.shade(blob((28, 80), (56, 84), (90, 72), (82, 92), (48, 95)), shade, 0.8)
    p.fill(blob((19, 15), (10, 24), (6, 30), (12, 30), (20, 25)), (240, 130, 50))
    p.fill(blob((21, 14), (15, 18), (18, 22), (23, 18)), c.dark)
    p.fill(oval(23.5, 17.5, 1.2), c.dark)


def flamingo(p: Pen, c: Coat) -> None:
    """Draw a flamingo."""
    leg = mix(c.main, (220, 90, 110), 0.5)
    p.fill(band([(56, 60), (56, 96)], 2), leg)
    p.fill(band([(61, 60), (64, 74), (57, 80)], 2), leg)
    p.fill(band([(51, 96.5), (60, 96.5)], 1.8), leg)
    p.fill(band([(42, 52), (30, 44), (34, 30), (42, 22), (36, 11), (26, 13)], 9, 7, 5.6, 5, 6.4,
        6), c.main)
    p.fill(blob((38, 46), (52, 40), (70, 44), (90, 52), (80, 60), (62, 66), (46, 62)), c.main)
    p.fill(blob((50, 46), (66, 46), (92, 56), (76, 62), (58, 60)), c.deep)
    p.shade(band([(60, 52), (76, 57), (86, 57)], 1.4, 0.5), c.light, 0.8)
    p.fill(blob((28, 10), (20, 14), (17, 22), (21, 24), (26, 17)), c.pale)
    p.shade(blob((22, 17), (16, 20), (17, 26), (23, 24)), c.dark, 1)
    p.fill(oval(29, 12, 1.1), c.dark)


def parrot(p: Pen, c: Coat) -> None:
    """Draw a parrot."""
    p.fill(band([(4, 82), (96, 78)], 4, 3), mix((104, 74, 54), c.dark, 0.25))
    for k, tone in enumerate((c.accent, c.lamp, c.deep)):
        p.fill(band([(56 + k * 3, 66), (62 + k * 4, 84), (66 + k * 5, 98)], 8, 5, 1.5), tone)
    p.fill(blob((40, 10), (54, 10), (62, 22), (66, 44), (66, 66), (56, 78), (44, 72), (36, 56),
        (34, 34), (32, 20)), c.main)
    p.fill(blob((52, 36), (64, 40), (70, 58), (70, 78), (60, 72), (52, 56)), c.accent)
    p.shade(blob((56, 46), (66, 50), (70, 62), (60, 62)), c.lamp, 0.95)
    p.shade(blob((34, 18), (44, 15), (49, 24), (44, 33), (35, 31)), c.pale, 1)
    p.fill(blob((38, 17), (28, 16), (22, 26), (26, 36), (30, 30), (36, 29)),
        mix(c.dark, c.lamp, 0.18))
    p.eye(42, 21.5, 2.5)
    for x in (46, 54):
        p.fill(band([(x - 3, 79), (x + 2, 79)], 2.6), mix(c.dark, c.pale, 0.3))


def eagle(p: Pen, c: Coat) -> None:
    """Draw an eagle in flight with its wings spread."""
    wing = blob((46, 44), (34, 30), (18, 24), (1, 28), (6, 34), (4, 40), (12, 42), (12, 48),
        (20, 50), (24, 56), (36, 58), (46, 60))
    _pair(p, wing, c.main)
    tips = blob((14, 25), (1, 28), (6, 34), (4, 40), (12, 42), (12, 48), (20, 50), (18, 38))
    _pair(p, tips, c.deep)
    p.fill([(44, 66), (56, 66), (62, 88), (50, 84), (38, 88)], c.pale)
    p.fill(blob((50, 30), (57, 40), (58, 58), (50, 74), (42, 58), (43, 40)), c.deep)
    p.fill(blob((50, 24), (56, 30), (55, 40), (50, 44), (45, 40), (44, 30)), c.pale)
    p.fill([(47.5, 28), (52.5, 28), (50, 20)], c.lamp)


def butterfly(p: Pen, c: Coat) -> None:
    """Draw a butterfly."""
    upper = blob((49, 46), (38, 22), (22, 10), (7, 12), (6, 28), (14, 44), (28, 54), (48, 54))
    lower = blob((49, 54), (30, 54), (16, 62), (16, 78), (28, 90), (40, 84), (48, 68))
    for wing, tone in ((upper, c.main), (lower, mix(c.main, c.accent, 0.55))):
        _pair(p, wing, mix(tone, c.dark, 0.72))
        inner = [(x * 0.86 + 49 * 0.14, y * 0.86 + 50 * 0.14) for x, y in wing]
        _pair(p, inner, tone)
    _pair(p, blob((44, 46), (34, 28), (22, 20), (16, 28), (26, 42), (40, 50)),
        mix(c.main, WHITE, 0.4))
    _pair(p, blob((44, 58), (32, 60), (24, 70), (32, 80), (42, 70)), mix(c.accent, WHITE, 0.25))
    for x, y, r in ((10, 18, 1.8), (9, 26, 1.6), (13, 35, 1.5), (20, 82, 1.7), (28, 87, 1.5),
        (18, 73, 1.4)):
        _pair(p, oval(x, y, r), c.pale)
    p.fill(band([(50, 34), (50, 54), (50, 76)], 4.4, 4, 1.6), c.dark)
    p.fill(oval(50, 33, 3.4), c.dark)
    for line in (band([(50, 32), (44, 20), (38, 15)], 0.9),
        band([(50, 32), (56, 20), (62, 15)], 0.9)):
        p.fill(line, c.dark)
    _pair(p, oval(38, 15, 1.4), c.dark)


def bee(p: Pen, c: Coat) -> None:
    """Draw a bee."""
    for turn in (-28, 8):
        p.fill(turned(oval(56, 26, 9, 20), turn, (54, 44)), mix(WHITE, (160, 210, 240), 0.35))
    p.fill([(88, 56), (97, 62), (87, 66)], c.dark)
    p.fill(blob((24, 46), (40, 38), (64, 38), (84, 50), (86, 64), (68, 76), (42, 76), (24, 66)),
        (250, 196, 60))
    for x in (46, 60, 74):
        p.shade(blob((x - 4, 41), (x + 4, 41), (x + 5, 56), (x + 3, 80), (x - 5, 80), (x - 3, 56)),
            c.dark, 1)
    p.fill(oval(26, 56, 14), (250, 196, 60))
    p.eye(22, 54, 3.2)
    p.fill(band([(17, 62), (21, 65), (26, 64)], 1), c.dark)
    for dx in (0, 8):
        p.fill(band([(22 + dx, 44), (18 + dx, 34), (12 + dx, 30)], 1.2), c.dark)
        p.fill(oval(12 + dx, 30, 1.9), c.dark)
    p.shade(blob((26, 66), (56, 72), (86, 62), (70, 82), (40, 82)), (190, 110, 40), 0.35)


def chicken(p: Pen, c: Coat) -> None:
    """Draw a chicken."""
    hen = mix(c.main, WHITE, 0.15)
    for k in range(3):
        p.fill(move(blob((76, 48), (88, 28), (96, 30), (92, 52), (82, 62)), -3 * k, 5 * k),
            mix(c.deep, c.dark, 0.15 * k))
    p.fill(blob((24, 30), (36, 22), (46, 32), (56, 48), (76, 46), (86, 52), (82, 72), (64, 84),
        (42, 84), (28, 70), (22, 50)), hen)
    p.fill(blob((46, 54), (62, 52), (76, 58), (70, 72), (54, 74)), c.deep)
    for x, y in ((27, 17), (33, 14), (39, 17)):
        p.fill(oval(x, y, 4.4, 5.4), (222, 60, 60))
    p.fill(oval(33, 24, 10, 9), hen)
    p.fill([(24, 24), (13, 29), (24, 33)], (245, 160, 60))
    p.fill(oval(23, 37, 3, 4.6), (222, 60, 60))
    p.eye(30, 25, 2.4)
    for x in (48, 60):
        p.fill(band([(x, 82), (x, 95)], 2), (240, 150, 50))
        p.fill(band([(x - 5, 96), (x + 4, 96)], 2), (240, 150, 50))
