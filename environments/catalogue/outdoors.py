"""Scenery outside: streets, parks, water, sky. Units: 100 wide, 170 high; the ground begins near 118."""

# ruff: noqa: PLR0917 - coordinates read best by position

from __future__ import annotations

from collections.abc import Callable, Mapping

from environments.catalogue.canvas import Canvas, dark, light, mix
from environments.catalogue.palette import COCOA, CREAM, GOLD, SLATE, TAN, WHITE, Look

__all__ = ["SCENERY"]

_SKIES = ("#8FCBEF|#E4F4F8", "#A9D0F2|#FBEBD5", "#9ED9D6|#F3F6E4", "#B9C6F2|#FBE3E3", "#F6C59A|#FDEBD0")


def _sky(c: Canvas, look: Look, *, clouds: int = 3, until: float = 125) -> None:
    top, bottom = look.pick(*_SKIES).split("|")
    c.gradient(top, bottom, 0, until)
    for _ in range(clouds):
        x, y, s = look.random.uniform(5, 95), look.random.uniform(8, 60), look.random.uniform(0.6, 1.2)
        puff = mix(bottom, "#FFFFFF", 0.7)
        for dx, dy, r in ((-9, 1, 5), (-2, -2, 7), (6, 0, 5.6), (12, 2, 3.6)):
            c.ellipse(x + dx * s, y + dy * s, r * s, fill=puff)
        c.rect(x - 13 * s, y + 1 * s, 28 * s, 5 * s, puff, 2.5 * s)


def _hill(c: Canvas, look: Look, y: float, height: float, colour: str) -> None:
    a, b = look.random.uniform(0.4, 1), look.random.uniform(0.4, 1)
    c.path(
        f"M-2 {y} C20 {y - height * a} 36 {y - height * a} 52 {y - height * 0.3} "
        f"C68 {y - height * b} 84 {y - height * b} 102 {y - height * 0.2} V172 H-2 Z",
        colour,
    )


def _pine(c: Canvas, x: float, y: float, h: float, colour: str) -> None:
    c.rect(x - h * 0.05, y - h * 0.15, h * 0.1, h * 0.16, COCOA)
    for k in range(3):
        w, top = h * (0.34 - 0.07 * k), y - h * (0.1 + 0.27 * k)
        c.polygon([(x - w, top), (x + w, top), (x, top - h * 0.42)], colour)
        c.polygon([(x, top), (x + w, top), (x, top - h * 0.42)], dark(colour, 0.14))


def _round_tree(c: Canvas, look: Look, x: float, y: float, h: float, colour: str) -> None:
    c.rect(x - h * 0.05, y - h * 0.45, h * 0.1, h * 0.46, "#9A7250")
    for dx, dy, r in ((-0.16, -0.56, 0.2), (0.16, -0.58, 0.2), (0, -0.76, 0.24)):
        c.ellipse(x + dx * h, y + dy * h, r * h, fill=colour)
    c.ellipse(x - 0.07 * h, y - 0.82 * h, 0.1 * h, fill=light(colour, 0.2))


def _houses(c: Canvas, look: Look, base: float, walls: tuple[str, ...], glass: str) -> None:
    x = -4.0
    while x < 100:
        w, h = look.random.uniform(18, 28), look.random.uniform(48, 84)
        wall = look.pick(*walls)
        c.rect(x, base - h, w, h, wall)
        c.rect(x - 0.8, base - h - 2, w + 1.6, 3, dark(wall, 0.25), 0.6)
        columns = 3 if w > 22 else 2
        for row in range(int(h // 13)):
            for col in range(columns):
                lit = look.random.random() < 0.6
                c.rect(
                    x + w * (0.12 + 0.8 / columns * col),
                    base - h + 6 + row * 13,
                    w * 0.5 / columns,
                    7.6,
                    glass if lit else mix(glass, wall, 0.6),
                    0.5,
                )
        x += w


def _street_day(c: Canvas, look: Look) -> None:
    _sky(c, look)
    _houses(c, look, 112, ("#E8A48C", "#F0CF9B", "#A9C4B6", "#B7BEDC", "#E5B7B7", "#D6C6AE"), "#E9F5FA")
    stripe = look.pick("#D9694F", "#3F8F86", "#4E6FA8")
    for k in range(12):
        c.pie(k * 9.1 + 1, 98, 4.6, 0, 180, stripe if k % 2 else CREAM)
    c.rect(-1, 94, 102, 4, dark(stripe, 0.2))
    c.rect(0, 112, 100, 10, "#D9D2C6")
    c.gradient("#8D93A0", "#737987", 121)
    for k in range(4):
        c.polygon([(k * 30 - 4, 143), (k * 30 + 12, 143), (k * 30 + 11, 147), (k * 30 - 6, 147)], "#F2EBDC")
    for x in (8, 92):
        _round_tree(c, look, x, 118, 40, "#86B57C")


def _street_night(c: Canvas, look: Look) -> None:
    c.gradient(look.pick("#1F2450", "#2A1F4E", "#15304F"), "#5A4E86", 0, 120)
    for _ in range(26):
        c.ellipse(look.random.uniform(0, 100), look.random.uniform(0, 60), look.random.uniform(0.2, 0.6), fill="#E9E4FF")
    c.ellipse(78, 22, 8, fill="#FBEFC4")
    c.ellipse(74.6, 20, 7.4, fill="#39366A")
    _houses(c, look, 114, ("#353563", "#403A72", "#2C3A66", "#4A3D6E"), "#FFD77F")
    c.rect(0, 113, 100, 8, "#504B76")
    c.gradient("#37345C", "#26243F", 120)
    for x in (14, 86):
        c.ellipse(x, 66, 14, fill="#6B5F8A")
        c.ellipse(x, 66, 8, fill="#C9A97F")
        c.rect(x - 0.8, 66, 1.6, 52, "#1F1D36")
        c.ellipse(x, 66, 3.6, fill="#FFF0C0")
    for k in range(4):
        c.rect(k * 28 + 2, 144, 14, 2.4, "#8C86B0", 1)


def _park(c: Canvas, look: Look) -> None:
    _sky(c, look)
    green = look.pick("#9CCB84", "#A8C97A", "#8CC79A")
    _hill(c, look, 104, 22, light(green, 0.35))
    for x, h in ((8, 46), (26, 34), (76, 38), (94, 50)):
        _round_tree(c, look, x, 112, h, look.pick("#7DB375", "#6FA86F", "#93B968", "#E0A85C"))
    c.gradient(green, dark(green, 0.12), 110)
    c.path("M44 110 Q54 124 36 142 Q24 156 30 172 H78 Q62 156 66 140 Q68 124 54 110 Z", "#EBD9B4")
    for _ in range(22):
        at_x, at_y = look.random.uniform(2, 98), look.random.uniform(116, 166)
        c.ellipse(at_x, at_y, 0.9, fill=look.pick("#FFFDF8", "#F9D66B", "#F2A0A8"))


def _forest(c: Canvas, look: Look) -> None:
    c.gradient(look.pick("#CFE6CB", "#E9E6BE", "#C6E0DC"), "#F2F4DC", 0, 124)
    base = look.pick("#5F9A72", "#6C9A5C", "#4F8F84")
    for layer, (share, low, high) in enumerate(((0.62, 56, 80), (0.36, 60, 92), (0.08, 66, 104))):
        for k in range(7 - layer):
            x = look.random.uniform(-4, 8) + k * (100 / (6 - layer))
            _pine(c, x, 104 + layer * 8, look.random.uniform(low, high), light(base, share))
    c.gradient(light(base, 0.22), dark(base, 0.14), 116)
    for _ in range(12):
        x, y = look.random.uniform(0, 100), look.random.uniform(124, 166)
        c.path(
            f"M{x} {y} L{x - 2} {y - 5} L{x} {y - 2} L{x + 1} {y - 7} L{x + 1.6} {y - 2} L{x + 4} {y - 5} L{x + 3} {y} Z", dark(base, 0.1)
        )


def _mountains(c: Canvas, look: Look) -> None:
    _sky(c, look, clouds=2)
    rock = look.pick("#7F8DB5", "#8E86A8", "#6E9AA5")
    for share, peaks in ((0.5, ((10, 44), (44, 34), (82, 48))), (0.2, ((-4, 60), (28, 52), (66, 44), (102, 62)))):
        for x, y in peaks:
            colour = light(rock, share)
            c.polygon([(x - 34, 124), (x, y), (x + 34, 124)], colour)
            c.polygon([(x, y), (x + 34, 124), (x + 6, 124)], dark(colour, 0.1))
            c.polygon([(x, y), (x - 7.6, y + 17), (x - 2.6, y + 14), (x + 1, y + 20), (x + 4, y + 14), (x + 7.6, y + 17)], WHITE)
    _hill(c, look, 122, 16, "#A6C58E")
    _hill(c, look, 138, 12, "#8DB37C")
    for x, y, h in ((8, 128, 22), (18, 132, 17), (86, 126, 24), (95, 132, 18)):
        _pine(c, x, y, h, "#5F8F6C")


def _beach(c: Canvas, look: Look) -> None:
    _sky(c, look, until=84)
    c.ellipse(look.random.uniform(20, 80), 34, 11, fill="#FFF0BF")
    sea = look.pick("#56B8CE", "#4FA5D6", "#5DC2B4")
    c.gradient(light(sea, 0.05), light(sea, 0.45), 80, 42)
    for y, x in ((87, 10), (92, 60), (98, 30), (103, 76), (108, 14)):
        c.rect(x, y, look.random.uniform(10, 22), 0.9, light(sea, 0.75), 0.4)
    c.polygon([(70, 80), (73, 68), (81, 80)], CREAM)
    c.rect(67, 80, 14, 2.4, "#C4523F", 1)
    c.gradient("#F4DFAF", "#E3C48A", 119)
    c.path("M-2 122 Q14 114 30 120 Q48 127 64 119 Q82 112 102 121 V116 H-2 Z", WHITE)
    c.path("M96 120 Q90 84 76 62 L79 61 Q95 82 102 120 Z", "#A8754A")
    for x, y in ((56, 64), (60, 50), (78, 44), (96, 50), (100, 66)):
        c.path(
            f"M77 61 Q{(77 + x) / 2} {min(61, y) - 6} {x} {y} Q{(77 + x) / 2 + 2} {min(61, y) + 4} 77 61 Z", look.pick("#6FAF7A", "#5E9E70")
        )
    for _ in range(10):
        c.ellipse(look.random.uniform(2, 98), look.random.uniform(130, 166), 1, 0.6, fill="#D1AE74")


def _underwater(c: Canvas, look: Look) -> None:
    top, bottom = look.pick("#7FD6E0|#1F6C9C", "#8FE0D0|#1C7A8C", "#9AC9F2|#2F4F9C").split("|")
    c.gradient(top, bottom)
    for x in (8, 34, 62, 86):
        c.polygon([(x, -2), (x + 8, -2), (x + look.random.uniform(14, 30), 128), (x - 12, 128)], mix(top, bottom, 0.3))
    c.path("M-2 148 Q20 138 44 146 Q70 154 102 142 V172 H-2 Z", "#E3C993")
    for x, h, colour in ((6, 46, "#2FA08A"), (14, 34, "#3FB58F"), (88, 52, "#2C8F8F"), (95, 36, "#3FB58F")):
        c.stroke(f"M{x} 152 C{x - 8} {152 - h * 0.35} {x + 8} {152 - h * 0.65} {x} {152 - h}", colour, 3.4)
    for x, colour in ((28, "#F28A7A"), (70, "#F2A65A"), (78, "#D977A8")):
        for dx, h in ((-4, 12), (0, 18), (4, 11)):
            c.line([(x, 152), (x + dx, 152 - h)], colour, 2.8)
    for _ in range(8):
        at_x, at_y, radius = look.random.uniform(4, 96), look.random.uniform(10, 130), look.random.uniform(0.8, 2.2)
        c.ring(at_x, at_y, radius, None, light(top, 0.6), 0.5)


def _snow(c: Canvas, look: Look) -> None:
    c.gradient(look.pick("#B9D3EC", "#CFCDEB", "#A9C4D9", "#F3D9D3"), "#F4F7FA", 0, 126)
    _hill(c, look, 104, 26, "#DCE7F1")
    for x, h in ((6, 52), (18, 38), (30, 30), (72, 34), (84, 46), (96, 56)):
        _pine(c, x, 118, h, "#7FA39B")
        c.polygon([(x, 118 - h), (x - h * 0.09, 118 - h * 0.8), (x + h * 0.09, 118 - h * 0.8)], WHITE)
    _hill(c, look, 124, 12, "#F3F7FB")
    _hill(c, look, 146, 12, "#E4EDF5")
    for _ in range(40):
        c.ellipse(look.random.uniform(0, 100), look.random.uniform(0, 120), look.random.uniform(0.4, 1), fill=WHITE)


def _open_sky(c: Canvas, look: Look) -> None:
    _sky(c, look, clouds=7, until=170)
    c.ellipse(look.random.uniform(15, 85), look.random.uniform(20, 40), 9, fill="#FFF3C8")
    for x, y, r in ((6, 164, 20), (34, 170, 24), (66, 168, 22), (94, 162, 20)):
        c.ellipse(x, y, r, fill=WHITE)


def _sunset_field(c: Canvas, look: Look) -> None:
    top, bottom = look.pick("#F28A6A|#FFE0A0", "#8E6FB8|#FFC59A", "#E9738A|#FFD9A0", "#6F7FC4|#FBC8A8").split("|")
    c.gradient(top, bottom, 0, 112)
    c.ellipse(50, 98, 24, fill=mix(bottom, "#FFFFFF", 0.35))
    c.ellipse(50, 98, 17, fill="#FFF3C9")
    for y, x, w in ((24, 8, 34), (34, 52, 40), (48, 18, 26), (58, 66, 26)):
        c.rect(x, y, w, 2.6, mix(bottom, top, 0.35), 1.3)
    c.path("M-2 104 Q24 94 50 102 Q76 110 102 98 V172 H-2 Z", "#C9A254")
    c.gradient("#D9B45E", "#9C7A3C", 112)
    for k in range(9):
        c.polygon(
            [(50 + (k - 4) * 5, 112), (50 + (k - 4) * 5.6, 112), (50 + (k - 4) * 30 + 5, 172), (50 + (k - 4) * 30 - 4, 172)], "#B8924A"
        )
    _round_tree(c, look, look.random.choice((14, 86)), 112, 36, "#7D6A3C")


def _market(c: Canvas, look: Look) -> None:
    _sky(c, look, clouds=2)
    _houses(c, look, 106, ("#F0D3AE", "#E8B9A0", "#C9CFB8", "#D8C3D0"), "#F9F0DC")
    for x, colour in ((-4, look.pick("#D9694F", "#E2A63B")), (52, look.pick("#3F8F86", "#5B78B8"))):
        for k in range(6):
            part = colour if k % 2 else CREAM
            c.polygon([(x + 4 + k * 7.4, 68), (x + 4 + (k + 1) * 7.4, 68), (x + (k + 1) * 8.8, 80), (x + k * 8.8, 80)], part)
            c.pie(x + k * 8.8 + 4.4, 80, 4.4, 0, 180, dark(part, 0.06))
        c.rect(x + 3, 82, 2, 38, TAN)
        c.rect(x + 48, 82, 2, 38, TAN)
        c.rect(x + 1, 102, 51, 20, "#B5844F", 1)
        for k in range(8):
            fruit = look.pick("#E5604D", "#F2A13C", "#8DB84F", "#F2CE4F", "#8E5FA8")
            c.ellipse(x + 5 + k * 6.2, 101, 3.4, fill=fruit)
            c.ellipse(x + 8 + k * 6.2, 98.4, 3, fill=light(fruit, 0.15))
        for k in range(3):
            c.rect(x + 3 + k * 16.6, 106, 14, 12, "#C99A63", 0.6)
    c.gradient("#D8CBB8", "#B9AA95", 120)
    for row in range(5):
        for col in range(9):
            c.ellipse(col * 13 - 4 + (row % 2) * 6, 127 + row * 10, 5.2, 2.6, fill="#CBBDA8")


def _garden(c: Canvas, look: Look) -> None:
    _sky(c, look)
    c.rect(0, 76, 100, 2.4, "#EFE6D6")
    c.rect(0, 96, 100, 2.4, "#EFE6D6")
    for k in range(15):
        c.path(f"M{k * 7} 112 V72 L{k * 7 + 2.4} 68 L{k * 7 + 4.8} 72 V112 Z", "#FBF6EC")
    for x, h in ((6, 60), (94, 54)):
        _round_tree(c, look, x, 112, h, look.pick("#86B97C", "#79AE84"))
    green = look.pick("#9CCB84", "#8DC288")
    c.gradient(green, dark(green, 0.14), 108)
    for _ in range(18):
        at_x, at_y = look.random.uniform(2, 98), look.random.uniform(104, 124)
        petal = look.pick("#F2705F", "#F9C74F", "#F7A8C0", "#C2AEE8", "#FFFDF8")
        c.line([(at_x, at_y), (at_x, at_y + 9)], "#5E9E5A", 0.8)
        for dx, dy in ((-1.7, 0), (1.7, 0), (0, -1.7), (0, 1.7)):
            c.ellipse(at_x + dx, at_y + dy, 1.5, fill=petal)
        c.ellipse(at_x, at_y, 1.1, fill="#F2B134")


def _stadium(c: Canvas, look: Look) -> None:
    c.gradient(look.pick("#5E86C4", "#3C4C86", "#8FBFE0"), "#D9E6F2", 0, 60)
    for x in (10, 90):
        c.rect(x - 1, 14, 2, 50, SLATE)
        c.rect(x - 9, 8, 18, 10, SLATE, 1)
        for k in range(8):
            c.ellipse(x - 6.6 + (k % 4) * 4.4, 11 + (k // 4) * 4, 1.5, fill="#FFF6D2")
    for row in range(9):
        y = 48 + row * 6.4
        c.path(f"M-2 {y} Q50 {y + 9} 102 {y} V{y + 8} Q50 {y + 17} -2 {y + 8} Z", "#8894B5" if row % 2 else "#7C88AB")
        for k in range(21):
            at_x = k * 5 + (row % 2) * 2.5
            bend = 9 * (1 - ((at_x - 50) / 52) ** 2) * 0.5
            c.ellipse(at_x, y + bend + 3, 1.5, fill=look.pick("#F2C8A8", "#E98A76", "#F4D06F", "#9CD0C6", "#E9E4F2", "#B98A66"))
    c.path("M-2 106 Q50 117 102 106 V113 Q50 124 -2 113 Z", look.pick("#D9694F", "#3F6FA8", "#E2A63B"))
    c.path("M-2 113 Q50 124 102 113 V172 H-2 Z", "#86BF72")
    for k in range(4):
        c.polygon([(k * 30 - 12, 120), (k * 30 + 3, 121), (k * 36 - 12, 172), (k * 36 - 34, 172)], "#7AB367")
    c.ring(50, 150, 20, 9, "#F2F7EA", 0.9)
    c.line([(-2, 150), (102, 150)], "#F2F7EA", 0.9)


def _festival_night(c: Canvas, look: Look) -> None:
    c.gradient(look.pick("#241B4B", "#1B2757", "#3A1B4E"), "#7A4A86", 0, 128)
    for _ in range(24):
        c.ellipse(look.random.uniform(0, 100), look.random.uniform(0, 70), 0.4, fill="#F2EAFF")
    for _ in range(3):
        x, y, colour = look.random.uniform(14, 86), look.random.uniform(16, 56), look.pick("#FFB86B", "#7FE0D0", "#FF8FA8", "#FFE48A")
        for k in range(12):
            with c.at(x, y, 0.24, 30 * k):
                c.line([(50, 26), (50, 2)], colour, 2.4)
                c.ellipse(50, -6, 2.6, fill=colour)
    for y in (70, 84):
        c.stroke(f"M-2 {y} Q25 {y + 12} 50 {y + 1} Q75 {y + 12} 102 {y}", "#2A1F45", 0.7)
        for k in range(9):
            x = 6 + k * 11
            dip = y + 2 + 6 * (1 - abs(((x % 50) - 25) / 25))
            c.ellipse(x, dip + 3.6, 3, 3.6, fill=look.pick("#F2705F", "#F2B134", "#F29ABF", "#7FD0C0"))
            c.rect(x - 1.2, dip - 0.6, 2.4, 1, GOLD)
    for k in range(12):
        x = k * 9.4 - 2
        c.ellipse(x, 118 + (k % 3) * 2, 5, fill="#2F2350")
        c.rect(x - 6, 122 + (k % 3) * 2, 12, 20, "#2F2350", 4)
    c.gradient("#33275A", "#221A40", 128)


Scenery = Callable[[Canvas, Look], None]

SCENERY: Mapping[str, Scenery] = {
    "stadium": _stadium,
    "street-day": _street_day,
    "street-night": _street_night,
    "park": _park,
    "forest": _forest,
    "mountains": _mountains,
    "beach": _beach,
    "underwater": _underwater,
    "snow": _snow,
    "sky": _open_sky,
    "sunset-field": _sunset_field,
    "market": _market,
    "garden": _garden,
    "festival-night": _festival_night,
}
"""Drawing function by background."""
