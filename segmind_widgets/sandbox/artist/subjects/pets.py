"""Sitting animals that face the viewer: one shared body; ears, tail and markings differ."""

from __future__ import annotations

from ..drawing.colour import BLACK, RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import Outline, band, blob, mirror, oval, turned

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off

HEAD = blob((50, 15), (65, 19), (73, 34), (67, 47), (50, 52), (33, 47), (27, 34), (35, 19))
ROUND_HEAD = oval(50, 33, 23, 20)


def _both(p: Pen, outline: Outline, colour: RGB, tint: float | None = None) -> None:
    for side in (outline, mirror(outline)):
        if tint is None:
            p.fill(side, colour)
        else:
            p.shade(side, colour, tint)


def _body(p: Pen, c: Coat, chest: RGB | None = None, feet: RGB | None = None) -> None:
    body = blob((50, 44), (62, 54), (71, 76), (70, 93), (50, 97), (30, 93), (29, 76), (38, 54))
    p.fill(body, c.main)
    p.shade(blob((58, 48), (71, 76), (72, 97), (54, 97), (58, 76)), c.deep, 0.55)
    if chest:
        p.shade(blob((50, 50), (60, 58), (57, 67), (50, 74), (43, 67), (40, 58)), chest, 1)
    _both(p, blob((30, 78), (37, 76), (41, 88), (40, 97), (28, 97), (25, 88)),
        mix(c.main, c.deep, 0.35))
    legs = band([(45, 68), (44.5, 80), (44, 93)], 8, 7)
    _both(p, legs, mix(c.main, c.light, 0.25))
    p.shade(band([(50, 73), (50, 95)], 2.2, 3.2), mix(c.deep, c.dark, 0.2), 1)
    _both(p, oval(43, 94.5, 6.2, 3.6), feet or c.light)
    for x in (41.5, 44.5):
        _both(p, band([(x, 93.5), (x, 96.5)], 0.6), c.deep, 0.8)


def _face(p: Pen, eye: RGB = (40, 30, 44), y: float = 35, gap: float = 9.5) -> None:
    p.eye(50 - gap, y, 3.3, eye)
    p.eye(50 + gap, y, 3.3, eye)


def _nose(p: Pen, colour: RGB, y: float = 42, size: float = 2.6) -> None:
    p.fill(blob((50 - size, y - 1), (50, y - 1.6), (50 + size, y - 1), (50, y + size * 0.9)),
        colour)
    line = band([(50, y + 1), (49, y + 4.4), (45.5, y + 4.2)], 0.9, 0.7)
    _both(p, line, mix(colour, BLACK, 0.55))


def _cheeks(p: Pen, colour: RGB = (240, 130, 130)) -> None:
    _both(p, oval(34.5, 42, 3.6, 2.4), colour, 0.4)


def _shadow_under_head(p: Pen, c: Coat) -> None:
    p.shade(blob((34, 50), (50, 56), (66, 50), (60, 60), (50, 63), (40, 60)), c.deep, 0.32)


def cat(p: Pen, c: Coat) -> None:
    """Draw a sitting cat."""
    p.fill(band([(64, 92), (82, 93), (90, 80), (85, 66), (89, 58)], 8, 8, 7, 5), c.main)
    p.shade(band([(90, 82), (85, 66), (89, 58)], 7, 6), c.deep, 0.6)
    _body(p, c, chest=c.pale, feet=c.pale)
    _shadow_under_head(p, c)
    _both(p, blob((28, 32), (27.5, 18), (29, 6), (30.5, 4.5), (38, 10), (50, 19), (40, 30)), c.main)
    _both(p, blob((32, 23), (31.5, 10.5), (42, 18.5)), mix(c.main, (240, 140, 140), 0.65))
    p.fill(HEAD, c.main)
    for x, tall in ((50, 13), (44, 10), (56, 10)):
        p.shade(band([(x, 13), (50 + (x - 50) * 0.8, 14 + tall)], 2.6, 0.6), c.deep, 0.8)
    _both(p, band([(27, 38), (35, 38)], 2.4, 0.6), c.deep, 0.7)
    _both(p, band([(28.5, 43), (35, 41.6)], 2.2, 0.6), c.deep, 0.7)
    p.shade(blob((50, 37), (59, 42), (58, 49), (50, 53), (42, 49), (41, 42)), c.pale, 1)
    _face(p, mix(c.accent, (40, 90, 60), 0.4))
    _both(p, oval(40.5, 35, 1.1, 2.9), (18, 14, 24))
    _both(p, oval(41.4, 33.6, 0.9), WHITE)
    _nose(p, (226, 120, 124))
    for dy in (-1.2, 1.8):
        _both(p, band([(40, 44.5 + dy * 0.6), (24, 43.5 + dy * 2)], 0.55, 0.25),
            mix(c.pale, c.dark, 0.1))


def dog(p: Pen, c: Coat) -> None:
    """Draw a sitting dog."""
    p.fill(band([(66, 90), (82, 84), (88, 68)], 8, 6, 4), c.main)
    _body(p, c, chest=c.pale, feet=c.pale)
    _shadow_under_head(p, c)
    p.fill(ROUND_HEAD, c.main)
    p.fill(blob((50, 14), (67, 20), (70, 36), (62, 48), (50, 54), (38, 48), (30, 36), (33, 20)),
        c.main)
    p.shade(blob((50, 12), (54, 24), (55, 34), (50, 38), (45, 34), (46, 24)), c.pale, 1)
    p.fill(blob((50, 35), (60, 40), (61, 48), (50, 55), (39, 48), (40, 40)), c.pale)
    ear = blob((35, 15), (27, 16), (20, 30), (20, 45), (26, 50), (32, 42), (35, 28))
    _both(p, ear, mix(c.deep, c.dark, 0.25))
    p.fill(blob((47, 49), (53, 49), (53.5, 56), (50, 59), (46.5, 56)), (235, 110, 120))
    p.shade(band([(50, 50), (50, 57)], 0.7), (200, 80, 95), 1)
    _face(p, gap=10, y=32)
    _nose(p, (42, 34, 44), 42, 4)
    collar = band([(37, 53), (50, 58.5), (63, 53)], 3.6)
    p.shade(collar, c.accent, 1)
    p.fill(oval(50, 62, 3), c.lamp)


def fox(p: Pen, c: Coat) -> None:
    """Draw a sitting fox."""
    tail = blob((60, 94), (80, 96), (95, 82), (94, 60), (86, 46), (82, 62), (76, 76), (62, 84))
    p.fill(tail, c.main)
    p.shade(blob((95, 64), (93, 54), (86, 44), (80, 62), (86, 66), (89, 61), (92, 67)), c.pale, 1)
    p.shade(blob((66, 95), (82, 97), (97, 80), (95, 70), (86, 84)), c.deep, 0.5)
    sock = mix(c.dark, c.main, 0.18)
    _body(p, c, chest=c.pale, feet=sock)
    _both(p, band([(44.3, 84), (44, 93)], 7.2), sock, 1)
    _shadow_under_head(p, c)
    _both(p, blob((29, 30), (27, 15), (30, 2), (41, 12), (48, 20)), c.main)
    _both(p, blob((31, 16), (30, 8), (31, 3), (37, 9)), sock, 1)
    _both(p, blob((32, 22), (33, 12), (42, 19), (38, 24)), c.pale)
    p.fill(blob((50, 16), (64, 20), (76, 38), (66, 43), (55, 53), (50, 55), (45, 53), (34, 43),
        (24, 38), (36, 20)), c.main)
    cheek = blob((24, 38), (33, 34), (43, 37), (48, 46), (50, 56), (44, 54), (33, 45))
    _both(p, cheek, c.pale, 1)
    p.shade(blob((50, 16), (64, 20), (76, 38), (60, 32), (54, 24)), c.deep, 0.3)
    _face(p, y=34, gap=9)
    p.fill(blob((46.5, 49), (50, 48), (53.5, 49), (50, 53.5)), c.dark)


def rabbit(p: Pen, c: Coat) -> None:
    """Draw a sitting rabbit."""
    p.fill(oval(72, 88, 7.5), c.pale)
    _body(p, c, chest=c.pale, feet=c.pale)
    _shadow_under_head(p, c)
    for x, turn in ((41, -7), (59, 8)):
        p.fill(oval(x, 15, 6, 15, turn), c.main)
        p.shade(oval(x, 16, 3, 11, turn), (244, 160, 165), 0.75)
    p.fill(blob((50, 19), (63, 22), (71, 36), (66, 48), (50, 53), (34, 48), (29, 36), (37, 22)),
        c.main)
    p.shade(blob((58, 18), (74, 36), (66, 52), (62, 40)), c.deep, 0.3)
    _both(p, oval(45.5, 45.5, 6, 4.6), c.pale)
    _cheeks(p)
    _face(p, y=34.5, gap=10)
    _nose(p, (226, 120, 130), 41, 2.4)
    p.fill([(48, 48.6), (52, 48.6), (51.8, 52), (48.2, 52)], WHITE)


def bear(p: Pen, c: Coat) -> None:
    """Draw a sitting bear."""
    _body(p, c, chest=mix(c.light, c.main, 0.3), feet=c.deep)
    _shadow_under_head(p, c)
    _both(p, oval(32, 17, 8), c.main)
    _both(p, oval(32, 17.5, 4.6), mix(c.deep, (220, 130, 110), 0.25))
    p.fill(oval(50, 34, 24, 20.5), c.main)
    p.shade(blob((60, 14), (76, 34), (64, 55), (66, 36)), c.deep, 0.35)
    p.fill(oval(50, 43, 11, 8.6), c.light)
    _face(p, y=32, gap=10)
    _nose(p, c.dark, 40, 3.8)


def panda(p: Pen, c: Coat) -> None:
    """Draw a sitting panda."""
    ink, snow = mix(c.dark, BLACK, 0.3), mix(WHITE, c.main, 0.06)
    suit = Coat(snow, c.accent, c.lamp, c.dark, c.pale)
    _body(p, suit, feet=ink)
    p.shade(blob((30, 52), (50, 48), (70, 52), (74, 66), (50, 62), (26, 66)), ink, 1)
    _both(p, band([(43, 58), (40, 72), (42, 90)], 12, 10, 9), ink, 1)
    _both(p, oval(34, 92, 9, 7), ink, 1)
    _both(p, oval(31, 16, 8), ink)
    p.fill(oval(50, 34, 25, 20.5), snow)
    p.shade(blob((62, 14), (78, 34), (64, 56), (68, 36)), (190, 190, 210), 0.5)
    _both(p, oval(39.5, 34, 5.6, 7, 28), ink, 1)
    for x in (40.6, 59.4):
        p.fill(oval(x, 34.4, 2.4), WHITE)
        p.fill(oval(x + 0.2, 34.6, 1.7), ink)
    _nose(p, ink, 42, 3)


def lion(p: Pen, c: Coat) -> None:
    """Draw a sitting lion."""
    p.fill(band([(66, 92), (84, 90), (88, 74)], 5, 4, 3), c.main)
    mane = mix((146, 72, 30), c.deep, 0.4)
    p.fill(blob((88, 76), (93, 66), (88, 58), (84, 68)), mane)
    _body(p, c, chest=c.light, feet=c.light)
    for k, size in ((0, 31), (1, 27)):
        shade = mix(mane, c.main, 0.28 * k)
        for a in range(15):
            p.fill(turned(oval(50, 34 - size * 0.66, 8.5, size * 0.42), 24 * a + 12 * k, (50, 34)),
                shade)
    _both(p, oval(34, 18, 5.4), c.main)
    p.fill(blob((50, 17), (62, 20), (68, 34), (63, 46), (50, 52), (37, 46), (32, 34), (38, 20)),
        c.main)
    p.shade(blob((57, 16), (70, 34), (62, 50), (60, 34)), c.deep, 0.3)
    _both(p, oval(45.5, 45, 6.4, 4.6), c.pale)
    _face(p, (70, 46, 20), y=33, gap=8.6)
    _nose(p, (120, 60, 50), 40.5, 4)


def tiger(p: Pen, c: Coat) -> None:
    """Draw a sitting tiger."""
    ink = mix(c.dark, BLACK, 0.3)
    p.fill(band([(64, 92), (82, 93), (90, 80), (86, 64)], 7, 7, 6, 5), c.main)
    for x, y in ((80, 93), (88, 86), (88.5, 76), (86, 66)):
        p.shade(oval(x, y, 1.8, 5, 50), ink, 1)
    _body(p, c, chest=c.pale, feet=c.pale)
    for y in (58, 68, 78):
        _both(p, band([(26, y), (38, y + 3)], 3.4, 0.4), ink, 1)
    _both(p, oval(32, 17, 7.5), c.main)
    _both(p, oval(32, 17.5, 4.2), c.pale)
    p.fill(HEAD, c.main)
    p.shade(blob((50, 38), (62, 40), (64, 48), (50, 54), (36, 48), (38, 40)), c.pale, 1)
    for y, reach in ((18, 5), (23, 7)):
        p.shade(band([(50 - reach, y - 1), (50, y + 1.5), (50 + reach, y - 1)], 0.5, 2.6, 0.5),
            ink, 1)
    for y in (30, 37, 44):
        _both(p, band([(26, y), (36, y + 1.5)], 3, 0.4), ink, 1)
    _face(p, (60, 80, 40), y=34, gap=9)
    _nose(p, (226, 120, 124), 42, 3.4)


def koala(p: Pen, c: Coat) -> None:
    """Draw a sitting koala."""
    _body(p, c, chest=c.pale, feet=c.deep)
    _shadow_under_head(p, c)
    _both(p, blob((34, 12), (20, 10), (12, 22), (16, 34), (28, 36)), c.main)
    _both(p, blob((32, 16), (22, 15), (17, 23), (20, 31), (28, 32)),
        mix(c.pale, (240, 170, 180), 0.35))
    p.fill(oval(50, 34, 23, 20), c.main)
    p.shade(blob((60, 14), (75, 34), (64, 54), (65, 36)), c.deep, 0.35)
    p.fill(oval(50, 39, 5.2, 8), c.dark)
    p.shade(oval(48.6, 35.5, 1.4, 2.6), WHITE, 0.35)
    _face(p, y=33, gap=12)
    p.fill(band([(45, 49), (50, 51), (55, 49)], 0.9), c.dark)


def mouse(p: Pen, c: Coat) -> None:
    """Draw a sitting mouse."""
    p.fill(band([(64, 94), (84, 95), (90, 82), (82, 74), (86, 66)], 3, 2.4, 1), (232, 150, 155))
    _body(p, c, chest=c.pale, feet=(240, 170, 170))
    _shadow_under_head(p, c)
    _both(p, oval(29, 19, 13), c.main)
    _both(p, oval(29, 20, 9), (240, 165, 172))
    p.fill(blob((50, 17), (64, 22), (70, 36), (60, 48), (50, 53), (40, 48), (30, 36), (36, 22)),
        c.main)
    _cheeks(p)
    _face(p, y=35, gap=9)
    _nose(p, (226, 110, 120), 45, 2.8)


def frog(p: Pen, c: Coat) -> None:
    """Draw a sitting frog."""
    _both(p, blob((30, 60), (14, 72), (10, 90), (28, 97), (40, 88)), c.deep)
    p.fill(blob((50, 36), (70, 46), (76, 72), (68, 93), (50, 97), (32, 93), (24, 72), (30, 46)),
        c.main)
    p.shade(blob((50, 58), (65, 68), (62, 90), (50, 95), (38, 90), (35, 68)), c.pale, 0.9)
    _both(p, band([(38, 68), (35, 82), (36, 94)], 8, 6, 6), c.main)
    _both(p, band([(29, 96), (36, 93), (43, 96)], 3, 4, 3), c.deep)
    _both(p, oval(33, 24, 11), c.main)
    p.fill(blob((50, 24), (72, 30), (80, 42), (68, 54), (50, 57), (32, 54), (20, 42), (28, 30)),
        c.main)
    p.shade(blob((64, 24), (82, 42), (66, 57), (70, 40)), c.deep, 0.4)
    for x in (33, 67):
        p.fill(oval(x, 23, 7), c.pale)
        p.fill(oval(x, 23, 5), c.accent)
        p.fill(oval(x, 23, 4.2, 1.9), c.dark)
        p.fill(oval(x + 1.8, 21, 1.2), WHITE)
    p.fill(band([(28, 44), (38, 49), (50, 50.5), (62, 49), (72, 44)], 1.2), c.dark)
    _both(p, oval(46.5, 38, 0.9), c.dark)
    _cheeks(p)
