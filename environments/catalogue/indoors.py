"""Scenery inside: rooms, halls, stages. Units: 100 wide, 170 high; the floor begins near 118."""

# ruff: noqa: PLR0917 - coordinates read best by position

from __future__ import annotations

from collections.abc import Callable, Mapping

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import BROWN, COCOA, CREAM, GOLD, GREY, MIST, SILVER, SLATE, TAN, WHITE, Look

__all__ = ["SCENERY"]

_PASTELS = ("#F6D9C2", "#D5E6DA", "#D3E2F1", "#EFE2B8", "#E6D6EC", "#F3CFCB", "#CFE4E6", "#E9DFD2")


def _room(c: Canvas, look: Look, wall: str, floor: str, *, boards: bool = True) -> None:
    c.gradient(light(wall, 0.25), wall, 0, 120)
    c.gradient(floor, dark(floor, 0.16), 118)
    if boards:
        for y, h in ((126, 0.6), (137, 0.7), (151, 0.8)):
            c.rect(0, y, 100, h, dark(floor, 0.16))
        for i, x in enumerate((12, 38, 66, 90, 24, 52, 80)):
            y, h = ((118, 8), (126, 11), (137, 14))[i % 3]
            c.rect(x, y, 0.5, h, dark(floor, 0.16))
    c.rect(0, 115, 100, 3.4, light(wall, 0.6))
    c.rect(0, 118, 100, 0.8, dark(floor, 0.3))


def _window(c: Canvas, x: float, y: float, w: float, h: float, sky: str = "#BDE3F5") -> None:
    c.rect(x - 2, y - 2, w + 4, h + 4, WHITE, 1)
    c.rect(x, y, w, h, sky)
    c.polygon([(x, y + h * 0.8), (x + w * 0.7, y), (x + w, y), (x + w, y + h * 0.1), (x + w * 0.25, y + h), (x, y + h)], light(sky, 0.4))
    c.rect(x + w / 2 - 0.7, y, 1.4, h, WHITE)
    c.rect(x, y + h / 2 - 0.7, w, 1.4, WHITE)
    c.rect(x - 4, y + h + 2, w + 8, 2.4, MIST, 1)


def _picture(c: Canvas, look: Look, x: float, y: float, w: float, h: float) -> None:
    c.rect(x, y, w, h, look.pick(BROWN, GOLD, SLATE, WHITE), 0.8)
    c.rect(x + 1.6, y + 1.6, w - 3.2, h - 3.2, look.pick(*_PASTELS))
    c.ellipse(x + w * 0.65, y + h * 0.36, w * 0.13, fill=look.pick("#F2A65A", "#E98A76", "#F4D06F"))
    c.path(
        f"M{x + 1.6} {y + h - 1.6} L{x + w * 0.4} {y + h * 0.5} "
        f"L{x + w * 0.66} {y + h * 0.74} L{x + w - 1.6} {y + h * 0.5} V{y + h - 1.6} Z",
        look.pick("#7FA88C", "#7E93B8", "#B58AA5"),
    )


def _plant(c: Canvas, x: float, y: float, size: float = 1.0) -> None:
    for dx, dy in ((-7, -12), (7, -12), (-3, -19), (4, -18), (0, -23)):
        c.path(
            f"M{x} {y} Q{x + (dx - 5) * size} {y + dy * 0.5 * size} {x + dx * size} {y + dy * size} "
            f"Q{x + (dx + 5) * size} {y + dy * 0.5 * size} {x} {y} Z",
            "#7FB08A" if dx > 0 else "#6BA07C",
        )
    c.path(f"M{x - 5 * size} {y} H{x + 5 * size} L{x + 3.6 * size} {y + 9 * size} H{x - 3.6 * size} Z", "#D08F6B")


def _shelf(c: Canvas, look: Look, x: float, y: float, w: float, *, books: bool = True) -> None:
    at = x + 1.5
    while books and at < x + w - 4:
        width, height = look.random.uniform(1.8, 3.6), look.random.uniform(8, 13)
        c.rect(at, y - height, width, height, light(look.pick("#C96F5E", "#5E8FA3", "#D9B25F", "#7E6FA8", "#6F9C76", "#A36B52"), 0.15), 0.4)
        at += width + 0.5
    c.rect(x, y, w, 2, look.pick(TAN, BROWN), 0.6)


def _kitchen(c: Canvas, look: Look) -> None:
    wall, front = look.pick(*_PASTELS), look.pick("#8FB0A6", "#E9C9A4", "#8DA3C2", "#D99A84", "#F0EBE2")
    _room(c, look, wall, "#E0C19A")
    for row in range(4):
        for col in range(-1, 11):
            c.rect(col * 10 + (row % 2) * 5, 64 + row * 7, 9.4, 6.4, light(wall, 0.55 if (row + col) % 2 else 0.4), 0.4)
    _window(c, 33, 18, 34, 34)
    for x in (2, 74):
        c.rect(x, 14, 24, 34, front, 1)
        c.rect(x + 2, 16.5, 9.4, 29, light(front, 0.25), 0.6)
        c.rect(x + 12.6, 16.5, 9.4, 29, light(front, 0.25), 0.6)
        c.rect(x + 10, 38, 1, 5, GOLD, 0.5)
        c.rect(x + 13, 38, 1, 5, GOLD, 0.5)
    c.rect(0, 95, 100, 42, front)
    for x in (2, 27, 52, 77):
        c.rect(x, 99, 21, 34, light(front, 0.2), 1)
        c.rect(x + 7, 102, 7, 1.4, GOLD, 0.7)
    c.rect(0, 91, 100, 5, "#F4EDE2", 0.6)
    c.rect(0, 95, 100, 1, dark("#F4EDE2", 0.2))
    _plant(c, 88, 82, 0.8)


def _living_room(c: Canvas, look: Look) -> None:
    wall = look.pick(*_PASTELS)
    _room(c, look, wall, look.pick("#D9B48A", "#C9A27C", "#BFA68C"))
    _window(c, 8, 24, 30, 44)
    c.path("M2 18 H10 Q8 50 4 78 H2 Z", look.pick("#E9A58F", "#8FB9B0", "#B8A3D0"))
    c.path("M44 18 H36 Q38 50 42 78 H44 Z", look.pick("#E9A58F", "#8FB9B0", "#B8A3D0"))
    c.rect(0, 16, 47, 2, BROWN, 1)
    _picture(c, look, 58, 26, 18, 23)
    _picture(c, look, 80, 34, 14, 15)
    _shelf(c, look, 58, 76, 36)
    _plant(c, 90, 108, 1.2)
    c.ellipse(50, 146, 46, 13, fill=look.pick("#E7C4B0", "#BFD6CF", "#CBC3E0"))
    c.ellipse(50, 146, 38, 10, fill=look.pick("#F3DFD0", "#DDEBE6"))


def _bedroom(c: Canvas, look: Look) -> None:
    wall = look.pick("#D8D3EC", "#CFE0EE", "#F1D5CF", "#D6E3D3", "#4E5684")
    _room(c, look, wall, "#CDAE8D")
    _window(c, 34, 20, 32, 38, look.pick("#BDE3F5", "#46538C", "#F6C9A0"))
    for k in range(11):
        x = 4 + k * 9.2
        y = 10 + 5 * (1 - abs(((k % 4) - 2) / 2))
        c.ellipse(x, y + 4, 1.5, fill="#FFE9A8")
    c.stroke("M0 10 Q25 20 50 11 Q75 20 100 10", SLATE, 0.4)
    _picture(c, look, 8, 34, 16, 20)
    cloth = look.pick("#E4B7A6", "#A9C2E0", "#BDB0DC")
    c.rect(10, 86, 80, 36, BROWN, 6)
    c.rect(6, 112, 88, 30, cloth, 8)
    for x in (16, 54):
        c.rect(x, 102, 30, 16, WHITE, 6)
    c.rect(6, 124, 88, 26, light(cloth, 0.3), 6)
    _plant(c, 92, 80, 0.9)


def _bathroom(c: Canvas, look: Look) -> None:
    tile = look.pick("#CDE6E8", "#D8E8D9", "#F2D9D2", "#D9DDF0")
    c.gradient(light(tile, 0.3), tile, 0, 120)
    for row in range(13):
        for col in range(9):
            c.rect(col * 12 - 4 + (row % 2) * 6, row * 9.2, 11.3, 8.5, light(tile, 0.35 + 0.12 * ((row * 5 + col * 3) % 3)), 0.6)
    c.gradient("#E9E4DC", "#CFC8BE", 118)
    for k in range(7):
        c.polygon([(k * 20 - 20, 118), (k * 20 - 10, 118), (k * 26 - 44, 170), (k * 26 - 58, 170)], "#DCD5CA")
    c.ellipse(50, 46, 21, 26, fill=look.pick(GOLD, WHITE, TAN))
    c.ellipse(50, 46, 18.6, 23.6, fill="#DDF0F6")
    c.polygon([(40, 60), (56, 26), (61, 27), (45, 65)], "#F4FBFD")
    c.rect(22, 90, 56, 9, WHITE, 3)
    c.rect(26, 99, 48, 20, look.pick(TAN, "#8FB0A6", "#A8B4D0"), 1)
    c.stroke("M50 90 V82 Q50 79 55 80", SILVER, 2)
    _plant(c, 12, 112, 1)


def _office(c: Canvas, look: Look) -> None:
    _room(c, look, look.pick("#D9E3EA", "#E7E1D6", "#D5E2DA"), "#AEB9C2", boards=False)
    for x in (6, 38, 70):
        c.rect(x, 20, 26, 58, WHITE, 1)
        c.gradient_box(x + 1.4, 21.4, 23.2, 55, "#A9D3EE", "#E4F1F4")
        for k, h in enumerate((20, 32, 14, 26)):
            c.rect(x + 2 + k * 5.8, 76 - h, 4.8, h, "#9DB5CC" if k % 2 else "#B4C8D9")
    c.rect(0, 92, 100, 4, TAN, 1)
    for x in (6, 90):
        c.rect(x, 96, 4, 26, SLATE)
    c.rect(38, 70, 26, 17, "#4A4F61", 1)
    c.rect(39.4, 71.4, 23.2, 13, "#7FA8C9")
    c.rect(49, 86, 4, 6, SLATE)
    _plant(c, 86, 83, 0.8)


def _classroom(c: Canvas, look: Look) -> None:
    _room(c, look, look.pick("#F1E4C6", "#D9E7E4", "#F3D9CC"), "#D2AE82")
    board = look.pick("#3F6B58", "#3E4A5E")
    c.rect(10, 24, 80, 50, TAN, 1.4)
    c.rect(12.4, 26.4, 75.2, 45, board)
    for y, x0, x1 in ((36, 20, 44), (44, 20, 38), (52, 20, 48)):
        c.line([(x0, y), (x1, y)], light(board, 0.5), 0.9)
    c.ring(68, 46, 9, None, light(board, 0.45), 0.8)
    c.polygon([(62, 62), (74, 62), (68, 55)], light(board, 0.3))
    c.rect(10, 74, 80, 3, TAN)
    for k in range(9):
        c.polygon([(k * 12 - 2, 10), (k * 12 + 8, 10), (k * 12 + 3, 18)], look.pick("#E98A76", "#F2C35D", "#7FB8AE", "#8FA3D6"))
    for x in (4, 38, 72):
        c.rect(x, 108, 26, 4, "#C48E5C", 1)
        c.rect(x + 2, 112, 2.4, 20, SLATE)
        c.rect(x + 21, 112, 2.4, 20, SLATE)


def _stage(c: Canvas, look: Look) -> None:
    base = look.pick("#3A2B57", "#2B3564", "#4C2745", "#1F4450")
    c.gradient(dark(base, 0.4), light(base, 0.15), 0, 126)
    for x, lean in ((14, 16), (50, 0), (86, -16)):
        with c.group():
            c.polygon([(x - 2, 8), (x + 2, 8), (x + lean + 22, 128), (x + lean - 22, 128)], light(base, 0.18))
        c.rect(x - 4, 2, 8, 7, "#2A2636", 1.5)
        c.ellipse(x, 9.5, 3.2, 1.4, fill="#FFF1C4")
    curtain = look.pick("#B4403F", "#7A3C8C", "#2F7F86")
    for k in range(4):
        for side in (-1, 1):
            edge = 50 + side * (50 - k * 4.6)
            c.path(f"M{edge} 0 Q{edge - side * 6} 70 {edge - side * 1.5} 130 H{edge + side * 6} V0 Z", dark(curtain, 0.08 + 0.12 * (k % 2)))
    for k in range(6):
        c.pie(k * 20, 0, 11, 0, 180, dark(curtain, 0.05 + 0.1 * (k % 2)))
    c.gradient("#B57B4B", "#6E4630", 124)
    for y in (132, 142, 155):
        c.rect(0, y, 100, 0.7, "#6E4630")
    c.ellipse(50, 142, 40, 11, fill="#D9A468")


def _temple_hall(c: Canvas, look: Look) -> None:
    wall = look.pick("#E9C58F", "#DDA27F", "#C9BFA8")
    c.gradient(light(wall, 0.4), wall, 0, 122)
    c.path("M28 122 V58 Q50 22 72 58 V122 Z", dark(wall, 0.14))
    c.path("M33 122 V62 Q50 32 67 62 V122 Z", "#FBE6B4")
    c.ellipse(50, 66, 11, fill="#FFF4D2")
    for x in (4, 84):
        c.rect(x, 22, 12, 100, look.pick("#B5533F", "#A8784A"), 1)
        c.rect(x + 8, 22, 4, 100, "#8F4736")
        c.rect(x - 2, 17, 16, 6, GOLD, 1)
        c.rect(x - 2, 116, 16, 7, GOLD, 1)
    c.rect(0, 8, 100, 9, "#9A4B3A")
    for k in range(10):
        c.polygon([(k * 10.4, 17), (k * 10.4 + 9, 17), (k * 10.4 + 4.5, 23)], GOLD)
    c.gradient("#B98B63", "#87603F", 122)
    c.polygon([(40, 122), (60, 122), (76, 170), (24, 170)], look.pick("#A8403A", "#7A4B8C", "#3F7F78"))
    c.polygon([(42, 122), (44, 122), (33, 170), (28, 170)], GOLD)
    c.polygon([(56, 122), (58, 122), (72, 170), (67, 170)], GOLD)


def _workshop(c: Canvas, look: Look) -> None:
    _room(c, look, look.pick("#E3CDAE", "#CBD6CF", "#D8C7BD"), "#B59A7C")
    c.rect(8, 20, 84, 56, "#D8B98D", 1)
    for row in range(6):
        for col in range(10):
            c.ellipse(13 + col * 8.2, 25 + row * 9.2, 0.7, fill="#B8966A")
    for x, h, head in ((18, 24, SLATE), (30, 28, "#C4523F"), (70, 26, "#4E6FA8")):
        c.rect(x, 32, 3, h, "#A8703F", 1)
        c.rect(x - 4, 28, 11, 6, head, 1)
    c.ring(50, 44, 9, None, GREY, 3)
    c.ring(84, 46, 5, None, GREY, 2)
    c.rect(0, 98, 100, 8, "#C48E5C", 1)
    c.rect(0, 104, 100, 3, "#8A5B3C")
    for x in (6, 86):
        c.rect(x, 106, 8, 34, "#A8703F")
    for x, y, w in ((20, 94, 22), (24, 90, 22), (62, 94, 26)):
        c.rect(x, y, w, 4, "#E6C28F", 0.6)


def _library(c: Canvas, look: Look) -> None:
    _room(c, look, look.pick("#D9B58C", "#B9C4B8", "#C9B8A8"), "#9A7250")
    wood = look.pick("#9A6A45", "#7D5A43")
    for x in (2, 52):
        c.rect(x, 10, 46, 108, wood, 1)
        c.rect(x + 2, 12, 42, 104, dark(wood, 0.3))
        for y in (30, 50, 70, 90, 112):
            _shelf(c, look, x + 2, y, 42)
    c.ellipse(50, 146, 44, 12, fill="#B5604F")
    c.ellipse(50, 146, 37, 9, fill="#CF8A6E")


def _station(c: Canvas, look: Look) -> None:
    c.gradient(look.pick("#C9DCE6", "#E9D8BD", "#CDD3E4"), "#F2EEE6", 0, 122)
    for k in range(5):
        c.path(f"M{k * 25 - 12} 0 Q{k * 25} 34 {k * 25 + 12} 0 Z", "#AEBECB")
    c.stroke("M0 40 Q50 4 100 40", "#8FA2B3", 2.4)
    c.stroke("M0 50 Q50 14 100 50", "#A8B8C6", 1.4)
    for x in (8, 88):
        c.rect(x, 34, 4, 90, "#7F90A0")
    c.rect(28, 44, 44, 16, "#34405E", 1.4)
    for y in (48, 52.6, 57):
        c.rect(32, y - 1, 20, 1.8, "#FFD98A", 0.6)
        c.rect(60, y - 1, 8, 1.8, "#FFD98A", 0.6)
    c.ellipse(50, 32, 8, fill="#56657A")
    c.ellipse(50, 32, 6.6, fill=WHITE)
    c.line([(50, 32), (50, 27.6)], SLATE, 0.9)
    c.line([(50, 32), (53.4, 33)], SLATE, 0.9)
    train = look.pick("#6FA3B8", "#C97F6A", "#8A93C4")
    c.rect(-4, 82, 108, 36, train, 5)
    c.rect(0, 88, 100, 12, dark(train, 0.35), 1)
    for k in range(6):
        c.rect(3 + k * 17, 89.4, 12, 9.4, "#D5ECF4", 1)
    c.rect(0, 106, 100, 2.6, CREAM)
    c.gradient("#C9C3BA", "#A39C93", 120)
    c.rect(0, 124, 100, 3.4, "#F0C652")


def _boardroom(c: Canvas, look: Look) -> None:
    _room(c, look, look.pick("#CBD3DF", "#DCD3C8", "#C3D0CF"), "#8D7A6B", boards=False)
    c.rect(6, 16, 88, 62, SLATE, 1)
    c.gradient_box(7.6, 17.6, 84.8, 58.8, look.pick("#A9CBE8", "#F3C49C", "#B7B5E0"), "#F3E9DC")
    for k in range(14):
        h = look.random.uniform(12, 42)
        c.rect(8 + k * 6, 76 - h, 5, h, "#8FA5BF" if k % 2 else "#A5B8CE")
    for x in (35, 64):
        c.rect(x, 16, 1.6, 62, SLATE)
    for x in (10, 32, 56, 78):
        c.rect(x, 88, 13, 22, "#3D4258", 4)
    c.path("M-6 122 Q50 98 106 122 V134 Q50 112 -6 134 Z", COCOA)
    c.path("M-6 118 Q50 96 106 118 V126 Q50 104 -6 126 Z", "#A8704A")


Scenery = Callable[[Canvas, Look], None]

SCENERY: Mapping[str, Scenery] = {
    "kitchen": _kitchen,
    "living-room": _living_room,
    "bedroom": _bedroom,
    "bathroom": _bathroom,
    "office": _office,
    "classroom": _classroom,
    "stage": _stage,
    "temple-hall": _temple_hall,
    "workshop": _workshop,
    "library": _library,
    "station": _station,
    "boardroom": _boardroom,
}
"""Drawing function by background."""
