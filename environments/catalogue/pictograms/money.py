"""Money, rank and office."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import (
    BLUE,
    BROWN,
    COCOA,
    CORAL,
    GOLD,
    GREEN,
    GREY,
    INK,
    MIST,
    NAVY,
    RED,
    SILVER,
    SLATE,
    TEAL,
    WHITE,
    Look,
)
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


def _sparkle(c: Canvas, x: float, y: float, r: float, fill: str = "#FFF3C4") -> None:
    c.path(f"M{x} {y - r} Q{x} {y} {x + r} {y} Q{x} {y} {x} {y + r} Q{x} {y} {x - r} {y} Q{x} {y} {x} {y - r} Z", fill)


@pictogram("coins")
def _coins(c: Canvas, look: Look) -> None:
    edge = dark(GOLD, 0.26)
    for x, count in ((24, 3), (72, 6), (48, 4)):
        for i in range(count):
            y = 88 - i * 9
            c.rect(x - 21, y - 5, 42, 10, edge, 5)
            c.ellipse(x, y - 4, 21, 6.6, fill=GOLD)
            for k in range(-3, 4):
                c.line([(x + k * 5.6, y + 1.6), (x + k * 5.6, y + 3.6)], light(GOLD, 0.35), 1)
        top = 84 - (count - 1) * 9
        c.ellipse(x, top, 21, 6.6, fill="#FFD876")
        c.ellipse(x, top, 15.5, 4.4, fill=GOLD)
        c.ellipse(x - 3, top - 0.8, 9, 2, fill="#FFE9A6")
    c.ellipse(34, 24, 16, fill=edge)
    c.ellipse(33, 23.4, 15.4, fill="#FFD876")
    c.ellipse(33, 23.4, 11.6, fill=GOLD)
    c.path("M33 14 L35.4 20.4 L42 20.8 L36.8 25 L38.6 31.6 L33 27.8 L27.4 31.6 L29.2 25 L24 20.8 L30.6 20.4 Z", "#FFF3C4")


@pictogram("crown")
def _crown(c: Canvas, look: Look) -> None:
    velvet = look.pick(RED, "#7B5FC0", "#2F6FA8")
    c.path("M20 66 L18 40 Q34 30 50 30 Q66 30 82 40 L80 66 Z", velvet)
    with c.group():
        c.path("M14 80 L6 32 L28 52 L50 16 L72 52 L94 32 L86 80 Z", GOLD)
        with c.atop():
            c.path("M50 16 L72 52 L94 32 L86 90 H58 Z", dark(GOLD, 0.14))
            c.path("M8 32 L16 78 L20 78 L13 40 Z", "#FFE9A6")
    c.rect(12, 74, 76, 14, dark(GOLD, 0.2), 4)
    c.rect(12, 74, 76, 5, "#FFD876", 2.5)
    for x, y, r, colour in ((6, 30, 5.4, CORAL), (50, 13, 6.4, TEAL), (94, 30, 5.4, CORAL)):
        c.ellipse(x, y, r, fill=colour)
        c.ellipse(x - r * 0.3, y - r * 0.35, r * 0.34, fill="#FFFFFF")
    for x, colour in ((26, BLUE), (50, RED), (74, BLUE)):
        c.polygon([(x, 76.5), (x + 5.5, 82), (x, 87.5), (x - 5.5, 82)], colour)
        c.polygon([(x, 76.5), (x, 82), (x - 5.5, 82)], light(colour, 0.5))
    c.polygon([(50, 44), (57, 55), (50, 66), (43, 55)], RED)
    c.polygon([(50, 44), (50, 55), (43, 55)], light(RED, 0.5))


@pictogram("diamond")
def _diamond(c: Canvas, look: Look) -> None:
    stone = look.pick("#5BB8E8", "#E58CB8", "#66CDB0")
    c.path("M24 22 H76 L96 44 L50 94 L4 44 Z", stone)
    c.polygon([(24, 22), (4, 44), (30, 44)], light(stone, 0.45))
    c.polygon([(24, 22), (30, 44), (50, 22)], light(stone, 0.7))
    c.polygon([(50, 22), (30, 44), (70, 44)], light(stone, 0.35))
    c.polygon([(50, 22), (70, 44), (76, 22)], light(stone, 0.6))
    c.polygon([(76, 22), (70, 44), (96, 44)], dark(stone, 0.06))
    c.polygon([(4, 44), (30, 44), (50, 94)], light(stone, 0.18))
    c.polygon([(30, 44), (70, 44), (50, 94)], stone)
    c.polygon([(70, 44), (96, 44), (50, 94)], dark(stone, 0.2))
    c.polygon([(33, 26), (41, 26), (33, 36), (28, 36)], "#FFFFFF")
    for x, y, r in ((90, 16, 8), (12, 14, 5.5), (88, 76, 5)):
        _sparkle(c, x, y, r)


@pictogram("briefcase")
def _briefcase(c: Canvas, look: Look) -> None:
    hide = look.pick("#9A6136", "#5F3C29", "#3E4A6B", "#7A3F3A")
    c.stroke("M36 28 V18 Q36 12 42 12 H58 Q64 12 64 18 V28", dark(hide, 0.35), 5)
    with c.group():
        c.rect(6, 26, 88, 62, hide, 8)
        with c.atop():
            c.rect(0, 70, 100, 20, dark(hide, 0.2))
            c.rect(70, 20, 30, 70, dark(hide, 0.12))
            c.path("M6 26 H94 V44 Q72 58 50 58 Q28 58 6 44 Z", light(hide, 0.14))
            c.stroke("M6 45 Q28 59 50 59 Q72 59 94 45", dark(hide, 0.3), 1.8)
    for x in (22, 78):
        c.rect(x - 3.4, 24, 6.8, 14, GOLD, 2)
    c.rect(42, 51, 16, 15, GOLD, 3)
    c.rect(42, 51, 16, 5, "#FFD876", 2.4)
    c.ellipse(50, 59.5, 2, fill=INK)
    c.rect(48.9, 60, 2.2, 4, INK, 1)


@pictogram("wristwatch")
def _wristwatch(c: Canvas, look: Look) -> None:
    strap, metal = look.pick(COCOA, NAVY, "#3A3550", "#8C3B3A"), look.pick(GOLD, "#C6CDD8")
    c.path("M36 30 L39 2 Q40 0 42 0 H58 Q60 0 61 2 L64 30 Z", strap)
    c.path("M36 70 L39 98 Q40 100 42 100 H58 Q60 100 61 98 L64 70 Z", dark(strap, 0.15))
    for y in (86, 91):
        c.ellipse(50, y, 1.5, fill=light(strap, 0.6))
    for x in (40.5, 59.5):
        c.line([(x, 5), (x, 24)], light(strap, 0.3), 1)
    c.rect(78, 45, 7, 10, dark(metal, 0.15), 2)
    c.ellipse(50, 50, 31, fill=metal)
    c.pie(50, 50, 31, -30, 120, dark(metal, 0.18))
    dial = look.pick("#FFFDF8", "#24304F")
    hands = INK if dial == "#FFFDF8" else WHITE
    c.ellipse(50, 50, 25, fill=dark(metal, 0.3))
    c.ellipse(50, 50, 24, fill=dial)
    for k in range(12):
        with c.at(50, 50, 1, 30 * k):
            c.line([(50, 29.5), (50, 33 if k % 3 else 34.5)], metal if dial != "#FFFDF8" else SLATE, 1.3 if k % 3 else 2.4)
    c.line([(50, 50), (40, 43)], hands, 3)
    c.line([(50, 50), (60, 36)], hands, 2.2)
    c.line([(50, 50), (51, 66)], CORAL, 1.2)
    c.ellipse(50, 50, 2.4, fill=metal)


@pictogram("chart-up")
def _chart(c: Canvas, look: Look) -> None:
    c.rect(4, 6, 92, 88, WHITE, 8)
    c.rect(4, 84, 92, 10, MIST, 5)
    for y in (24, 40, 56):
        c.line([(16, y), (88, y)], MIST, 1.4)
    c.line([(15, 14), (15, 80), (90, 80)], SLATE, 2.4)
    for x, h, colour in ((22, 18, look.pick("#93CBF3", "#A9DEC8")), (38, 28, "#6FB7DE"), (54, 40, TEAL), (70, 52, GREEN)):
        c.rect(x, 79 - h, 11, h, colour, 2)
        c.rect(x + 7.4, 80 - h, 3.6, h - 1, dark(colour, 0.16), 1)
    c.line([(20, 56), (40, 42), (54, 46), (80, 18)], CORAL, 3.6)
    c.polygon([(88, 9), (85, 25), (73, 15)], CORAL)
    for x, y in ((20, 56), (40, 42), (54, 46)):
        c.ellipse(x, y, 3.2, fill=WHITE)
        c.ellipse(x, y, 2, fill=CORAL)


@pictogram("document")
def _document(c: Canvas, look: Look) -> None:
    seal = look.pick(RED, TEAL, BLUE)
    with c.at(54, 52, 0.96, 6):
        c.rect(18, 6, 66, 88, SILVER, 4)
    c.path("M14 6 Q14 3 17 3 H62 L82 23 V93 Q82 96 79 96 H17 Q14 96 14 93 Z", WHITE)
    c.path("M62 3 L82 23 H65 Q62 23 62 20 Z", "#CFD6E0")
    c.rect(23, 16, 28, 6, NAVY, 2)
    for y, w in ((32, 50), (40, 46), (48, 50), (56, 38)):
        c.rect(23, y, w, 3.2, "#C3CBD7", 1.6)
    c.stroke("M24 80 C28 70 32 72 31 79 C34 74 38 74 38 80 Q42 76 46 79", NAVY, 1.8)
    c.line([(23, 86), (50, 86)], GREY, 1.2)
    c.path("M60 80 L57 98 L65 93 L73 98 L70 80 Z", dark(seal, 0.2))
    for k in range(12):
        with c.at(65, 74, 1, 30 * k):
            c.ellipse(50, 39.6, 3, fill=seal)
    c.ellipse(65, 74, 10, fill=seal)
    c.ellipse(65, 74, 6.6, fill=light(seal, 0.4))


@pictogram("podium")
def _podium(c: Canvas, look: Look) -> None:
    block = look.pick("#5B78B8", "#E58C5C", "#4F9C96")
    for x, top, digit, shade in ((4, 60, "2", 0.0), (66, 68, "3", 0.16), (35, 44, "1", 0.06)):
        c.rect(x, top, 30, 96 - top, dark(block, shade), 2)
        c.rect(x - 1, top - 2, 32, 6, light(block, 0.4), 2)
        c.ellipse(x + 15, top + 17, 8.4, fill=light(block, 0.75))
        _digit(c, digit, x + 15, top + 17, dark(block, 0.35))
    c.stroke("M42 18 C34 17 36 28 44 29 M58 18 C66 17 64 28 56 29", GOLD, 2.6)
    c.path("M41 12 H59 C59 26 56 31 50 32 C44 31 41 26 41 12 Z", GOLD)
    c.path("M53 12 H59 C59 26 56 31 50 32 C53 26 54 20 53 12 Z", dark(GOLD, 0.2))
    c.rect(48, 31, 4, 6, dark(GOLD, 0.15))
    c.rect(42, 36, 16, 5, BROWN, 1.5)
    _sparkle(c, 24, 30, 6)
    _sparkle(c, 78, 38, 5)
    _sparkle(c, 70, 12, 4)


def _digit(c: Canvas, digit: str, x: float, y: float, colour: str) -> None:
    strokes = {
        "1": f"M{x - 2} {y - 3} L{x + 0.6} {y - 5} V{y + 5}",
        "2": f"M{x - 3} {y - 2.6} Q{x} {y - 7.6} {x + 3} {y - 2.6} Q{x + 2} {y + 1} {x - 3} {y + 4.6} H{x + 3.4}",
        "3": (
            f"M{x - 3} {y - 4} Q{x + 4} {y - 6} {x + 2.4} {y - 1.4} L{x - 0.6} {y - 0.2} "
            f"Q{x + 5} {y + 1} {x + 1.4} {y + 4.4} Q{x - 1} {y + 5.4} {x - 3} {y + 4}"
        ),
    }
    c.stroke(strokes[digit], colour, 2)


@pictogram("gavel")
def _gavel(c: Canvas, look: Look) -> None:
    wood = look.pick("#9A6136", "#7A4B2E", "#B5793F")
    c.rect(12, 84, 58, 10, dark(wood, 0.3), 3)
    c.rect(18, 77, 46, 9, wood, 3)
    c.rect(18, 77, 46, 3, light(wood, 0.3), 1.5)
    with c.at(50, 44, 1, 38):
        c.rect(50, 45.5, 52, 9, wood, 4)
        c.rect(50, 50.5, 52, 4, dark(wood, 0.2), 2)
        c.rect(94, 44, 9, 12, dark(wood, 0.25), 4)
        with c.group():
            c.rect(26, 20, 26, 60, wood, 5)
            with c.atop():
                c.rect(42, 16, 14, 70, dark(wood, 0.2))
                c.rect(29, 20, 4, 60, light(wood, 0.3))
        for y in (27, 66):
            c.rect(24.5, y, 29, 7, GOLD, 2)
            c.rect(42, y, 11.5, 7, dark(GOLD, 0.2), 2)
    for x0, y0, x1, y1 in ((8, 60, 2, 54), (6, 70, 0, 70), (16, 54, 13, 46)):
        c.line([(x0, y0), (x1, y1)], GREY, 2.2)
