"""Single buildings: a house, a castle, a lighthouse and others."""

from __future__ import annotations

from ..drawing.colour import RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import Outline, arch, band, blob, mirror, oval, rounded, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off


def _both(p: Pen, outline: Outline, colour: RGB) -> None:
    p.fill(outline, colour)
    p.fill(mirror(outline), colour)


def _pane(p: Pen, c: Coat, x0: float, y0: float, x1: float, y1: float) -> None:
    p.fill([(x0 - 1, y0 - 1), (x1 + 1, y0 - 1), (x1 + 1, y1 + 1), (x0 - 1, y1 + 1)], c.pale)
    p.fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], c.lamp)
    p.shade([(x0, (y0 + y1) / 2), (x1, y0), (x1, y1), (x0, y1)], (240, 150, 60), 0.22)
    mx, my = (x0 + x1) / 2, (y0 + y1) / 2
    p.fill(band([(mx, y0), (mx, y1)], 0.9), c.pale)
    p.fill(band([(x0, my), (x1, my)], 0.9), c.pale)


def house(p: Pen, c: Coat) -> None:
    """Draw a cottage with a steep roof and a smoking chimney."""
    for x, y, r in ((70, 10, 3), (74, 5, 4.4), (81, 1, 5.6)):
        p.fill(oval(x, y + 4, r), mix(WHITE, c.dark, 0.12))
    p.fill([(64, 14), (73, 14), (73, 40), (64, 40)], mix(c.accent, c.dark, 0.35))
    wall = mix(c.pale, c.main, 0.12)
    p.fill([(18, 52), (50, 24), (82, 52), (82, 97), (18, 97)], wall)
    p.shade([(58, 30), (84, 52), (84, 98), (58, 98)], mix(wall, (60, 50, 110), 0.4), 0.45)
    p.shade([(17, 50), (50, 26), (83, 50), (83, 58), (50, 33), (17, 58)], mix(wall, c.dark, 0.5),
        0.4)
    p.fill([(50, 15), (94, 53), (88, 59), (50, 26.5), (12, 59), (6, 53)], c.main)
    p.shade([(50, 15), (94, 53), (88, 59), (50, 26.5)], c.deep, 0.6)
    p.fill(oval(50, 43, 5.6), c.pale)
    p.fill(oval(50, 43, 4.4), c.lamp)
    _pane(p, c, 26, 62, 39, 78)
    _pane(p, c, 61, 62, 74, 78)
    p.fill(arch(43.5, 64, 56.5, 97), c.pale)
    p.fill(arch(45, 66, 55, 97), mix(c.accent, c.dark, 0.15))
    p.fill(oval(53, 83, 0.9), c.lamp)
    for x, r in ((20, 6), (28, 5), (78, 6.5), (71, 4.6), (86, 4)):
        p.fill(oval(x, 97 - r * 0.5, r), mix((70, 130, 84), c.dark, 0.15))
    p.erase([(0, 97.6), (100, 97.6), (100, 100), (0, 100)])


def castle(p: Pen, c: Coat) -> None:
    """Draw a castle."""
    stone = mix(c.pale, c.main, 0.28)
    deep = mix(stone, (60, 50, 110), 0.38)

    def tower(x0: float, x1: float, top: float, roof: float, tone: RGB) -> None:
        p.fill([(x0, top), (x1, top), (x1, 97), (x0, 97)], tone)
        p.shade([(x0 + (x1 - x0) * 0.62, top), (x1, top), (x1, 97), (x0 + (x1 - x0) * 0.62, 97)],
            deep, 0.6)
        p.fill([(x0 - 1.6, top), (x1 + 1.6, top), (x1, top + 4), (x0, top + 4)],
            mix(tone, WHITE, 0.25))
        mid = (x0 + x1) / 2
        p.fill([(x0 - 2.4, top), (mid, roof), (x1 + 2.4, top)], c.accent)
        p.shade([(mid, roof), (x1 + 2.4, top), (mid + 1, top)], mix(c.accent, c.dark, 0.4), 0.6)
        p.fill(band([(mid, roof + 1), (mid, roof - 7)], 0.8), c.dark)
        p.fill([(mid, roof - 7), (mid + 7, roof - 5), (mid, roof - 3)], c.main)
        p.fill(arch(mid - 1.7, top + 9, mid + 1.7, top + 17), c.lamp)

    tower(42, 58, 32, 8, stone)
    tower(27, 38, 46, 26, mix(stone, deep, 0.3))
    tower(62, 73, 42, 22, mix(stone, deep, 0.3))
    p.fill([(16, 62), (84, 62), (84, 97), (16, 97)], stone)
    for k in range(9):
        x = 17 + 7.7 * k
        p.fill([(x, 57.6), (x + 4.2, 57.6), (x + 4.2, 63), (x, 63)], stone)
    p.shade([(58, 57), (84, 57), (84, 97), (58, 97)], deep, 0.3)
    tower(7, 21, 56, 34, stone)
    tower(79, 93, 56, 34, stone)
    p.fill(arch(42, 72, 58, 97), deep)
    p.fill(arch(44, 75, 56, 97), mix(c.dark, (110, 70, 50), 0.4))
    for x in (30, 66):
        p.fill(arch(x, 72, x + 4, 82), c.lamp)
    for x, y in ((26, 90), (36, 84), (64, 90), (70, 68), (33, 67), (60, 66)):
        p.shade(rounded(x, y, x + 4, y + 1.6, 0.4), deep, 0.5)


def lighthouse(p: Pen, c: Coat) -> None:
    """Draw a lighthouse."""
    p.fill(blob((14, 97), (20, 88), (34, 84), (50, 86), (66, 82), (80, 88), (88, 97), (50, 99)),
        mix(c.dark, (110, 104, 120), 0.6))
    p.fill([(60, 76), (78, 76), (78, 90), (60, 90)], c.pale)
    p.fill([(57, 77), (69, 67), (81, 77)], c.main)
    p.fill([(66, 80), (71, 80), (71, 85), (66, 85)], c.lamp)
    shaft = [(42, 30), (58, 30), (64, 90), (36, 90)]
    p.fill(shaft, c.pale)
    for k in (0, 2, 4):
        y0, y1 = 30 + 12 * k, 42 + 12 * k
        left0, left1 = 42 - 6 * (y0 - 30) / 60, 42 - 6 * (y1 - 30) / 60
        p.fill([(left0, y0), (100 - left0, y0), (100 - left1, y1), (left1, y1)], c.main)
    p.shade([(52, 29), (66, 29), (66, 91), (55, 91)], mix(c.deep, (40, 30, 90), 0.3), 0.35)
    p.fill(rounded(37, 27, 63, 31, 1), c.dark)
    p.fill([(43, 15), (57, 15), (57, 27), (43, 27)], c.lamp)
    for x in (43, 50, 57):
        p.fill(band([(x, 15), (x, 27)], 1), c.dark)
    p.fill(blob((40, 15), (50, 5), (60, 15)), c.main)
    p.fill(rounded(39.5, 13.6, 60.5, 16, 1), c.dark)
    p.fill(band([(50, 7), (50, 1)], 1), c.dark)
    for y in (48, 64):
        p.fill(arch(48, y, 52, y + 7), mix(c.dark, c.lamp, 0.1))
    p.fill(arch(46, 78, 54, 90), mix(c.dark, (120, 70, 40), 0.4))


def windmill(p: Pen, c: Coat) -> None:
    """Draw a windmill."""
    wall = mix(c.pale, c.main, 0.1)
    p.fill([(38, 42), (62, 42), (70, 97), (30, 97)], wall)
    p.shade([(52, 42), (62, 42), (72, 98), (55, 98)], mix(wall, (60, 50, 110), 0.5), 0.45)
    p.fill(rounded(30, 66, 70, 70, 1), mix(c.main, c.dark, 0.3))
    p.fill(blob((36, 43), (40, 31), (50, 26), (60, 31), (64, 43), (50, 44)), c.main)
    p.fill(arch(45, 80, 55, 97), mix(c.main, c.dark, 0.4))
    for y in (52, 74):
        p.fill(arch(47.6, y, 52.4, y + 8), c.lamp)
    for k in range(4):
        spin = 20 + 90 * k
        for part, tone in (
            (rounded(49.2, -2, 50.8, 37, 0.5), c.dark),
            (rounded(51, -2, 59, 27, 0.5), mix(c.pale, WHITE, 0.5)),
        ):
            p.fill(turned(part, spin, (50, 38)), tone)
        for j in range(5):
            p.fill(turned(band([(51, 2 + 6 * j), (59, 2 + 6 * j)], 0.7), spin, (50, 38)), c.dark)
    p.fill(oval(50, 38, 2.6), c.accent)


def temple(p: Pen, c: Coat) -> None:
    """Draw a pagoda."""
    wood, cream = mix(c.main, (150, 50, 40), 0.3), c.pale
    p.fill(rounded(24, 92, 76, 97, 1), mix(c.dark, cream, 0.5))
    for k in range(4):
        half, foot = 24 - 4.4 * k, 92 - 20 * k
        p.fill([(50 - half * 0.72, foot - 13), (50 + half * 0.72, foot - 13),
            (50 + half * 0.72, foot), (50 - half * 0.72, foot)], cream)
        for j in range(5):
            x = 50 - half * 0.7 + half * 1.4 * j / 4
            p.fill(band([(x, foot - 13), (x, foot)], 1.5), wood)
        for j in (1, 2):
            x = 50 - half * 0.7 + half * 1.4 * (j * 2 - 1) / 4 / 1
            p.fill([(x - 0.2, foot - 9), (x + half * 0.3, foot - 9), (x + half * 0.3, foot - 2),
                (x - 0.2, foot - 2)], c.lamp)
        p.shade([(50 + half * 0.25, foot - 13), (50 + half, foot - 13), (50 + half, foot),
            (50 + half * 0.25, foot)], c.deep, 0.35)
        y = foot - 13
        eave = [(50 - half * 1.45, y - 1.5), (50 - half * 1.2, y + 1.6),
            (50 + half * 1.2, y + 1.6), (50 + half * 1.45, y - 1.5),
                (50 + half * 1.0, y - 2.2), (50 + half * 0.66, y - 7), (50 - half * 0.66,
                    y - 7), (50 - half, y - 2.2)]
        p.fill(eave, mix(c.accent, c.dark, 0.45))
        p.shade([(50 + half * 0.2, y - 7), (50 + half * 1.5, y - 7), (50 + half * 1.5, y + 2),
            (50 + half * 0.3, y + 2)], c.dark, 0.3)
    p.fill(band([(50, 14), (50, 0)], 1.4, 0.6), c.lamp)
    for y in (4, 7, 10):
        p.fill(oval(50, y, 2.2, 0.8), c.lamp)


def tent(p: Pen, c: Coat) -> None:
    """Draw a tent."""
    p.fill([(50, 22), (97, 94), (3, 94)], c.main)
    p.fill([(50, 22), (97, 94), (66, 94)], c.deep)
    p.fill([(50, 22), (64, 94), (36, 94)], mix(c.lamp, c.main, 0.25))
    p.shade([(50, 50), (60, 94), (40, 94)], c.lamp, 0.9)
    p.fill([(50, 22), (40, 94), (34, 94)], c.light)
    p.fill([(50, 22), (60, 94), (66, 94)], mix(c.main, c.light, 0.3))
    for a, b in (((50, 24), (44, 14)), ((50, 24), (56, 14))):
        p.fill(band([a, b], 1.6), c.dark)
    p.fill(band([(8, 90), (1, 97)], 0.8), c.dark)
    p.fill(band([(92, 90), (99, 97)], 0.8), c.dark)


def tower(p: Pen, c: Coat) -> None:
    """Draw an iron tower on four curved feet."""
    iron = mix(c.main, c.dark, 0.45)
    leg = [(48.6, 10), (47, 34), (42, 58), (34, 78), (22, 97), (32, 97), (41, 80), (46.5, 62),
        (50, 40), (50, 10)]
    _both(p, leg, iron)
    p.fill(band([(50, 12), (50, 0)], 1.4, 0.5), iron)
    for y, half in ((34, 5), (58, 10), (80, 17)):
        p.fill(rounded(50 - half, y - 1.4, 50 + half, y + 1.4, 0.6), mix(iron, WHITE, 0.14))
    for y0, y1, a, b in ((36, 46, 3, 4.6), (46, 57, 4.6, 7.4), (61, 70, 8, 11.4),
        (70, 79, 11.4, 15)):
        for s in (-1, 1):
            p.fill(band([(50 - s * a, y0), (50 + s * b, y1)], 0.8), iron)
    p.erase(blob((50, 83), (62, 88), (67, 99), (33, 99), (38, 88)))
    for y in (20, 33, 57, 79):
        p.fill(oval(50, y, 0.9), c.lamp)
    p.shade([(51, 0), (80, 0), (80, 100), (51, 100)], c.dark, 0.25)


def bridge(p: Pen, c: Coat) -> None:
    """Draw a suspension bridge (twice as wide as high)."""
    steel = mix(c.main, c.dark, 0.1)
    for k in range(33):
        x = 2 + 3 * k
        u = (x - 27) / 46
        sag = 22 + 38 * (1 - 4 * (u - 0.5) ** 2) if 27 <= x <= 73 else 22 + 1.5 * min(abs(x - 27),
            abs(x - 73))
        if sag < 66:
            p.fill(band([(x, sag), (x, 66)], 0.4), steel)
    p.fill(band([(27 + 46 * t / 20, 22 + 38 * (1 - 4 * (t / 20 - 0.5) ** 2)) for t in range(21)],
        1.1, smooth=False), steel)
    for a, b in (((27, 22), (-2, 66)), ((73, 22), (102, 66))):
        p.fill(band([a, b], 1.1), steel)
    for x in (27, 73):
        for dx in (-2.6, 2.6):
            p.fill(rounded(x + dx - 1.1, 16, x + dx + 1.1, 97, 0.4), c.main)
        for y in (20, 34, 48, 74):
            p.fill(rounded(x - 3.4, y, x + 3.4, y + 2.4, 0.3), c.main)
        p.shade(rounded(x + 1.4, 14, x + 4, 98, 0.3), c.deep, 0.8)
    p.fill(rounded(-2, 65, 102, 68.4, 0.4), c.deep)
    p.fill(rounded(-2, 64, 102, 65.6, 0.4), c.light)
