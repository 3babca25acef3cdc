"""Tools, instruments and things to make, find and learn with."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import (
    BROWN,
    COCOA,
    CORAL,
    FOREST,
    GOLD,
    GREEN,
    GREY,
    INK,
    NAVY,
    RED,
    SAND,
    SILVER,
    SKY,
    SLATE,
    TEAL,
    WHITE,
    YELLOW,
    Look,
)
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


@pictogram("hammer")
def _hammer(c: Canvas, look: Look) -> None:
    grip = look.pick(CORAL, TEAL, "#E2A63B", "#5C8FD6")
    with c.at(50, 50, 1, 38):
        c.rect(45, 22, 10, 46, "#C99058", 3)
        c.rect(51, 22, 4, 46, "#A8703F", 2)
        c.rect(43, 58, 14, 42, grip, 6)
        c.rect(51, 58, 6, 42, dark(grip, 0.2), 3)
        for y in (68, 76, 84):
            c.line([(46, y), (54, y)], dark(grip, 0.35), 1.8)
        c.path("M36 8 H62 V30 H36 Q22 26 8 34 Q12 10 36 8 Z", "#8E98A8")
        c.path("M36 20 H62 V30 H36 Q22 26 8 34 Q10 26 14 22 Q24 18 36 20 Z", SLATE)
        c.rect(62, 10, 6, 18, GREY, 1)
        c.rect(68, 6, 14, 26, "#8E98A8", 3)
        c.rect(68, 20, 14, 12, SLATE, 3)
        c.path("M36 11 H60 V14 H36 Q26 15 20 19 Q26 12 36 11 Z", SILVER)


@pictogram("paintbrush", fit=(46, 56, 0.85))
def _paintbrush(c: Canvas, look: Look) -> None:
    paint, handle = look.pick(CORAL, TEAL, "#7B5FC0", "#F2B134"), look.pick("#E2A63B", "#4A88D9", "#8A5B3C")
    c.path("M4 92 C2 78 22 82 34 84 C54 88 62 78 74 84 C84 90 66 98 48 96 C30 95 8 100 4 92 Z", paint)
    c.path("M14 88 C24 84 34 88 46 88 C40 92 20 92 14 88 Z", light(paint, 0.4))
    with c.at(56, 42, 1, 40):
        c.path("M47 4 Q50 -14 53 4 L57 42 H43 Z", handle)
        c.path("M50 -8 Q52 -4 53 4 L57 42 H50 Z", dark(handle, 0.2))
        c.ellipse(50, 0, 1.5, fill=WHITE)
        c.rect(41, 40, 18, 15, SILVER, 2)
        c.rect(51, 40, 8, 15, GREY, 2)
        c.line([(41, 45), (59, 45)], SLATE, 1)
        c.line([(41, 50), (59, 50)], SLATE, 1)
        c.path("M41 55 H59 C64 68 58 78 50 90 C42 78 36 68 41 55 Z", "#6B4A33")
        c.path("M38.6 64 Q50 60 61.4 64 C61 72 57 80 50 90 C43 80 39 72 38.6 64 Z", paint)
        c.path("M52 62 Q58 62 61.4 64 C61 72 57 80 50 90 Q54 76 52 62 Z", dark(paint, 0.18))


@pictogram("camera")
def _camera(c: Canvas, look: Look) -> None:
    body = look.pick("#4A4458", TEAL, CORAL, "#8A6A4F")
    c.path("M30 26 L36 14 H64 L70 26 Z", dark(body, 0.15))
    c.rect(12, 20, 14, 8, GREY, 2)
    with c.group():
        c.rect(4, 24, 92, 62, body, 9)
        with c.atop():
            c.rect(0, 38, 100, 34, dark(body, 0.3))
            c.rect(4, 24, 92, 5, light(body, 0.35))
    c.rect(76, 29, 13, 7, "#FFE9A3", 2)
    c.ellipse(14, 33, 2.6, fill=RED)
    c.ellipse(50, 56, 27, fill=SILVER)
    c.ellipse(50, 56, 23, fill=INK)
    c.ellipse(50, 56, 17, fill="#3F5E9A")
    c.ellipse(50, 56, 11, fill="#24345F")
    c.ellipse(44, 50, 6.4, 4.6, fill="#BFE3F2", angle=-40)
    c.ellipse(57, 63, 2.6, fill="#7FA8DE")


@pictogram("laptop")
def _laptop(c: Canvas, look: Look) -> None:
    screen = look.pick("#3F5E9A", "#2F7F86", "#6A4C93")
    c.rect(14, 14, 72, 56, "#4A4F61", 5)
    with c.group():
        c.rect(18, 18, 64, 47, screen, 2)
        with c.atop():
            c.path("M56 14 H90 V72 H34 Z", light(screen, 0.12))
            c.rect(18, 18, 64, 7, light(screen, 0.8))
    for x, colour in ((22, RED), (26, YELLOW), (30, GREEN)):
        c.ellipse(x, 21.5, 1.4, fill=colour)
    for y, x0, w, colour in (
        (31, 24, 20, "#FFE08A"),
        (37, 28, 28, "#A9DEC8"),
        (43, 28, 18, "#F8AFBB"),
        (49, 24, 24, "#93CBF3"),
        (55, 28, 14, "#FFE08A"),
    ):
        c.rect(x0, y, w, 2.8, colour, 1.4)
    for x, h in ((62, 10), (68, 18), (74, 25)):
        c.rect(x, 60 - h, 4.4, h, "#FFF1DC", 1)
    c.path("M14 70 H86 L98 84 H2 Z", SILVER)
    c.path("M20 72 H80 L86 79 H14 Z", SLATE)
    c.path("M40 80 H60 L61.6 83.4 H38.4 Z", GREY)
    c.path("M2 84 H98 Q98 90 92 90 H8 Q2 90 2 84 Z", "#98A1B0")


@pictogram("phone")
def _phone(c: Canvas, look: Look) -> None:
    wall = look.pick("#F2705F|#FFCB4D", "#2FA79B|#A9DEC8", "#7B5FC0|#F8AFBB", "#4A88D9|#93CBF3").split("|")
    c.rect(24, 2, 52, 96, INK, 10)
    c.rect(75, 26, 2.6, 14, SLATE, 1)
    with c.group():
        c.rect(27.5, 6, 45, 88, wall[0], 7)
        with c.atop():
            c.ellipse(66, 86, 38, 34, fill=wall[1])
            c.ellipse(26, 94, 26, 22, fill=light(wall[1], 0.4))
    c.rect(41, 8.5, 18, 4.2, INK, 2.1)
    c.rect(33, 22, 34, 17, WHITE, 4)
    c.ellipse(40, 30.5, 4.6, fill=wall[0])
    c.rect(47, 26.4, 16, 3, SLATE, 1.5)
    c.rect(47, 32, 11, 2.6, SILVER, 1.3)
    for row in range(2):
        for col, colour in enumerate((CORAL, YELLOW, TEAL) if row else (SKY, "#F8AFBB", GREEN)):
            c.rect(33.4 + col * 12.2, 46 + row * 13, 9, 9, colour, 2.6)
    c.rect(40, 89, 20, 1.8, WHITE, 0.9)


@pictogram("guitar", fit=(41, 60, 0.78))
def _guitar(c: Canvas, look: Look) -> None:
    wood = look.pick("#D98B3F", "#C4523F", "#E3B35E", "#8A4B2E")
    with c.at(50, 50, 1, 36):
        c.rect(46, -12, 8, 58, COCOA, 1)
        for y in range(-4, 40, 6):
            c.line([(46.4, y), (53.6, y)], SILVER, 0.8)
        c.path("M43 -26 H57 L55 -10 H45 Z", dark(COCOA, 0.2))
        for side in (-1, 1):
            for y in (-22, -16):
                c.ellipse(50 + 8.6 * side, y, 2.2, fill=GOLD)
        with c.group():
            c.path(
                "M50 34 C62 34 70 40 69 50 C68 56 66 58 70 64 C80 78 72 102 50 102 "
                "C28 102 20 78 30 64 C34 58 32 56 31 50 C30 40 38 34 50 34 Z",
                wood,
            )
            with c.atop():
                c.path("M56 30 H90 V106 H50 C64 90 50 60 56 30 Z", dark(wood, 0.15))
                c.ellipse(36, 82, 5, 12, fill=light(wood, 0.4), angle=12)
        c.rect(46, 34, 8, 20, COCOA)
        c.ellipse(50, 64, 10, fill=dark(wood, 0.4))
        c.ellipse(50, 64, 8, fill="#2B1B18")
        c.rect(39, 86, 22, 5, COCOA, 2)
        for x in (47.6, 49.2, 50.8, 52.4):
            c.line([(x, -12), (x, 87)], "#F2E6CF", 0.5)


@pictogram("book")
def _book(c: Canvas, look: Look) -> None:
    cover = look.pick(CORAL, TEAL, NAVY, "#7B5FC0", FOREST)
    c.path("M2 26 Q2 22 6 22 H94 Q98 22 98 26 V86 Q98 90 94 90 H58 Q50 90 50 94 Q50 90 42 90 H6 Q2 90 2 86 Z", cover)
    c.path("M50 22 H94 Q98 22 98 26 V86 Q98 90 94 90 H58 Q50 90 50 94 Z", dark(cover, 0.16))
    c.path("M6 18 Q30 10 50 22 V86 Q30 76 6 84 Z", WHITE)
    c.path("M94 18 Q70 10 50 22 V86 Q70 76 94 84 Z", "#F0EADF")
    c.path("M42 18.6 Q47 20 50 22 V86 Q46 83 42 82 Z", "#E3DBCB")
    for k in range(5):
        y = 30 + k * 9
        c.stroke(f"M13 {y} Q30 {y - 5} 43 {y + 3}", "#C9C0B2", 2)
        if k > 1:
            c.stroke(f"M57 {y + 3} Q70 {y - 5} 87 {y}", "#BFB6A8", 2)
    c.ellipse(72, 33, 9, 7, fill="#93CBF3")
    c.path("M64 37 L70 29 L75 35 L78 32 L81 37 Z", GREEN)
    c.path("M76 14 H84 V34 L80 30 L76 34 Z", RED)


@pictogram("map")
def _map(c: Canvas, look: Look) -> None:
    for x, colour, lift in ((4, "#F4E5C0", 0), (34, "#E5D2A4", 8), (64, "#F4E5C0", 0)):
        y0, y1 = (16, 24) if lift == 0 else (24, 16)
        c.polygon([(x, y0), (x + 31, y1), (x + 31, y1 + 66), (x, y0 + 66)], colour)
    c.path("M4 54 L35 62 V90 L4 82 Z", "#9AD0C8")
    c.path("M35 62 C44 56 52 66 65 58 V82 L35 90 Z", "#86BFB7")
    c.path("M64 16 L95 24 V44 Q80 48 64 36 Z", "#A9CF8B")
    c.stroke("M12 32 C24 26 26 44 38 42 C52 40 46 60 60 60", RED, 2.6)
    for x, y in ((18, 31), (30, 39), (46, 45)):
        c.ellipse(x, y, 1.9, fill="#F4E5C0")
    c.line([(8, 24), (16, 26)], "#C3AD7C", 1.6)
    c.line([(74, 68), (88, 72)], "#C3AD7C", 1.6)
    c.line([(74, 75), (84, 77.6)], "#C3AD7C", 1.6)
    c.path("M68 62 C56 46 56 40 56 36 C56 20 80 20 80 36 C80 40 80 46 68 62 Z", look.pick(CORAL, RED, "#7B5FC0"))
    c.ellipse(68, 36, 5, fill=WHITE)


@pictogram("compass")
def _compass(c: Canvas, look: Look) -> None:
    metal = look.pick(GOLD, "#C08552", "#9AA7B8")
    c.ring(50, 8, 6, 6, dark(metal, 0.2), 3.4)
    c.rect(45, 10, 10, 9, metal, 2)
    c.ellipse(50, 56, 41, fill=metal)
    c.pie(50, 56, 41, -30, 130, dark(metal, 0.18))
    c.ellipse(50, 56, 33, fill=dark(metal, 0.35))
    c.ellipse(50, 56, 32, fill="#FFF8E8")
    for k in range(24):
        with c.at(50, 56, 1, 15 * k):
            c.line([(50, 20.5), (50, 24 if k % 6 else 28)], INK if k % 6 == 0 else GREY, 2.2 if k % 6 == 0 else 1)
    turn = look.random.choice((24, 38, -30))
    with c.at(50, 56, 1, turn):
        c.polygon([(50, 24), (57, 50), (50, 50)], dark(RED, 0.2))
        c.polygon([(50, 24), (43, 50), (50, 50)], RED)
        c.polygon([(50, 76), (57, 50), (50, 50)], "#3C4A68")
        c.polygon([(50, 76), (43, 50), (50, 50)], "#56678C")
        c.ellipse(50, 50, 4.4, fill=metal)
        c.ellipse(50, 50, 1.8, fill=INK)


@pictogram("tent")
def _tent(c: Canvas, look: Look) -> None:
    cloth = look.pick(CORAL, "#E2A63B", TEAL, "#5C8FD6")
    c.ellipse(50, 90, 48, 6, fill=GREEN)
    c.line([(14, 88), (4, 94)], COCOA, 2)
    c.line([(88, 88), (97, 94)], COCOA, 2)
    c.path("M44 18 L66 14 L94 88 H74 Z", dark(cloth, 0.25))
    c.path("M44 18 L8 88 H76 Z", cloth)
    c.path("M44 18 L60 54 L52 88 H76 Z", light(cloth, 0.14))
    c.path("M44 26 L28 88 H60 Z", "#3A2F45")
    c.path("M44 26 L28 88 H40 Z", "#544560")
    c.path("M44 26 L24 74 Q30 80 26 88 H18 Z", light(cloth, 0.5))
    c.path("M44 26 L62 74 Q57 80 61 88 H70 Z", light(cloth, 0.38))
    c.line([(44, 18), (41, 9)], COCOA, 2.6)
    c.line([(44, 18), (48, 10)], COCOA, 2.6)
    c.ellipse(44, 80, 5, fill=YELLOW)
    c.ellipse(44, 80, 2.6, fill="#FFF3C4")
    c.polygon([(41, 9), (28, 5), (33, 11), (29, 16), (42, 12)], RED)


@pictogram("telescope", fit=(47, 50, 0.92))
def _telescope(c: Canvas, look: Look) -> None:
    tube = look.pick(NAVY, "#8C3B4A", "#2F7F86", "#6A4C93")
    for x in (26, 50, 74):
        c.line([(50, 56), (x, 95)], BROWN if x != 50 else COCOA, 4)
    c.ellipse(50, 56, 6, fill=SLATE)
    with c.at(50, 42, 1, -26):
        c.rect(0, 44, 20, 12, GREY, 3)
        c.rect(-6, 42, 8, 16, INK, 3)
        c.rect(18, 40, 34, 20, tube, 2)
        c.rect(18, 52, 34, 8, dark(tube, 0.25), 2)
        c.rect(50, 36, 42, 28, light(tube, 0.15), 3)
        c.rect(50, 53, 42, 11, tube, 3)
        c.rect(53, 39, 36, 3, light(tube, 0.5), 1.5)
        c.rect(48, 35, 6, 30, GOLD, 2)
        c.rect(88, 33, 9, 34, GOLD, 3)
        c.rect(88, 54, 9, 13, dark(GOLD, 0.2), 3)
        c.ellipse(97, 50, 3.4, 14, fill="#BFE3F2")
    for x, y, r in ((22, 14, 5), (40, 6, 3.4), (12, 34, 3.4)):
        c.path(f"M{x} {y - r} Q{x} {y} {x + r} {y} Q{x} {y} {x} {y + r} Q{x} {y} {x - r} {y} Q{x} {y} {x} {y - r} Z", GOLD)


@pictogram("scissors")
def _scissors(c: Canvas, look: Look) -> None:
    grip = look.pick(CORAL, TEAL, "#7B5FC0", "#F2B134")
    c.line([(8, 50), (92, 50)], SAND, 1.4)
    for side in (-1, 1):
        with c.at(50, 52, 1, 20 * side):
            c.path(f"M{50 - 4 * side} 54 L{50 - 1 * side} 0 Q{50 + 5 * side} 12 {50 + 5 * side} 54 Z", SILVER if side > 0 else GREY)
            c.path(f"M{50 - 2 * side} 50 L{50 - 0.6 * side} 4 L{50 + 1.2 * side} 50 Z", "#EEF2F6")
            c.line([(50, 54), (50 - 1 * side, 66)], dark(grip, 0.1), 7)
            c.ring(50 - 4 * side, 82, 10, 14, grip if side > 0 else dark(grip, 0.14), 6.4)
    c.ellipse(50, 53, 4.4, fill=SLATE)
    c.ellipse(49.2, 52.2, 1.5, fill=SILVER)


@pictogram("needle", fit=(47, 55, 0.88))
def _needle(c: Canvas, look: Look) -> None:
    thread = look.pick(CORAL, TEAL, "#7B5FC0", "#4A88D9")
    c.rect(10, 40, 36, 52, "#D9A774", 3)
    with c.group():
        c.rect(13, 48, 30, 36, thread, 2)
        with c.atop():
            for y in range(46, 90, 4):
                c.line([(8, y + 2), (48, y - 2)], dark(thread, 0.2), 1.1)
            c.rect(16, 44, 5, 44, light(thread, 0.4))
    for y in (38, 84):
        c.rect(5, y, 46, 10, "#B5793F", 3)
        c.rect(5, y, 46, 4, "#D9A774", 2)
    c.stroke("M43 56 C66 60 52 86 70 84 C88 82 92 50 76 42 C66 37 66 28 71.5 22", thread, 2.2)
    with c.at(66, 34, 1, 24):
        c.path("M47 -4 Q50 -10 53 -4 L52 40 L50 72 L48 40 Z", GREY)
        c.path("M50 -8 Q52 -7 53 -4 L52 40 L50 72 Z", SLATE)
        c.ellipse(50, 2, 1.3, 5, fill=WHITE)


@pictogram("microscope", fit=(50, 57, 0.84))
def _microscope(c: Canvas, look: Look) -> None:
    body = look.pick("#4A6FA5", TEAL, "#7B5FC0", "#5A6273")
    c.path("M14 88 H80 Q88 88 88 95 Q88 97 86 97 H8 Q6 97 6 95 Q6 88 14 88 Z", dark(body, 0.3))
    c.stroke("M58 32 C86 38 90 72 66 88", body, 9)
    c.stroke("M62 31 C88 38 92 70 70 86", dark(body, 0.18), 3)
    c.rect(20, 70, 42, 6, SLATE, 2)
    c.rect(26, 66.4, 26, 3.4, "#BFE3F2", 1)
    c.ellipse(40, 68, 3, 1.6, fill=CORAL)
    c.rect(34, 77, 12, 8, GOLD, 2)
    with c.at(45, 36, 1, 18):
        c.rect(42, 6, 16, 14, INK, 3)
        c.rect(40, 19, 20, 36, body, 4)
        c.rect(52, 19, 8, 36, dark(body, 0.2), 4)
        c.rect(43, 22, 3.4, 28, light(body, 0.5), 1.7)
        c.rect(38, 32, 24, 5, GOLD, 2)
        c.rect(44, 55, 12, 12, GREY, 2)
        c.rect(46, 66, 8, 9, SLATE, 2)
    c.ellipse(70, 60, 6.4, fill=GOLD)
    c.ellipse(70, 60, 3, fill=dark(GOLD, 0.25))
