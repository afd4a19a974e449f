"""Four-legged animals in side view."""

from __future__ import annotations

from ..drawing.colour import BLACK, RGB, WHITE, mix
from ..drawing.pen import Coat, Pen
from ..drawing.shapes import Outline, band, blob, move, oval

# The formatter is off: one point per line would make the drawing unreadable.
# fmt: off


def _far_legs(p: Pen, c: Coat, legs: list[Outline]) -> None:
    for leg in legs:
        p.fill(move(leg, 5, -1.5), c.deep)


def _equine(p: Pen, c: Coat, mane: RGB) -> None:
    """Draw a standing horse with its head raised, facing left."""
    front = [band([(36, 58), (35, 72), (34.5, 80), (34, 92)], 10, 6, 4.2, 3.8)]
    back = [band([(76, 52), (78, 66), (74, 78), (76, 92)], 17, 9, 4.8, 4)]
    for dx, legs in ((-8, front), (-9, back)):
        for leg in legs:
            p.fill(move(leg, dx, 0), mix(c.deep, c.dark, 0.25))
            p.fill(move(blob((31, 92), (37, 92), (38, 97), (30, 97)),
                dx + (42 if legs is back else 0), 0), c.dark)
    tail = blob((82, 40), (91, 46), (96, 62), (93, 82), (88, 74), (86, 58), (80, 48))
    p.fill(tail, mane)
    for leg in (*front, *back):
        p.fill(leg, c.main)
    body = blob((32, 44), (44, 40), (60, 43), (74, 37), (84, 43), (85, 56), (76, 64), (56, 66),
        (38, 66), (29, 58))
    p.fill(body, c.main)
    p.shade(blob((30, 60), (56, 60), (84, 54), (80, 68), (50, 70), (34, 68)), c.deep, 0.6)
    neck = blob((29, 58), (27, 44), (24, 30), (24, 16), (31, 10), (37, 22), (46, 36), (52, 44),
        (42, 58))
    p.fill(neck, c.main)
    head = blob((31, 8), (24, 10), (15, 22), (9, 28), (9, 33), (14, 35), (20, 31), (27, 28),
        (34, 20))
    p.fill(head, c.main)
    p.shade(blob((8, 27), (13, 27), (16, 35), (8, 36)), mix(c.deep, c.dark, 0.4), 0.8)
    p.shade(blob((31, 22), (26, 30), (30, 46), (38, 60), (46, 52), (36, 36)), c.deep, 0.35)
    p.fill([(27, 11), (27.5, 1.5), (33, 9)], c.main)
    p.fill([(31, 10), (33.5, 2), (36, 11)], c.deep)
    p.fill(blob((27, 5), (34, 6), (41, 18), (50, 31), (57, 41), (49, 43), (40, 34), (35, 24),
        (31, 13)), mane)
    p.fill(blob((29, 5), (24, 9), (21, 16), (25, 14), (30, 9)), mane)
    p.fill(oval(22.5, 18, 1.7), c.dark)
    p.fill(oval(22.1, 17.4, 0.5), WHITE)
    p.fill(oval(11, 30.5, 0.9, 0.7), c.dark)
    for x in (31, 73):
        p.fill(blob((x, 92), (x + 6, 92), (x + 7, 97), (x - 1, 97)), c.dark)


def horse(p: Pen, c: Coat) -> None:
    """Draw a horse."""
    _equine(p, c, mix(c.deep, c.dark, 0.6))


def zebra(p: Pen, c: Coat) -> None:
    """Draw a zebra."""
    ink = (34, 32, 40)
    _equine(p, Coat(mix(WHITE, c.main, 0.08), c.accent, c.lamp, c.dark, c.pale), ink)
    for k in range(7):
        x = 50 + k * 5.2
        p.shade(band([(x + 4, 36), (x, 50), (x + 3, 63)], 3, 2.4, 0.4), ink, 0.92)
    for k in range(6):
        y = 20 + k * 6.2
        p.shade(band([(22, y + 2), (32, y), (44 + k, y + 3)], 0.4, 2.6, 1.6), ink, 0.92)
    for x, y in ((14, 25), (18, 21), (24, 24)):
        p.shade(band([(x, y - 4), (x + 2, y + 6)], 1.6, 0.5), ink, 0.9)
    for y in (70, 76, 82):
        p.shade(band([(20, y), (90, y + 1)], 1.8), ink, 0.85)


def unicorn(p: Pen, c: Coat) -> None:
    """Draw a unicorn."""
    snow = Coat(mix(WHITE, c.main, 0.12), c.accent, c.lamp, mix(c.dark, c.accent, 0.3), c.pale)
    _equine(p, snow, c.accent)
    second = mix(c.lamp, c.accent, 0.35)
    p.shade(blob((33, 8), (41, 20), (52, 36), (48, 40), (38, 28)), second, 0.8)
    p.shade(blob((86, 44), (93, 58), (93, 76), (89, 60)), second, 0.8)
    p.fill([(22, 12), (8, 1), (26.5, 8)], c.lamp)
    for x in (13, 16.5, 20):
        p.shade(band([(x, 4 + (x - 13) * 0.4), (x - 1, 8)], 0.8), mix(c.lamp, c.dark, 0.4), 0.6)


def deer(p: Pen, c: Coat) -> None:
    """Draw a stag with a slim body, a raised head and antlers."""
    horn = mix((112, 84, 60), c.dark, 0.25)
    legs = [band([(40, 62), (39, 76), (38.5, 95)], 7.5, 3.6, 2.6),
        band([(72, 60), (75, 72), (72, 80), (73, 95)], 11, 5.5, 3.2, 2.6)]
    for leg in legs:
        p.fill(move(leg, -6, 0), mix(c.deep, c.dark, 0.2))
    p.fill(blob((78, 50), (85, 52), (84, 60), (79, 58)), c.pale)
    for leg in legs:
        p.fill(leg, c.main)
    p.fill(blob((34, 52), (44, 49), (60, 51), (74, 48), (80, 54), (79, 64), (66, 69), (46, 70),
        (35, 64)), c.main)
    p.shade(blob((34, 64), (56, 65), (80, 62), (70, 72), (44, 73)), c.pale, 0.75)
    p.fill(blob((32, 62), (30, 48), (29, 36), (37, 34), (42, 46), (48, 54), (44, 66)), c.main)
    p.shade(blob((31, 42), (34, 40), (36, 54), (42, 64), (35, 66), (31, 54)), c.pale, 0.8)
    p.fill(blob((36, 29), (28, 29), (19, 36), (17, 40), (21, 42), (29, 41), (37, 39)), c.main)
    p.shade(blob((16, 37), (20, 38), (21, 43), (15, 43)), c.dark, 0.9)
    p.fill(blob((37, 31), (46, 25), (49, 27), (44, 34), (38, 36)), c.main)
    p.shade(blob((39, 31), (46, 27), (43, 33)), mix(c.pale, (230, 160, 140), 0.4), 0.9)
    p.fill(oval(27.5, 33.5, 1.5), c.dark)
    for dx, tone in ((3.5, mix(horn, c.deep, 0.3)), (0, horn)):
        p.fill(band([(33 + dx, 30), (37 + dx, 20), (35 + dx, 10), (30 + dx, 2)], 2.6, 2.2, 1.6,
            0.6), tone)
        for a, b in (((36, 23), (27, 17)), ((36.6, 17), (45, 10)), ((35.6, 12), (26, 8)),
            ((36, 13), (42, 3))):
            p.fill(band([(a[0] + dx, a[1]), ((a[0] + b[0]) / 2 + dx, (a[1] + b[1]) / 2 + 1.6),
                (b[0] + dx, b[1])], 1.9, 1.5, 0.5), tone)
    for x, y in ((54, 55), (60, 57), (66, 54), (72, 56), (58, 60), (65, 60), (49, 57)):
        p.shade(oval(x, y, 1.2), c.pale, 0.8)
    for x in (32.5, 38.5, 67, 73):
        p.fill(blob((x - 1.7, 93), (x + 1.7, 93), (x + 2, 97), (x - 2.4, 97)), c.dark)


def elephant(p: Pen, c: Coat) -> None:
    """Draw an elephant."""
    for x in (44, 82):
        p.fill([(x - 6, 62), (x + 7, 62), (x + 6, 96), (x - 5, 96)], c.deep)
    p.fill(band([(92, 46), (97, 58), (95, 70)], 2.4, 1.6, 2.6), c.deep)
    p.fill(blob((36, 34), (52, 24), (74, 24), (90, 36), (95, 54), (90, 70), (72, 76), (46, 76),
        (34, 62)), c.main)
    for x in (52, 74):
        p.fill(blob((x, 60), (x + 16, 60), (x + 15, 80), (x + 15, 96.5), (x + 1, 96.5), (x, 80)),
            c.main)
        for k in range(3):
            p.fill(oval(x + 3.4 + 4.6 * k, 95.5, 2, 1.8), c.pale)
    p.shade(blob((46, 70), (70, 68), (94, 56), (92, 76), (66, 80), (46, 80)), c.deep, 0.5)
    trunk = [(22, 48), (14, 62), (13, 78), (18, 90), (26, 88)]
    p.fill(band(trunk, 17, 12, 8.5, 7, 5), c.main)
    for k in range(6):
        y = 60 + k * 5
        p.shade(band([(7, y), (14, y + 1.5), (20, y)], 0.8), c.deep, 0.6)
    p.fill(blob((16, 34), (26, 20), (42, 22), (48, 36), (44, 52), (30, 60), (18, 54)), c.main)
    p.fill(band([(25, 57), (19, 68), (9, 73)], 5, 3.6, 1), c.pale)
    ear = blob((38, 22), (52, 18), (62, 28), (62, 48), (52, 60), (44, 54), (38, 40))
    p.fill(ear, mix(c.main, c.deep, 0.45))
    p.shade(blob((42, 28), (52, 25), (57, 34), (56, 47), (50, 54), (46, 48), (42, 38)),
        mix(c.deep, (226, 140, 150), 0.5), 0.6)
    p.fill(oval(27, 37, 1.9), c.dark)
    p.fill(oval(26.5, 36.3, 0.6), WHITE)


def giraffe(p: Pen, c: Coat) -> None:
    """Draw a giraffe."""
    spot = mix((150, 82, 40), c.deep, 0.35)
    legs = [band([(46, 66), (45, 80), (45, 95)], 7, 3.8, 3),
        band([(70, 66), (73, 80), (72, 95)], 9, 4.4, 3)]
    for leg in legs:
        p.fill(move(leg, -6, 0), c.deep)
    p.fill(band([(77, 58), (83, 68), (82, 76)], 2, 1, 2.6), spot)
    for leg in legs:
        p.fill(leg, c.main)
    p.fill(blob((40, 58), (52, 54), (68, 55), (78, 59), (78, 70), (64, 73), (46, 73), (39, 67)),
        c.main)
    p.fill(blob((38, 68), (34, 40), (30, 16), (37, 12), (42, 34), (54, 56), (50, 68)), c.main)
    p.fill(blob((36, 8), (28, 9), (18, 17), (17, 22), (23, 24), (33, 20), (39, 14)), c.main)
    p.shade(blob((16, 17), (21, 17), (24, 25), (15, 25)), c.pale, 1)
    for x in (31, 36):
        p.fill(band([(x, 9), (x, 2)], 1.6), c.main)
        p.fill(oval(x, 2, 1.6), spot)
    p.fill(blob((38, 10), (46, 7), (46, 11), (40, 14)), c.main)
    p.fill(band([(39, 14), (43, 32), (55, 54)], 2.4, 2.6, 1.6), spot)
    for x, y, r in ((34, 20, 2.6), (37, 28, 2.8), (36, 38, 3), (40, 44, 3), (38, 52, 3.4),
        (45, 54, 3), (42, 62, 3.6),
                    (51, 60, 3.8), (60, 59, 3.8), (69, 61, 3.6), (55, 68, 3.4), (64, 67, 3.8), (73,
                        67, 3), (48, 68, 2.6),
                    (72, 76, 2), (46, 76, 1.8)):
        p.shade(blob((x - r, y - r * 0.6), (x + r * 0.5, y - r), (x + r, y + r * 0.4),
            (x - r * 0.4, y + r)), spot, 0.9)
    p.fill(oval(28, 14, 1.4), c.dark)


def sheep(p: Pen, c: Coat) -> None:
    """Draw a sheep."""
    skin, wool = mix((58, 50, 60), c.dark, 0.3), mix(WHITE, c.main, 0.12)
    for x in (36, 44, 66, 74):
        p.fill(band([(x, 70), (x, 95)], 5, 4.4), skin)
    puffs = [(30, 52, 13), (40, 42, 14), (54, 38, 14), (68, 42, 14), (78, 54, 13), (72, 66, 13),
        (56, 70, 14), (40, 66, 13), (55, 55, 22)]
    for x, y, r in puffs:
        p.fill(oval(x, y + 1.5, r), mix(wool, c.dark, 0.14))
    for x, y, r in puffs:
        p.fill(oval(x - 0.8, y - 0.8, r * 0.9), wool)
    p.shade(blob((26, 64), (54, 72), (88, 58), (80, 82), (50, 86), (30, 80)),
        mix(wool, c.dark, 0.3), 0.45)
    p.fill(blob((26, 34), (35, 38), (36, 50), (29, 62), (21, 62), (16, 50), (18, 38)), skin)
    p.fill(oval(38, 43, 6.5, 3, 20), skin)
    p.fill(oval(15, 43, 6, 3, -20), skin)
    for x in (21.5, 30.5):
        p.fill(oval(x, 47, 2.2), WHITE)
        p.fill(oval(x, 47.3, 1.3), c.dark)
    for x, y, r in ((22, 35, 6), (30, 33, 7), (26, 31, 6)):
        p.fill(oval(x, y, r), wool)


def cow(p: Pen, c: Coat) -> None:
    """Draw a cow."""
    hide = mix(WHITE, c.main, 0.06)
    patch = mix((52, 42, 46), c.deep, 0.25)
    for x in (40, 82):
        p.fill(band([(x, 64), (x, 95)], 8, 6), mix(hide, c.dark, 0.3))
    p.fill(band([(92, 40), (96, 58), (94, 68)], 2, 1.6, 4), patch)
    for x in (32, 74):
        p.fill(band([(x, 60), (x + 1, 95)], 11, 7), hide)
        p.fill([(x - 2.6, 92), (x + 4.6, 92), (x + 5, 97), (x - 3, 97)], c.dark)
    p.fill(blob((26, 38), (44, 34), (70, 34), (90, 36), (94, 50), (90, 66), (64, 74), (36, 70),
        (26, 58)), hide)
    p.fill(blob((62, 70), (72, 70), (70, 80), (63, 79)), (240, 160, 165))
    for spot in (blob((44, 32), (60, 32), (58, 50), (46, 52)),
        blob((72, 40), (88, 34), (96, 52), (84, 60)), blob((52, 64), (64, 58), (66, 76), (52, 76))):
        p.shade(spot, patch, 1)
    p.shade(blob((28, 62), (60, 66), (94, 54), (90, 78), (40, 80)), mix(hide, c.dark, 0.45), 0.35)
    p.fill(blob((12, 30), (24, 26), (34, 32), (34, 46), (24, 60), (12, 58), (8, 48)), hide)
    p.shade(blob((22, 24), (38, 30), (36, 46), (24, 44)), patch, 1)
    p.fill(blob((8, 50), (18, 48), (24, 54), (20, 62), (8, 61)), (242, 170, 172))
    p.fill(oval(36, 33, 7, 3.4, 20), patch)
    for x in (15, 27):
        p.fill(band([(x, 28), (x - 2 if x < 20 else x + 2, 20)], 3, 1), c.pale)
        p.fill(oval(x, 40, 1.9), c.dark)
    for x in (11, 17):
        p.fill(oval(x, 55, 1.2, 1.6), (190, 100, 105))


def dinosaur(p: Pen, c: Coat) -> None:
    """Draw a long-necked dinosaur in the style of a children's drawing."""
    for k in range(9):
        x, y = 44 + k * 4.9, 48 + max(0, k - 3) * 3.9 + max(0, 1 - k)
        p.fill([(x - 3.4, y), (x, y - 8), (x + 3.4, y)], c.accent)
    for x in (40, 66):
        p.fill(band([(x, 64), (x - 1, 94)], 11, 8.5), c.deep)
    p.fill(blob((31, 66), (30, 40), (24, 24), (24, 12), (34, 14), (38, 32), (48, 46), (62, 48),
        (76, 58), (88, 74), (97, 80),
                (84, 82), (70, 76), (50, 78), (36, 76)), c.main)
    for x in (46, 72):
        p.fill(band([(x, 66), (x, 94)], 13, 10), c.main)
        for k in range(3):
            p.fill(oval(x - 4 + 4 * k, 95.5, 1.9, 1.6), c.pale)
    p.shade(blob((30, 50), (33, 44), (38, 66), (56, 74), (80, 78), (60, 84), (38, 82)), c.pale,
        0.55)
    p.fill(blob((34, 6), (22, 6), (11, 14), (12, 21), (24, 23), (36, 18)), c.main)
    p.fill(band([(13, 18), (19, 20), (25, 17.5)], 0.9), c.dark)
    p.eye(24, 11.5, 2.3)
    p.fill(oval(14, 14, 0.7), c.dark)
    for x, y, r in ((40, 54, 3), (50, 56, 4), (61, 57, 3.4), (70, 62, 2.8), (34, 38, 2.2),
        (30, 28, 1.8), (55, 65, 2.6)):
        p.shade(oval(x, y, r), c.deep, 0.5)


def dragon(p: Pen, c: Coat) -> None:
    """Draw a small winged dragon in flight."""
    wing = [(50, 48), (38, 10), (54, 20), (62, 4), (70, 20), (86, 10), (82, 28), (97, 34),
        (76, 50), (62, 56)]
    p.fill(move(wing, -8, 2), c.deep)
    p.fill(band([(64, 62), (82, 68), (92, 82), (80, 94), (66, 90)], 13, 9, 6, 4, 2), c.main)
    p.fill([(70, 84), (58, 90), (69, 97)], c.accent)
    for x, y in ((46, 74), (58, 74)):
        p.fill(band([(x, y), (x - 3, y + 12), (x - 8, y + 13)], 7, 4.6, 3),
            mix(c.main, c.deep, 0.5))
    p.fill(blob((30, 62), (42, 52), (60, 52), (70, 64), (62, 78), (46, 80), (34, 74)), c.main)
    p.fill(band([(38, 62), (28, 50), (27, 36)], 15, 11, 9), c.main)
    p.shade(blob((24, 40), (28, 50), (36, 64), (48, 80), (36, 78), (26, 58)), c.pale, 0.75)
    p.fill(blob((34, 22), (24, 20), (8, 32), (8, 38), (22, 42), (34, 38), (38, 30)), c.main)
    for x, y in ((30, 22), (35, 25)):
        p.fill(band([(x, y), (x + 8, y - 12)], 3.6, 0.5), c.pale)
    p.fill(wing, c.accent)
    for tip in ((38, 10), (62, 4), (86, 10), (97, 34)):
        p.shade(band([(54, 50), tip], 2.4, 0.8), mix(c.accent, c.dark, 0.35), 0.9)
    for x, y in ((36, 44), (42, 50), (50, 51)):
        p.fill([(x - 2, y), (x + 2.4, y - 6.5), (x + 4, y + 2)], c.accent)
    p.eye(24, 29, 2.5, mix(c.lamp, BLACK, 0.75))
    p.fill(oval(11, 33.5, 0.9), c.dark)
    p.fill(band([(10, 38), (18, 39), (25, 36)], 0.8), c.dark)
