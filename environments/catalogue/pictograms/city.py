"""The city and its traffic."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import BLUE, CORAL, GREEN, GREY, INK, NAVY, RED, SILVER, SLATE, WHITE, YELLOW, Look
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []

_GLASS = "#BFE3F2"


def _wheel(c: Canvas, x: float, y: float, r: float) -> None:
    c.ellipse(x, y, r, fill=INK)
    c.ellipse(x, y, r * 0.58, fill=SILVER)
    c.ellipse(x, y, r * 0.24, fill=SLATE)


@pictogram("skyscraper")
def _skyscraper(c: Canvas, look: Look) -> None:
    towers = ((8, 44, 26, "#8FA6C9"), (66, 32, 27, "#7E90B8"), (32, 14, 36, look.pick("#4E6FA8", "#4C8A98", "#6A63A8")))
    c.line([(50, 14), (50, 2)], SLATE, 2)
    c.ellipse(50, 3, 1.8, fill=RED)
    for x, y, w, colour in towers:
        with c.group():
            c.rect(x, y, w, 96 - y, colour, 2)
            with c.atop():
                c.rect(x + w * 0.62, y, w, 96 - y, dark(colour, 0.18))
        c.rect(x - 1, y - 2, w + 2, 4, dark(colour, 0.3), 1)
        for row in range(int((90 - y) // 9)):
            for col in range(3):
                lit = look.random.random() < 0.45
                c.rect(x + w * (0.12 + 0.29 * col), y + 6 + 9 * row, w * 0.18, 5, "#FFE08A" if lit else light(colour, 0.5), 0.6)
    c.rect(45, 86, 10, 10, "#3A3550", 1)
    c.rect(2, 94, 96, 4, GREEN, 2)


@pictogram("traffic-light")
def _traffic_light(c: Canvas, look: Look) -> None:
    c.rect(46, 70, 8, 26, SLATE, 2)
    c.rect(36, 92, 28, 6, dark(SLATE, 0.3), 3)
    for y in (16, 38, 60):
        c.path(f"M30 {y - 5} L18 {y - 5} Q20 {y + 7} 30 {y + 9} Z", "#494457")
        c.path(f"M70 {y - 5} L82 {y - 5} Q80 {y + 7} 70 {y + 9} Z", "#37334A")
    with c.group():
        c.rect(28, 2, 44, 74, "#3E3A50", 9)
        with c.atop():
            c.rect(58, 0, 20, 80, "#322E44")
    for y, colour in ((16, RED), (39, "#F2B134"), (62, "#54B85C")):
        c.ellipse(50, y, 11, fill="#262336")
        c.ellipse(50, y, 9.4, fill=colour)
        c.ellipse(47, y - 3, 3.4, 2.4, fill=light(colour, 0.6), angle=-35)


@pictogram("bus")
def _bus(c: Canvas, look: Look) -> None:
    paint = look.pick(RED, "#F2B134", "#3F8FA8", "#4E9A5B")
    with c.group():
        c.rect(3, 22, 94, 58, paint, 10)
        with c.atop():
            c.rect(0, 62, 100, 8, light(paint, 0.7))
            c.rect(0, 70, 100, 14, dark(paint, 0.2))
    c.rect(9, 30, 64, 24, dark(paint, 0.35), 4)
    for x in (11, 27, 43, 59):
        c.rect(x, 32, 13, 20, _GLASS, 2)
        c.path(f"M{x} 46 L{x + 13} 34 V39 L{x} 51 Z", WHITE)
    c.path("M77 30 H88 Q94 31 95 42 V52 H77 Z", _GLASS)
    c.rect(77, 54, 13, 24, dark(paint, 0.3), 1.5)
    c.rect(79, 56, 4, 20, _GLASS, 1)
    c.rect(85, 56, 4, 20, _GLASS, 1)
    c.ellipse(94, 72, 2.6, fill=YELLOW)
    c.rect(20, 15, 40, 8, dark(paint, 0.25), 3)
    for x in (25, 63):
        c.pie(x, 80, 13, 180, 360, dark(paint, 0.45))
        _wheel(c, x, 80, 10.5)


@pictogram("car")
def _car(c: Canvas, look: Look) -> None:
    paint = look.pick(CORAL, BLUE, "#2FA79B", "#F2B134", "#7B5FC0")
    c.path("M22 50 Q30 26 40 25 H62 Q72 26 82 50 Z", dark(paint, 0.12))
    c.path("M28 49 Q34 31 41 30 H50 V49 Z", _GLASS)
    c.path("M54 30 H61 Q68 31 75 49 H54 Z", _GLASS)
    c.path("M34 44 L44 31 H48 L36 49 H32 Z", WHITE)
    with c.group():
        c.path("M4 62 Q4 50 16 49 H76 Q95 51 97 64 V72 Q97 78 91 78 H10 Q3 78 3 70 Z", paint)
        with c.atop():
            c.rect(0, 68, 100, 14, dark(paint, 0.22))
            c.path("M10 53 Q50 48 88 56 L88 59 Q50 52 8 57 Z", light(paint, 0.45))
    c.rect(48, 57, 8, 2.6, dark(paint, 0.35), 1.3)
    c.ellipse(93, 62, 3.4, 4, fill="#FFE9A3")
    c.rect(3, 58, 4, 7, RED, 1.6)
    c.rect(0, 71, 100, 4, SILVER, 2)
    for x in (25, 75):
        c.pie(x, 77, 14, 180, 360, INK)
        _wheel(c, x, 78, 11)


@pictogram("bridge")
def _bridge(c: Canvas, look: Look) -> None:
    steel = look.pick("#C4523F", "#4E7FA8", "#6B7A8F")
    c.path("M0 76 H100 V92 Q100 96 96 96 H4 Q0 96 0 92 Z", "#5FB2D6")
    for row, start in ((82, 12), (88, 50), (83, 72), (91, 20)):
        c.line([(start, row), (start + 14, row)], "#BDE4F2", 1.8)
    for x in (27, 73):
        c.rect(x - 4, 12, 8, 76, steel, 2)
        c.rect(x + 1, 12, 3, 76, dark(steel, 0.2), 1)
        c.rect(x - 6, 84, 12, 9, SLATE, 2)
        c.rect(x - 6, 9, 12, 5, dark(steel, 0.15), 2)
    curve = "M0 44 Q14 40 27 15 Q50 88 73 15 Q86 40 100 44"
    c.stroke(curve, dark(steel, 0.1), 2.6)
    for at, y in ((35, 37), (42, 48), (50, 51.5), (58, 48), (65, 37), (18, 31), (10, 40), (82, 31), (90, 40)):
        c.line([(at, y), (at, 62)], steel, 1.3)
    c.rect(0, 60, 100, 7, dark(steel, 0.3), 1)
    c.rect(0, 60, 100, 2.6, light(steel, 0.3), 1)


@pictogram("airplane")
def _airplane(c: Canvas, look: Look) -> None:
    trim = look.pick(CORAL, BLUE, "#2FA79B", "#F2B134")
    with c.at(50, 50, 1, -18):
        c.path("M44 46 L30 18 Q30 15 34 15 L40 15 L66 46 Z", SILVER)
        c.path("M8 44 L1 22 Q1 19 5 19 H11 L26 44 Z", trim)
        with c.group():
            c.path("M4 52 Q2 43 14 42 H76 Q98 43 99 53 Q97 62 76 63 H26 Q8 62 4 52 Z", "#FBFCFE")
            with c.atop():
                c.path("M0 56 Q50 60 100 53 V70 H0 Z", "#D3DBE6")
                c.path("M0 60 H100 V66 H0 Z", trim)
        c.path("M86 45 Q95 47 97 50 H84 Q83 47 86 45 Z", "#6FB7DE")
        for x in range(26, 80, 9):
            c.rect(x, 46.5, 4.6, 5, "#7FBFE0", 1.6)
        c.path("M56 56 L24 88 Q24 92 28 92 L36 91 L74 57 Z", GREY)
        c.path("M56 56 L24 88 Q24 90 26 91.6 L66 56 Z", SILVER)
        c.rect(42, 72, 15, 7, dark(trim, 0.1), 3.4)
        c.path("M4 52 L-6 60 L4 61 L18 54 Z", dark(trim, 0.15))


@pictogram("train")
def _train(c: Canvas, look: Look) -> None:
    paint = look.pick("#3F7FA8", RED, "#4E9A5B", "#5F5AA2")
    c.line([(26, 86), (10, 98)], SLATE, 4)
    c.line([(74, 86), (90, 98)], SLATE, 4)
    for y, w in ((90, 56), (96, 74)):
        c.line([(50 - w / 2, y), (50 + w / 2, y)], "#8A5B3C", 3)
    with c.group():
        c.path("M18 22 Q20 4 50 4 Q80 4 82 22 V72 Q82 84 72 86 H28 Q18 84 18 72 Z", paint)
        with c.atop():
            c.path("M62 0 H90 V90 H62 Q72 40 62 0 Z", dark(paint, 0.16))
            c.path("M14 58 H86 V65 H14 Z", "#FFF6E3")
    c.path("M25 26 Q26 18 36 17 H64 Q74 18 75 26 V46 Q75 50 71 50 H29 Q25 50 25 46 Z", "#2D3450")
    c.path("M28 27 Q29 21 36 20 H48.5 V47 H30 Q28 47 28 45 Z", _GLASS)
    c.path("M51.5 20 H64 Q71 21 72 27 V45 Q72 47 70 47 H51.5 Z", _GLASS)
    c.path("M31 44 L44 22 H48 L34 47 H30 Z", WHITE)
    c.rect(38, 8, 24, 6, "#FFE08A", 3)
    for x in (30, 70):
        c.ellipse(x, 73, 5.4, fill=WHITE)
        c.ellipse(x, 73, 3.8, fill="#FFE08A")
    c.rect(42, 70, 16, 6, dark(paint, 0.35), 2)
    c.path("M22 84 H78 L72 91 H28 Z", SLATE)


@pictogram("boat")
def _boat(c: Canvas, look: Look) -> None:
    hull, sail = look.pick("#C4523F", NAVY, "#8A5B3C", "#2F8F86"), look.pick("#FFF6E3", "#FFE3A8", "#F9C7BB")
    c.rect(48, 4, 3.6, 66, "#8A5B3C", 1.6)
    c.path("M46 12 C30 30 20 46 16 60 H46 Z", sail)
    c.path("M46 12 C40 30 36 46 34 60 H46 Z", dark(sail, 0.08))
    c.path("M54 8 C78 24 86 44 86 60 H54 Z", sail)
    c.path("M54 40 H83 Q86 50 86 60 H54 Z", look.pick(CORAL, BLUE, "#2FA79B"))
    c.path("M51 4 L66 8 L51 13 Z", RED)
    with c.group():
        c.path("M8 66 H94 C90 82 82 90 72 90 H28 C18 88 10 78 8 66 Z", hull)
        with c.atop():
            c.rect(0, 66, 100, 6, light(hull, 0.5))
            c.path("M60 72 H100 V94 H50 Z", dark(hull, 0.18))
    for x in (32, 48, 64):
        c.ellipse(x, 78, 3, fill=_GLASS)
    c.path("M0 88 Q12 80 24 87 Q37 94 50 87 Q63 80 76 87 Q88 94 100 86 V94 Q100 98 96 98 H4 Q0 98 0 94 Z", "#4FA9D0")
    c.stroke("M1 88 Q12 81 24 88 Q37 95 50 88 Q63 81 76 88 Q88 95 99 87", "#DDF2FA", 1.8)
