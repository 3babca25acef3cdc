"""Safety and care for harm."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import BLUE, BROWN, CORAL, GOLD, GREY, INK, NAVY, RED, SILVER, SLATE, TEAL, WHITE, YELLOW, Look
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


@pictogram("shield")
def _shield(c: Canvas, look: Look) -> None:
    face = look.pick(BLUE, TEAL, "#4E6FA8", CORAL)
    c.path("M50 2 Q70 14 92 15 V48 Q90 80 50 98 Q10 80 8 48 V15 Q30 14 50 2 Z", SILVER)
    c.path("M50 2 Q70 14 92 15 V48 Q90 80 50 98 Z", GREY)
    with c.group():
        c.path("M50 11 Q68 21 84 22 V48 Q82 73 50 89 Q18 73 16 48 V22 Q32 21 50 11 Z", face)
        with c.atop():
            c.rect(50, 0, 50, 100, dark(face, 0.16))
            c.path("M16 22 Q22 22 27 21 V60 Q18 54 16 48 Z", light(face, 0.35))
    c.line([(33, 50), (45, 62), (68, 36)], WHITE, 8)


@pictogram("helmet")
def _helmet(c: Canvas, look: Look) -> None:
    shell = look.pick(YELLOW, CORAL, "#4A88D9", "#62AD52")
    c.stroke("M24 66 Q34 96 50 92 Q66 96 76 66", SLATE, 3)
    c.rect(44, 88, 12, 6, INK, 2)
    with c.group():
        c.path("M12 66 C10 22 34 12 50 12 C66 12 90 22 88 66 Z", shell)
        with c.atop():
            c.path("M66 8 H96 V70 H72 C78 46 74 24 66 8 Z", dark(shell, 0.16))
            c.path("M22 52 C22 36 28 26 36 22 C30 32 29 42 29 56 Z", light(shell, 0.6))
    c.path("M41 14 Q50 4 59 14 L60 62 H40 Z", light(shell, 0.22))
    c.path("M50 9 Q56 9 59 14 L60 62 H50 Z", dark(shell, 0.06))
    c.path("M4 66 Q50 52 96 66 Q98 74 92 75 Q50 64 8 75 Q2 74 4 66 Z", dark(shell, 0.14))
    c.path("M4 66 Q50 52 96 66 L96 69 Q50 56 4 69 Z", light(shell, 0.3))


@pictogram("fire-extinguisher")
def _extinguisher(c: Canvas, look: Look) -> None:
    c.stroke("M56 20 C88 18 86 44 82 60", INK, 4.6)
    c.path("M78 58 L88 60 L88 78 L76 76 Z", SLATE)
    c.rect(40, 16, 20, 12, GREY, 2)
    c.path("M36 10 H70 L74 15 H40 Z", INK)
    c.path("M34 18 L22 8 L25 5 L44 16 Z", INK)
    c.ring(46, 6, 4, None, GOLD, 2)
    c.ellipse(38, 24, 4.6, fill=WHITE)
    c.line([(38, 24), (40, 22)], RED, 1.4)
    with c.group():
        c.path("M28 44 Q28 28 42 26 H58 Q72 28 72 44 V92 Q72 97 67 97 H33 Q28 97 28 92 Z", RED)
        with c.atop():
            c.rect(58, 20, 20, 80, dark(RED, 0.18))
            c.rect(32, 38, 4.6, 50, light(RED, 0.4), 2.3)
            c.rect(24, 90, 60, 10, dark(RED, 0.35))
    c.rect(38, 48, 25, 30, WHITE, 2)
    c.path("M50 52 C56 60 58 64 56 69 C54 74 46 74 44 69 C42 65 46 62 46 58 C48 60 49 60 50 52 Z", "#F28A3C")
    c.path("M50 62 C53 66 53 70 50 71 C47 70 47 66 50 62 Z", YELLOW)


@pictogram("umbrella")
def _umbrella(c: Canvas, look: Look) -> None:
    first, second = look.pick("#F2705F|#F9B3A5", "#4A88D9|#A9CBF2", "#F2B134|#FFE3A0", "#7B5FC0|#C2AEE8").split("|")
    c.stroke("M50 44 V84 Q50 95 60 95 Q69 95 69 86", BROWN, 4)
    c.line([(50, 10), (50, 3)], SLATE, 3)
    with c.group():
        c.path("M4 54 C4 -6 96 -6 96 54 Q88 44 80.5 52 Q73 44 65 52 Q58 44 50 52 Q42 44 35 52 Q27 44 19.5 52 Q12 44 4 54 Z", first)
        with c.atop():
            c.path("M19.5 56 C20 28 36 12 50 9 C40 22 35 36 35 56 Z", second)
            c.path("M65 56 C65 36 60 22 50 9 C64 12 80 28 80.5 56 Z", second)
            with c.atop(0.14):
                c.path("M60 6 C82 18 90 40 88 60 H110 V0 Z", "#2B2140")
    for x, y in ((12, 66), (24, 80), (82, 66), (88, 84), (34, 68)):
        c.path(f"M{x} {y} Q{x + 3.4} {y + 6} {x} {y + 8} Q{x - 3.4} {y + 6} {x} {y} Z", "#66AEE6")


@pictogram("first-aid-kit")
def _first_aid(c: Canvas, look: Look) -> None:
    # White and green, the sign for first aid (ISO 7010 E003): the red cross is a protected emblem.
    case = look.pick("#FFFDF8", "#3F9A63")
    cross = "#3F9A63" if case == "#FFFDF8" else "#FFFDF8"
    c.stroke("M34 30 V20 Q34 14 40 14 H60 Q66 14 66 20 V30", SLATE, 5.4)
    with c.group():
        c.rect(5, 28, 90, 62, case, 10)
        with c.atop():
            c.rect(74, 20, 30, 80, dark(case, 0.1))
            c.rect(0, 80, 100, 14, dark(case, 0.14))
            c.rect(10, 33, 60, 3.6, light(case, 0.5), 1.8)
    for x in (18, 76):
        c.rect(x, 25, 6, 12, GREY, 2)
    c.ellipse(50, 59, 22, fill=light(cross, 0.75) if case == "#FFFDF8" else dark(case, 0.18))
    c.rect(44, 44, 12, 30, cross, 2)
    c.rect(35, 53, 30, 12, cross, 2)


@pictogram("smoke-alarm")
def _smoke_alarm(c: Canvas, look: Look) -> None:
    c.rect(2, 4, 96, 8, "#C9BFB0", 2)
    c.rect(32, 12, 36, 6, GREY, 2)
    with c.group():
        c.path("M14 18 H86 V30 C86 44 70 50 50 50 C30 50 14 44 14 30 Z", WHITE)
        with c.atop():
            c.path("M64 14 H90 V54 H54 C68 44 68 26 64 14 Z", "#DDE2E8")
            for x in range(22, 82, 8):
                c.rect(x, 24, 4.4, 9, SLATE, 2)
    c.ellipse(50, 42, 4.6, fill="#F6B4AE")
    c.ellipse(50, 42, 2.8, fill=RED)
    for r in (12, 19):
        for start in (-20, 160):
            c.arc(50, 42, r + 30, start, start + 40, CORAL, 2.6, ry=r + 14)
    for x, y in ((34, 96), (52, 98), (70, 96)):
        c.stroke(f"M{x} {y} C{x - 9} {y - 9} {x + 9} {y - 16} {x} {y - 26} C{x - 5} {y - 32} {x + 2} {y - 36} {x} {y - 38}", "#A9B1BF", 4)


@pictogram("rope")
def _rope(c: Canvas, look: Look) -> None:
    fibre = look.pick("#D9A25C", "#C7794F", "#5C8FB8")
    c.stroke("M70 60 C92 66 96 84 84 96", dark(fibre, 0.1), 8)
    c.stroke("M30 62 C10 70 8 84 20 94", fibre, 8)
    for rx, ry, y in ((37, 33, 46), (30, 26, 46), (22.5, 18.5, 46)):
        c.ring(50, y, rx, ry, dark(fibre, 0.3), 8.6)
        c.ring(50, y, rx, ry, fibre, 7)
        for k in range(26):
            a = 360 / 26 * k
            c.arc(50, y, rx + 1.6, a, a + 4, light(fibre, 0.45), 1.4, ry=ry + 1.6)
    c.rect(42, 62, 16, 26, RED, 4)
    c.rect(51, 62, 7, 26, dark(RED, 0.18), 3)
    for y in (68, 74, 80):
        c.line([(43, y), (57, y - 2)], light(RED, 0.35), 1.4)
    c.rect(80, 91, 9, 7, NAVY, 2)
    c.rect(15, 89, 9, 8, NAVY, 2)
