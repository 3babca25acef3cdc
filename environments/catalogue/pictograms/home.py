"""The home and its things."""

from __future__ import annotations

import math

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import (
    BROWN,
    COCOA,
    CORAL,
    CREAM,
    FOREST,
    GOLD,
    GREEN,
    GREY,
    INK,
    NAVY,
    SILVER,
    TEAL,
    WHITE,
    YELLOW,
    Look,
)
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


@pictogram("house")
def _house(c: Canvas, look: Look) -> None:
    wall, roof = look.pick("#F6E3C3", "#F3C9B5", "#D5E6E4"), look.pick("#C4513F", "#3F6587", "#7A5238")
    c.rect(68, 14, 10, 22, "#A8674A")
    c.rect(66, 12, 14, 5, dark("#A8674A", 0.2), 1)
    with c.group():
        c.path("M16 44 L50 16 L84 44 V92 H16 Z", wall)
        with c.atop():
            c.path("M58 10 L90 40 V96 H66 V40 Z", dark(wall, 0.1))
    c.path("M50 6 L98 45 Q99 50 94 51 L89 51 L50 19 L11 51 L6 51 Q1 50 2 45 Z", roof)
    c.path("M50 6 L98 45 Q99 50 94 51 L89 51 L50 19 Z", dark(roof, 0.18))
    c.rect(42, 60, 17, 32, BROWN, 3)
    c.rect(44.5, 63, 12, 12, dark(BROWN, 0.2), 2)
    c.ellipse(55.6, 78, 1.5, fill=YELLOW)
    for x in (22, 65):
        c.rect(x, 56, 14, 15, WHITE, 1.5)
        c.rect(x + 1.6, 57.6, 10.8, 11.8, "#9AD3EE")
        c.path(f"M{x + 1.6} 69.4 L{x + 12.4} 57.6 H{x + 7} L{x + 1.6} 63.4 Z", "#CDEBF7")
        c.line([(x + 7, 57), (x + 7, 70)], WHITE, 1.4)
        c.rect(x - 1, 71, 16, 4, "#8A5B3C", 1)
        for k in range(3):
            c.ellipse(x + 2.5 + k * 4.5, 70.5, 2.6, fill=(CORAL, YELLOW, CORAL)[k])
    c.ellipse(50, 40, 6.5, fill=WHITE)
    c.ellipse(50, 40, 5, fill="#9AD3EE")
    c.rect(6, 90, 88, 6, GREEN, 3)


@pictogram("sofa")
def _sofa(c: Canvas, look: Look) -> None:
    cloth = look.pick(TEAL, CORAL, "#6C7FB8", "#D9A23D", "#7A9A6B")
    for x in (17, 78):
        c.rect(x, 80, 6, 12, BROWN, 2)
    c.rect(14, 26, 72, 44, dark(cloth, 0.1), 10)
    c.rect(17, 29, 33, 36, cloth, 7)
    c.rect(50.5, 29, 33, 36, cloth, 7)
    c.rect(14, 56, 72, 20, light(cloth, 0.16), 6)
    c.line([(50, 58), (50, 73)], dark(cloth, 0.16), 1.3)
    c.rect(12, 70, 76, 13, dark(cloth, 0.14), 5)
    for x in (3, 81):
        c.rect(x, 44, 16, 39, light(cloth, 0.08), 8)
        c.rect(x + 3, 47, 4, 18, light(cloth, 0.35), 2)
    with c.at(30, 50, 0.23, 12):
        c.rect(0, 0, 100, 100, YELLOW if cloth != "#D9A23D" else CREAM, 20)
        c.line([(20, 50), (80, 50)], WHITE, 10)
        c.line([(50, 20), (50, 80)], WHITE, 10)
    with c.at(69, 51, 0.2, -10):
        c.rect(0, 0, 100, 100, CREAM, 20)


@pictogram("bed")
def _bed(c: Canvas, look: Look) -> None:
    cloth = look.pick("#7F9FD6", "#E58C7E", "#86B89B", "#A58BCB")
    c.rect(4, 22, 8, 70, COCOA, 4)
    c.rect(88, 50, 8, 42, COCOA, 4)
    c.rect(6, 30, 30, 34, BROWN, 6)
    c.rect(8, 70, 84, 14, BROWN, 3)
    c.rect(10, 60, 80, 14, WHITE, 5)
    with c.at(24, 54, 0.28, -6):
        c.rect(-6, 18, 112, 64, WHITE, 28)
        c.rect(-6, 52, 112, 30, "#E1E6EE", 15)
    with c.group():
        c.path("M36 56 Q40 49 52 50 H84 Q91 50 91 58 V78 H36 Z", cloth)
        with c.atop():
            c.path("M30 70 H96 V82 H30 Z", dark(cloth, 0.16))
            c.path("M30 46 H46 V84 H30 Z", light(cloth, 0.45))
            for x, y in ((56, 58), (70, 63), (83, 57), (62, 70), (78, 73)):
                c.ellipse(x, y, 2, fill=light(cloth, 0.6))
    for x, y, s in ((60, 30, 7), (72, 19, 10)):
        c.stroke(f"M{x} {y} H{x + s} L{x} {y + s} H{x + s}", NAVY, 2.2)


@pictogram("bathtub")
def _bathtub(c: Canvas, look: Look) -> None:
    c.stroke("M84 50 V20 Q84 12 76 12 Q69 12 69 20", SILVER, 4)
    c.path("M62 20 H76 L78 26 H60 Z", GREY)
    for x, y in ((64, 32), (69, 36), (74, 31)):
        c.path(f"M{x} {y} Q{x + 3} {y + 5} {x} {y + 6.5} Q{x - 3} {y + 5} {x} {y} Z", "#63B7E6")
    for x in (20, 76):
        c.path(f"M{x - 4} 84 H{x + 8} L{x + 4} 94 Q{x + 2} 96 {x} 94 Z", GOLD)
    with c.group():
        c.path("M6 52 H94 C94 76 84 88 70 88 H30 C16 88 6 76 6 52 Z", WHITE)
        with c.atop():
            c.path("M66 48 H98 V92 H48 C66 84 70 66 66 48 Z", "#DCE4EC")
            c.path("M0 74 Q50 84 100 74 V92 H0 Z", look.pick("#F2A28F", "#7FC6BD", "#A9B8E6"))
    for x, y, r in ((18, 46, 9), (32, 41, 12), (48, 44, 10), (60, 40, 9), (74, 47, 7), (40, 33, 6), (24, 34, 4.6)):
        c.ellipse(x, y, r, fill="#F3FBFF")
        c.ellipse(x - r * 0.3, y - r * 0.3, r * 0.42, fill="#D8EEFA")
    c.rect(2, 47, 96, 8, "#F4F7FA", 4)
    c.rect(2, 51, 96, 4, "#D4DDE6", 2)
    c.ellipse(50, 38, 8, 6, fill=YELLOW)
    c.ellipse(55, 31, 5, fill=YELLOW)
    c.path("M59 30 L65 32 L59 34 Z", "#F28A3C")
    c.ellipse(56, 30, 0.9, fill=INK)


@pictogram("lamp")
def _lamp(c: Canvas, look: Look) -> None:
    shade = look.pick("#F4B860", "#E98A76", "#8FC4B8")
    c.path("M22 52 L6 96 H94 L78 52 Z", "#FFF3C9")
    c.path("M30 52 L20 92 H80 L70 52 Z", "#FFE9A3")
    c.rect(47.5, 50, 5, 36, COCOA, 2)
    c.ellipse(50, 90, 22, 6, fill=dark(COCOA, 0.3))
    c.ellipse(50, 88, 22, 5.4, fill=BROWN)
    with c.group():
        c.path("M34 10 H66 L84 54 Q50 60 16 54 Z", shade)
        with c.atop():
            c.path("M58 8 H70 L90 60 H62 Z", dark(shade, 0.14))
            c.path("M38 8 H43 L33 60 H24 Z", light(shade, 0.45))
    c.rect(33, 8, 34, 4, dark(shade, 0.25), 2)
    c.line([(68, 56), (68, 68)], GREY, 1.2)
    c.ellipse(68, 70, 2.4, fill=GOLD)


@pictogram("key")
def _key(c: Canvas, look: Look) -> None:
    metal = look.pick(GOLD, "#C6CDD8", "#CF9159")
    with c.at(50, 50, 1, -40):
        c.rect(42, 45.5, 54, 9, metal, 3)
        c.rect(42, 51, 54, 3.5, dark(metal, 0.22), 1.7)
        for x, h in ((76, 14), (86, 18), (92, 12)):
            c.rect(x, 52, 5.4, h, metal if x != 92 else dark(metal, 0.1), 1.5)
        c.ring(24, 50, 17, None, metal, 11)
        c.arc(24, 50, 17, 20, 140, dark(metal, 0.22), 4)
        c.arc(24, 50, 17, 190, 290, light(metal, 0.6), 2.4)


@pictogram("padlock")
def _padlock(c: Canvas, look: Look) -> None:
    body = look.pick(GOLD, "#E08A4B", "#5C8FD6", TEAL)
    c.stroke("M30 50 V30 C30 4 70 4 70 30 V50", GREY, 10)
    c.stroke("M28 48 V30 C29 10 46 7 54 8", "#E3E8EE", 2.6)
    with c.group():
        c.rect(18, 44, 64, 50, body, 9)
        with c.atop():
            c.rect(60, 40, 30, 60, dark(body, 0.16))
            c.rect(18, 84, 64, 12, dark(body, 0.24))
            c.rect(24, 50, 5, 28, light(body, 0.55), 2.5)
    c.ellipse(50, 63, 7.4, fill=INK)
    c.path("M47 64 H53 L56 82 H44 Z", INK)


@pictogram("plant-pot")
def _plant(c: Canvas, look: Look) -> None:
    pot = look.pick("#D3764F", "#F0E4D2", "#5B9AA0", "#E5A93F")
    for angle, length, colour in (
        (-62, 40, FOREST),
        (62, 40, FOREST),
        (-34, 50, GREEN),
        (34, 50, "#4F9A55"),
        (0, 56, "#7DBB5A"),
        (-84, 30, GREEN),
        (84, 30, "#4F9A55"),
    ):
        a = math.radians(angle - 90)
        x, y = 50 + length * math.cos(a), 64 + length * math.sin(a)
        nx, ny = -math.sin(a) * length * 0.27, math.cos(a) * length * 0.27
        mx, my = 50 + length * 0.55 * math.cos(a), 64 + length * 0.55 * math.sin(a)
        c.path(f"M50 64 Q{mx + nx:.2f} {my + ny:.2f} {x:.2f} {y:.2f} Q{mx - nx:.2f} {my - ny:.2f} 50 64 Z", colour)
        c.line([(50, 64), (50 + length * 0.8 * math.cos(a), 64 + length * 0.8 * math.sin(a))], light(colour, 0.35), 1.2)
    with c.group():
        c.path("M26 66 H74 L68 94 Q67 97 64 97 H36 Q33 97 32 94 Z", pot)
        with c.atop():
            c.path("M58 60 H80 V100 H54 Z", dark(pot, 0.15))
            c.path("M26 80 L50 76 L76 80 V85 L50 81 L26 85 Z", light(pot, 0.5))
    c.rect(22, 60, 56, 10, light(pot, 0.16), 3)
    c.rect(22, 66, 56, 4, dark(pot, 0.12), 2)


@pictogram("clock")
def _clock(c: Canvas, look: Look) -> None:
    rim = look.pick(CORAL, TEAL, NAVY, "#7B5FC0")
    for side in (-1, 1):
        c.line([(50 + 20 * side, 80), (50 + 28 * side, 94)], dark(rim, 0.3), 6)
        c.pie(50 + 27 * side, 20, 13, 180 + (30 * side), 360 + (30 * side), GOLD)
    c.line([(50, 8), (50, 16)], GREY, 5)
    c.ellipse(50, 54, 38, fill=rim)
    c.pie(50, 54, 38, -40, 90, dark(rim, 0.14))
    c.ellipse(50, 54, 30, fill="#E3E6EA")
    c.ellipse(49, 53, 29, fill=WHITE)
    for k in range(12):
        a = math.radians(30 * k)
        inner = 22 if k % 3 == 0 else 24.5
        c.line(
            [(50 + inner * math.cos(a), 54 + inner * math.sin(a)), (50 + 26 * math.cos(a), 54 + 26 * math.sin(a))],
            INK,
            2 if k % 3 == 0 else 1.1,
        )
    a, b = math.radians(look.random.choice((210, 240, 300))), math.radians(look.random.choice((-90, 0, 60)))
    c.line([(50, 54), (50 + 13 * math.cos(a), 54 + 13 * math.sin(a))], INK, 3.4)
    c.line([(50, 54), (50 + 21 * math.cos(b), 54 + 21 * math.sin(b))], INK, 2.4)
    c.ellipse(50, 54, 3, fill=rim)
