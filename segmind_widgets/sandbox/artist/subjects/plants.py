"""Plants: trees, flowers, mushrooms, fruit."""

from __future__ import annotations

import math

from ..drawing.colour import RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import Outline, band, blob, move, oval, rounded, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off

BARK: RGB = (104, 74, 58)
LEAF: RGB = (84, 150, 92)


def _crown(p: Pen, c: Coat, puffs: list[tuple[float, float, float]]) -> None:
    for dx, dy, tone, zoom in ((1.5, 2.5, c.deep, 1.0), (-0.5, -0.5, c.main, 0.94),
        (-2.5, -3, mix(c.main, c.light, 0.55), 0.55)):
        for x, y, r in puffs:
            p.fill(oval(x + dx, y + dy, r * zoom), tone)


def tree(p: Pen, c: Coat) -> None:
    """Draw a broad-leaved tree."""
    p.fill(blob((45, 58), (55, 58), (56, 80), (63, 97), (50, 94), (37, 97), (44, 80)), BARK)
    p.fill(band([(50, 74), (38, 60), (32, 50)], 5, 3.4, 2), BARK)
    p.fill(band([(51, 70), (62, 60), (68, 50)], 5, 3.4, 2), BARK)
    p.shade(blob((52, 58), (58, 58), (58, 82), (66, 98), (54, 96)), (60, 40, 50), 0.45)
    _crown(p, c, [(28, 46, 16), (72, 46, 16), (50, 52, 17), (36, 28, 17), (64, 28, 17),
        (50, 18, 15), (50, 38, 18)])


def blossom_tree(p: Pen, c: Coat) -> None:
    """Draw a cherry tree in flower."""
    for path, widths in (([(50, 97), (47, 76), (53, 62), (50, 46)], (11, 7, 5.6, 3)),
        ([(52, 64), (68, 54), (80, 44)], (4.6, 3, 1.5)),
                         ([(48, 70), (34, 58), (18, 50)], (4.6, 3, 1.5)), ([(50, 52), (38, 38),
                             (36, 26)], (3.4, 2.2, 1)),
                         ([(51, 50), (60, 36), (64, 24)], (3.4, 2.2, 1))):
        p.fill(band(path, *widths), mix(BARK, (60, 40, 60), 0.4))
    pink = Coat(mix((250, 176, 200), c.main, 0.25), c.accent)
    _crown(p, pink, [(18, 46, 11), (82, 42, 11), (30, 32, 13), (70, 28, 13), (50, 22, 14),
        (42, 40, 10), (60, 42, 10)])
    for k in range(26):
        x, y = 16 + (k * 37) % 68, 18 + (k * 23) % 34
        p.shade(oval(x, y, 1.3), WHITE, 0.75)
    for x, y, turn in ((22, 72, 20), (76, 66, 70), (66, 82, 40), (32, 86, 10), (84, 88, 60)):
        p.fill(oval(x, y, 1.7, 1, turn), pink.main)


def fir(p: Pen, c: Coat) -> None:
    """Draw a conifer."""
    p.fill(rounded(46, 84, 54, 97, 1), BARK)
    for k in range(4):
        top, foot, half = 4 + 17 * k, 36 + 18 * k, 17 + 7 * k
        p.fill([(50, top), (50 + half, foot), (50 + half * 0.6, foot - 2),
            (50 + half * 0.3, foot + 2.6), (50, foot - 1),
                (50 - half * 0.3, foot + 2.6), (50 - half * 0.6, foot - 2), (50 - half,
                    foot)], c.main)
        p.shade([(50, top), (50 + half, foot), (50 + half * 0.3, foot + 3), (50, foot)], c.deep,
            0.7)
        p.shade([(50 - half, foot), (50, foot - 8), (50 + half, foot), (50, foot - 3)], c.deep, 0.5)


def palm(p: Pen, c: Coat) -> None:
    """Draw a palm tree."""
    p.fill(blob((22, 97), (36, 90), (52, 88), (68, 90), (80, 97), (50, 99)), (236, 206, 150))
    p.fill(band([(46, 92), (50, 66), (58, 44), (60, 30)], 6.4, 5, 4.4, 4), (150, 104, 70))
    for k in range(9):
        y = 88 - 6 * k
        p.shade(band([(40, y), (70, y - 2)], 1), (94, 62, 48), 0.55)
    for a, reach in ((-200, 36), (-172, 34), (-140, 30), (-108, 26), (-72, 26), (-38, 32),
        (-8, 36), (20, 36), (160 - 360, 30)):
        t = math.radians(a)
        mid = 60 + math.cos(t) * reach * 0.55, 28 + math.sin(t) * reach * 0.5 - 4
        tip = 60 + math.cos(t) * reach, 28 + math.sin(t) * reach * 0.5 + reach * 0.3
        tone = c.main if math.cos(t) < 0.2 else c.deep
        p.fill(blob((60, 28), (mid[0], mid[1] - 2.5), tip,
            (mid[0] * 0.96 + 60 * 0.04, mid[1] + 5)), tone)
        p.shade(band([(60, 28), mid, tip], 0.9, 0.4), c.light, 0.8)
    for x, y in ((57, 31), (63, 31.5), (60, 34)):
        p.fill(oval(x, y, 3), (126, 80, 52))


def cactus(p: Pen, c: Coat) -> None:
    """Draw a cactus."""
    p.fill(band([(30, 66), (22, 62), (21, 46)], 9, 9.5, 9), c.deep)
    p.fill(band([(70, 58), (79, 54), (80, 36)], 9, 9.5, 9), c.deep)
    p.fill(band([(40, 66), (30, 66)], 9), c.deep)
    p.fill(band([(60, 58), (70, 58)], 9), c.deep)
    p.fill(band([(50, 96), (50, 20)], 22, 20), c.main)
    for x in (44, 50, 56):
        p.shade(band([(x, 12), (x, 97)], 1.2), c.deep, 0.8)
    for k in range(6):
        for x in (41, 47, 53, 59):
            p.fill(oval(x, 22 + 12 * k + (x % 3), 0.6), c.pale)
    for x, y, r in ((50, 9, 6), (21, 41, 4), (80, 31, 4)):
        for k in range(5):
            p.fill(turned(oval(x, y - r * 0.55, r * 0.4, r * 0.55), 72 * k, (x, y)), c.accent)
        p.fill(oval(x, y, r * 0.26), c.lamp)
    p.erase([(0, 97), (100, 97), (100, 110), (0, 110)])


def flower(p: Pen, c: Coat) -> None:
    """Draw a daisy-like flower with two leaves."""
    stem = mix(LEAF, (20, 70, 60), 0.3)
    p.fill(band([(50, 42), (53, 66), (49, 97)], 3, 3.2, 3.4), stem)
    for leaf, tone in ((blob((51, 80), (62, 66), (80, 60), (74, 76), (60, 84)), LEAF),
        (blob((50, 88), (40, 74), (22, 68), (28, 84), (42, 92)), mix(LEAF, stem, 0.5))):
        p.fill(leaf, tone)
    p.shade(band([(52, 80), (66, 72), (78, 62)], 1), stem, 0.9)
    p.shade(band([(49, 88), (36, 80), (25, 71)], 1), stem, 0.9)
    for layer, tone, size in ((0, c.deep, 1), (16, c.main, 0.93)):
        for k in range(11):
            p.fill(turned(oval(50, 32 - 19 * size, 6.4, 14 * size), k * 360 / 11 + layer,
                (50, 32)), tone)
    for k in range(11):
        p.shade(turned(band([(50, 26), (50, 8)], 1, 0.4), k * 360 / 11 + 16, (50, 32)), c.light,
            0.7)
    p.fill(oval(50, 32, 9.6), mix(c.lamp, (200, 110, 40), 0.35))
    p.fill(oval(49, 31, 7.6), c.lamp)
    for k in range(12):
        a = k * 2.4
        p.shade(oval(50 + a**0.62 * math.cos(a), 32 + a**0.62 * math.sin(a), 0.7), (190, 110, 40),
            0.7)


def rose(p: Pen, c: Coat) -> None:
    """Draw a rose."""
    stem = mix(LEAF, (20, 70, 60), 0.35)
    p.fill(band([(50, 50), (47, 72), (51, 97)], 3, 3, 3.2), stem)
    for leaf in (blob((48, 78), (34, 66), (18, 68), (28, 82), (40, 84)),
        blob((50, 70), (62, 60), (80, 62), (70, 76), (58, 76))):
        p.fill(leaf, LEAF)
    p.shade(band([(47, 78), (34, 74), (21, 70)], 0.9), stem, 0.9)
    p.shade(band([(51, 70), (64, 68), (77, 63)], 0.9), stem, 0.9)
    p.fill(blob((30, 44), (50, 56), (70, 44), (60, 60), (50, 62), (40, 60)), stem)
    p.fill(blob((24, 24), (34, 10), (50, 6), (66, 10), (76, 24), (72, 44), (58, 56), (42, 56),
        (28, 44)), c.deep)
    p.fill(blob((24, 26), (36, 30), (48, 42), (52, 56), (38, 54), (27, 42)), c.main)
    p.fill(blob((76, 26), (66, 28), (54, 40), (50, 56), (62, 54), (73, 42)),
        mix(c.main, c.deep, 0.35))
    p.fill(blob((34, 20), (44, 10), (58, 10), (68, 20), (62, 34), (50, 40), (38, 34)), c.main)
    p.fill(blob((40, 22), (48, 15), (58, 17), (62, 25), (54, 32), (44, 31)), c.deep)
    p.fill(blob((44, 22), (50, 18), (57, 21), (56, 27), (49, 29)), c.light)
    p.fill(band([(48, 23), (52, 21), (54, 25), (50, 26)], 1), c.deep)


def sunflower(p: Pen, c: Coat) -> None:
    """Draw a sunflower."""
    stem = mix(LEAF, (20, 70, 60), 0.3)
    p.fill(band([(50, 40), (52, 70), (50, 97)], 4), stem)
    p.fill(blob((51, 82), (64, 64), (84, 64), (78, 82), (62, 88)), LEAF)
    p.fill(blob((50, 88), (38, 72), (18, 74), (26, 90), (42, 94)), mix(LEAF, stem, 0.4))
    gold = mix((250, 190, 40), c.main, 0.2)
    for layer, tone in ((0, mix(gold, (210, 110, 30), 0.5)), (11.25, gold)):
        for k in range(16):
            p.fill(turned(blob((50, 0), (54, 8), (52, 20), (48, 20), (46, 8)), k * 22.5 + layer,
                (50, 33)), tone)
    p.fill(oval(50, 33, 17), (88, 50, 36))
    p.fill(oval(50, 33, 12), (120, 70, 42))
    for k in range(60):
        a, r = k * 2.39996, 1.95 * k**0.5
        p.fill(oval(50 + r * math.cos(a), 33 + r * math.sin(a), 0.7), (60, 34, 30))


def tulip(p: Pen, c: Coat) -> None:
    """Draw a tulip."""
    stem = mix(LEAF, (20, 70, 60), 0.2)
    p.fill(band([(50, 44), (50, 97)], 3.6), stem)
    p.fill(blob((50, 97), (40, 80), (28, 52), (44, 66), (52, 86)), LEAF)
    p.fill(blob((50, 97), (60, 82), (74, 58), (58, 70), (49, 88)), mix(LEAF, stem, 0.5))
    p.fill(blob((50, 8), (60, 26), (56, 48), (44, 48), (40, 26)), c.deep)
    p.fill(blob((30, 12), (40, 20), (50, 40), (52, 54), (38, 52), (30, 36)), c.main)
    p.fill(blob((70, 12), (60, 20), (50, 40), (48, 54), (62, 52), (70, 36)),
        mix(c.main, c.light, 0.4))


def mushroom(p: Pen, c: Coat) -> None:
    """Draw two mushrooms."""
    p.fill(blob((68, 97), (70, 82), (74, 76), (80, 82), (82, 97)), mix(c.pale, c.dark, 0.08))
    p.fill(blob((58, 80), (64, 68), (76, 64), (88, 70), (92, 80), (76, 83)),
        mix(c.main, c.deep, 0.4))
    for x, y, r in ((68, 73, 2.4), (78, 70, 2), (85, 77, 2.2)):
        p.fill(oval(x, y, r, r * 0.8), c.pale)
    p.fill(blob((36, 52), (56, 52), (55, 74), (60, 94), (46, 98), (32, 94), (37, 74)), c.pale)
    p.shade(blob((48, 50), (58, 52), (58, 76), (64, 98), (50, 98), (52, 74)),
        mix(c.pale, (110, 80, 110), 0.5), 0.5)
    p.fill(blob((10, 48), (16, 26), (32, 10), (46, 6), (60, 10), (76, 26), (84, 48), (66, 56),
        (46, 58), (26, 56)), c.main)
    p.shade(blob((56, 6), (80, 24), (88, 50), (60, 60), (70, 40), (66, 22)), c.deep, 0.65)
    p.fill(blob((14, 49), (46, 45), (80, 49), (64, 57), (46, 59), (28, 57)),
        mix(c.pale, c.dark, 0.16))
    for k in range(11):
        x = 22 + 5 * k
        p.shade(band([(46 + (x - 46) * 0.6, 46), (x, 58)], 0.7), mix(c.pale, c.dark, 0.4), 0.7)
    for x, y, r in ((34, 24, 6), (54, 18, 4.4), (22, 38, 4.2), (48, 35, 5.4), (66, 34, 4.6),
        (40, 12, 2.6), (76, 43, 2.4)):
        p.fill(oval(x, y, r, r * 0.84), c.pale)
    p.shade(band([(19, 34), (28, 20), (38, 13)], 2, 3, 1), WHITE, 0.3)


def _leaf(p: Pen, x: float, y: float, zoom: float = 1, tone: RGB = LEAF) -> None:
    p.fill(move(blob((0, 0), (6, -9), (18, -11), (15, -2), (7, 2)), x, y, zoom), tone)
    p.shade(move(band([(1, -1), (9, -6), (16, -10)], 0.8), x, y, zoom),
        mix(tone, (20, 60, 50), 0.5), 0.8)


def apple(p: Pen, c: Coat) -> None:
    """Draw an apple."""
    p.fill(blob((50, 28), (62, 20), (78, 24), (87, 42), (82, 66), (68, 90), (58, 94), (50, 91),
        (42, 94), (32, 90), (18, 66), (13, 42), (22, 24), (38, 20)), c.main)
    p.shade(blob((66, 18), (92, 40), (84, 72), (66, 96), (52, 96), (72, 72), (76, 40)), c.deep, 0.6)
    p.shade(blob((24, 34), (32, 28), (34, 40), (28, 54), (22, 48)), WHITE, 0.4)
    p.shade(oval(50, 28, 9, 3.4), c.deep, 0.7)
    p.fill(band([(50, 29), (51, 18), (56, 9)], 2.6, 2.2, 3), BARK)
    _leaf(p, 52, 19, 1.4)


def orange(p: Pen, c: Coat) -> None:
    """Draw a whole orange and half an orange."""
    p.fill(oval(40, 52, 30), c.main)
    p.shade(blob((52, 24), (72, 48), (60, 78), (40, 84), (56, 62), (58, 42)), c.deep, 0.5)
    for k in range(22):
        p.shade(oval(18 + (k * 29) % 46, 30 + (k * 17) % 46, 0.8), c.deep, 0.5)
    p.shade(oval(28, 38, 5, 8, 30), WHITE, 0.35)
    _leaf(p, 40, 24, 1.5)
    p.fill(oval(68, 68, 25), c.main)
    p.fill(oval(68, 68, 22.6), c.pale)
    for k in range(9):
        wedge: Outline = [(68, 66.6), *[(68 + 20.6 * math.sin(math.radians(a)),
            68 - 20.6 * math.cos(math.radians(a))) for a in range(-17, 18, 4)]]
        p.fill(turned(wedge, 40 * k, (68, 68)), mix(c.main, c.light, 0.45))


def pumpkin(p: Pen, c: Coat) -> None:
    """Draw a pumpkin."""
    for x, r in ((24, 17), (76, 17), (36, 19), (64, 19), (50, 18)):
        p.fill(oval(x, 62, r, 30), c.deep if x in (36, 64) else c.main)
        p.shade(oval(x - r * 0.3, 54, r * 0.34, 19), c.light, 0.4)
    p.fill(blob((45, 34), (46, 22), (40, 13), (48, 12), (54, 22), (56, 34)), (96, 128, 70))
    p.fill(band([(54, 30), (66, 26), (70, 18), (78, 20)], 1.4, 1, 0.6), (96, 128, 70))


def strawberry(p: Pen, c: Coat) -> None:
    """Draw a strawberry."""
    p.fill(blob((50, 24), (70, 22), (84, 36), (78, 60), (62, 84), (50, 94), (38, 84), (22, 60),
        (16, 36), (30, 22)), c.main)
    p.shade(blob((68, 20), (88, 36), (80, 64), (54, 96), (66, 64), (72, 40)), c.deep, 0.55)
    for row in range(5):
        for k in range(5 - row // 2):
            x, y = 30 + 10.4 * k + 5.2 * (row % 2) + row * 2, 38 + 11 * row
            p.shade(oval(x, y, 1.3, 2), (255, 226, 140), 1)
    for k in range(7):
        p.fill(turned(blob((50, 24), (55, 14), (50, 2), (45, 14)), -90 + 30 * k, (50, 24)),
            LEAF if k % 2 else mix(LEAF, (20, 70, 60), 0.3))
    p.fill(band([(50, 22), (52, 10)], 2.4), mix(LEAF, (20, 70, 60), 0.4))


def lemon(p: Pen, c: Coat) -> None:
    """Draw a lemon."""
    p.fill(blob((8, 54), (18, 46), (32, 30), (54, 26), (74, 36), (84, 48), (93, 52), (86, 60),
        (74, 74), (52, 82), (28, 76), (16, 62)), c.main)
    p.shade(blob((30, 74), (60, 74), (84, 58), (94, 54), (76, 80), (48, 88)), c.deep, 0.5)
    p.shade(blob((30, 42), (44, 34), (56, 34), (44, 42), (34, 52)), WHITE, 0.5)
    for k in range(14):
        p.shade(oval(28 + (k * 29) % 46, 40 + (k * 13) % 34, 0.8), c.deep, 0.5)
    _leaf(p, 54, 26, 1.5)
