"""Food and drink."""

from __future__ import annotations

from ..drawing.colour import RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import band, blob, oval, rounded, turned
from .things import STEEL

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off


def cake(p: Pen, c: Coat) -> None:
    """Draw a cake with candles."""
    for x in (38, 50, 62):
        p.fill(rounded(x - 1.4, 18, x + 1.4, 34, 0.6), c.accent)
        p.fill(blob((x, 8), (x + 2.4, 14), (x, 18), (x - 2.4, 14)), (255, 190, 70))
    p.fill(oval(50, 90, 44, 6), STEEL)
    for x0, y0, x1, y1, tone in ((14, 60, 86, 88, c.main),
        (26, 32, 74, 62, mix(c.main, c.pale, 0.4))):
        p.fill(rounded(x0, y0, x1, y1, 5), tone)
        p.shade(rounded(x1 - 18, y0, x1 + 1, y1 + 1, 4), c.deep, 0.35)
        icing = [(x0 - 1, y0)]
        n = round((x1 - x0) / 8)
        for k in range(n + 1):
            x = x0 + (x1 - x0) * k / n
            icing += [(x - 1.6, y0 + 8 + (k * 5) % 7), (x + 1.6, y0 + 8 + (k * 5) % 7),
                (x + 3.4, y0 + 6)]
        p.shade([*icing, (x1 + 2, y0)], c.pale, 1)
    for k in range(10):
        p.shade(oval(18 + 7 * k, 80 + (k % 2) * 3, 1.8), c.accent, 1)
    for x in (32, 44, 56, 68):
        p.fill(oval(x, 32, 3.2), (222, 60, 70))


def icecream(p: Pen, c: Coat) -> None:
    """Draw an ice-cream cone with three scoops."""
    cone: RGB = (222, 164, 96)
    p.fill([(32, 50), (68, 50), (50, 98)], cone)
    for k in range(-5, 8):
        p.shade(band([(28 + 7 * k, 48), (54 + 7 * k, 100)], 0.9), (176, 116, 62), 0.8)
        p.shade(band([(72 - 7 * k, 48), (46 - 7 * k, 100)], 0.9), (176, 116, 62), 0.8)
    for x, y, r, tone in ((38, 38, 15, c.pale), (62, 38, 15, c.accent), (50, 22, 16, c.main)):
        p.fill(oval(x, y, r), tone)
        p.shade(oval(x - r * 0.36, y - r * 0.4, r * 0.3, r * 0.18, -35), WHITE, 0.6)
    p.fill(blob((24, 46), (36, 44), (50, 47), (64, 44), (76, 46), (70, 56), (62, 52), (56, 60),
        (48, 53), (40, 58), (32, 52)), mix(c.main, c.deep, 0.2))
    p.fill(oval(52, 6, 4.4), (214, 40, 60))
    p.fill(band([(53, 4), (58, -1)], 1), (96, 128, 70))
    for k in range(12):
        x, y = 40 + (k * 13) % 22, 12 + (k * 7) % 18
        p.shade(band([(x, y), (x + 2, y + 1.4)], 1), (c.lamp, c.accent, WHITE)[k % 3], 1)


def burger(p: Pen, c: Coat) -> None:
    """Draw a burger."""
    bun: RGB = (226, 152, 72)
    p.fill(rounded(14, 76, 86, 92, 8), bun)
    p.shade(rounded(14, 84, 86, 93, 6), (170, 96, 44), 0.5)
    p.fill(rounded(11, 65, 89, 78, 6), (112, 64, 46))
    p.fill([(12, 60), (88, 60), (84, 68), (74, 64), (66, 74), (58, 65), (12, 66)], (252, 200, 70))
    p.fill(blob((9, 60), (18, 54), (50, 55), (82, 54), (91, 60), (82, 63), (74, 60), (64, 64),
        (54, 60), (42, 64), (32, 60), (20, 64)), (120, 184, 82))
    p.fill(rounded(14, 50, 86, 57, 3), (222, 72, 60))
    p.fill(blob((12, 50), (16, 28), (34, 14), (50, 12), (66, 14), (84, 28), (88, 50), (50, 53)),
        bun)
    p.shade(blob((62, 12), (90, 30), (90, 54), (66, 54), (76, 36)), (170, 96, 44), 0.45)
    for x, y, t in ((34, 24, 20), (48, 19, 80), (62, 24, -20), (42, 32, 60), (56, 32, 10),
        (28, 36, -30), (70, 36, 40)):
        p.fill(oval(x, y, 2.2, 1.2, t), c.pale)


def pizza(p: Pen, c: Coat) -> None:
    """Draw a slice of pizza."""
    p.fill([(10, 18), (90, 18), (50, 97)], mix((250, 206, 96), c.main, 0.12))
    p.fill(blob((6, 20), (12, 8), (50, 3), (88, 8), (94, 20), (50, 26)), (206, 138, 72))
    p.shade(blob((10, 12), (50, 6), (90, 12), (50, 14)), (236, 180, 112), 0.8)
    for x, y, h in ((34, 60, 12), (58, 76, 12), (66, 40, 9)):
        p.fill(band([(x, y), (x, y + h)], 4.6, 3), (250, 206, 96))
    for x, y, r in ((34, 36, 8), (62, 34, 8), (50, 58, 7.4), (48, 80, 4)):
        p.fill(oval(x, y, r), (196, 62, 52))
        p.shade(oval(x - 1, y - 1, r * 0.72), (224, 92, 74), 0.9)
    for x, y, t in ((48, 38, 30), (38, 52, -40), (60, 50, 70), (50, 70, 10)):
        p.fill(oval(x, y, 3.4, 1.6, t), (92, 152, 80))


def cup(p: Pen, c: Coat) -> None:
    """Draw a steaming cup of coffee on its saucer."""
    for x, s in ((38, 1), (48, -1), (58, 1)):
        p.fill(band([(x, 34), (x + 3 * s, 26), (x - 3 * s, 17), (x + 2 * s, 7)], 1, 2, 1.8, 0.4),
            mix(WHITE, c.dark, 0.1))
    p.fill(oval(48, 87, 42, 8.5), mix(c.main, c.dark, 0.2))
    p.fill(oval(48, 85.4, 42, 8), c.light)
    p.fill(oval(48, 86, 27, 4.6), mix(c.light, c.deep, 0.35))
    ring = band([(74, 52), (86, 49), (92, 58), (84, 68), (70, 72)], 5.6, 5.2, 5.2, 5, 4.6)
    p.fill(ring, c.main)
    p.fill(blob((20, 46), (48, 50), (76, 46), (74, 64), (64, 82), (48, 87), (32, 82), (22, 64)),
        c.main)
    p.shade(blob((58, 46), (80, 44), (76, 68), (60, 88), (48, 88), (62, 70)), c.deep, 0.65)
    p.shade(band([(25, 54), (28, 68), (35, 79)], 2.4, 3.2, 1.2), WHITE, 0.4)
    p.fill(oval(48, 45, 28.6, 7.6), c.light)
    p.fill(oval(48, 45.4, 26, 6.2), (92, 54, 38))
    p.shade(oval(48, 45.2, 16, 3.8), (206, 160, 116), 1)
    p.shade(blob((48, 48.2), (40, 44.6), (44, 43), (48, 44.4), (52, 43), (56, 44.6)), (92, 54, 38),
        1)
    p.shade(blob((48, 47.2), (43, 44.8), (48, 45), (53, 44.8)), (240, 214, 180), 1)


def teapot(p: Pen, c: Coat) -> None:
    """Draw a teapot."""
    p.fill(band([(24, 66), (12, 58), (10, 44), (3, 40)], 13, 9, 6, 5), c.main)
    p.fill(band([(76, 46), (93, 46), (94, 66), (76, 74)], 5, 5.4, 5, 4.4), c.deep)
    p.fill(blob((18, 62), (24, 44), (48, 36), (74, 44), (80, 62), (70, 84), (48, 90), (28, 84)),
        c.main)
    p.shade(blob((62, 38), (84, 60), (70, 90), (46, 92), (66, 72)), c.deep, 0.6)
    p.fill(rounded(34, 86, 64, 92, 3), c.deep)
    p.fill(blob((30, 42), (48, 30), (67, 42), (48, 46)), c.light)
    p.fill(oval(48, 28, 4.6), c.accent)
    p.shade(blob((24, 60), (30, 48), (36, 46), (31, 58), (29, 70)), WHITE, 0.4)
    for k in range(5):
        x = 30 + 9 * k
        for j in range(5):
            p.shade(turned(oval(x, 61.4, 1.6, 2.6), 72 * j, (x, 64)), c.pale, 0.95)
        p.shade(oval(x, 64, 1.2), c.accent, 1)
