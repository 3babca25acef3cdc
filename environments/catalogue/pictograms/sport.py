"""Sport and play."""

from __future__ import annotations

import math

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import BLUE, COCOA, CORAL, GOLD, GREY, INK, NAVY, RED, SILVER, SLATE, TEAL, WHITE, YELLOW, Look
from environments.catalogue.pictograms.figure import Pose, draw_figure
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


def _pentagon(x: float, y: float, r: float, turn: float = -90) -> list[tuple[float, float]]:
    angles = [math.radians(turn + 72 * i) for i in range(5)]
    return [(x + r * math.cos(a), y + r * math.sin(a)) for a in angles]


def _star(c: Canvas, x: float, y: float, r: float, fill: str) -> None:
    outer, inner = _pentagon(x, y, r), _pentagon(x, y, r * 0.46, -54)
    c.polygon([point for pair in zip(outer, inner, strict=True) for point in pair], fill)


@pictogram("football")
def _football(c: Canvas, look: Look) -> None:
    with c.group():
        c.ellipse(50, 50, 42, fill=WHITE)
        with c.atop():
            c.ellipse(50, 50, 42, fill="#D5DAE3")
            c.ellipse(44, 44, 42, fill=WHITE)
            for i in range(5):
                a = math.radians(-90 + 72 * i)
                x, y = 50 + 38 * math.cos(a), 50 + 38 * math.sin(a)
                c.polygon(_pentagon(x, y, 14.5, 90 + 72 * i), INK)
                c.line([(50 + 14 * math.cos(a), 50 + 14 * math.sin(a)), (x, y)], INK, 2)
                b = math.radians(-54 + 72 * i)
                near = (50 + 29 * math.cos(b), 50 + 29 * math.sin(b))
                for other in (a, math.radians(-18 + 72 * i)):
                    c.line([(50 + 32 * math.cos(other), 50 + 32 * math.sin(other)), near], INK, 2)
                c.line([near, (50 + 44 * math.cos(b), 50 + 44 * math.sin(b))], INK, 2)
            c.polygon(_pentagon(50, 50, 14.5), INK)
            c.polygon(_pentagon(48.5, 48, 10), "#4A4458")


@pictogram("bicycle")
def _bicycle(c: Canvas, look: Look) -> None:
    frame = look.pick(CORAL, TEAL, "#E2A63B", BLUE)
    for x in (23, 77):
        c.ring(x, 66, 19, None, INK, 4)
        c.ring(x, 66, 15.6, None, SILVER, 1.6)
        for k in range(6):
            a = math.radians(k * 30)
            dx, dy = 15 * math.cos(a), 15 * math.sin(a)
            c.line([(x - dx, 66 - dy), (x + dx, 66 + dy)], SILVER, 0.7)
        c.ellipse(x, 66, 3, fill=SLATE)
    c.line([(23, 66), (39, 38), (68, 38), (48, 66), (23, 66)], frame, 4)
    c.line([(36, 32), (48, 66)], frame, 4)
    c.line([(77, 66), (66, 30)], dark(frame, 0.1), 4)
    c.stroke("M66 30 L64 24 Q74 20 80 25 Q83 30 78 31", INK, 3.4)
    c.path("M26 29 Q36 26 46 29 Q46 33 38 33 Q28 34 26 29 Z", COCOA)
    c.ellipse(48, 66, 6, fill=GOLD)
    c.ellipse(48, 66, 2.6, fill=SLATE)
    c.line([(48, 66), (52, 78)], SLATE, 2.4)
    c.line([(48, 78.5), (57, 78.5)], INK, 3)


@pictogram("skateboard")
def _skateboard(c: Canvas, look: Look) -> None:
    deck = look.pick(CORAL, TEAL, "#7B5FC0", "#E2A63B")
    with c.at(50, 50, 1, -12):
        for x in (27, 73):
            c.path(f"M{x - 6} 55 H{x + 6} L{x + 3} 64 H{x - 3} Z", SILVER)
            c.ellipse(x, 67, 9, fill=INK)
            c.ellipse(x, 67, 6.4, fill=YELLOW)
            c.ellipse(x, 67, 2.4, fill=SLATE)
        c.path("M2 38 Q4 34 9 37 Q16 48 26 49 H74 Q84 48 91 37 Q96 34 98 38 Q94 56 76 57 H24 Q6 56 2 38 Z", deck)
        c.path("M2 38 Q4 34 9 37 Q16 48 26 49 H74 Q84 48 91 37 Q96 34 98 38 L97 41 Q91 52 76 53 H24 Q9 52 3 41 Z", INK)
        for x in (36, 50, 64):
            c.line([(x, 55.2), (x + 6, 55.2)], light(deck, 0.55), 1.6)
    for y, x in ((30, 20), (22, 30)):
        c.line([(x, y), (x + 20, y - 4)], GREY, 2.2)


@pictogram("surfboard")
def _surfboard(c: Canvas, look: Look) -> None:
    board = look.pick(TEAL, CORAL, YELLOW, "#5C8FD6")
    with c.at(48, 46, 0.95, 14):
        with c.group():
            c.path("M50 -2 C70 20 70 72 60 96 Q50 102 40 96 C30 72 30 20 50 -2 Z", "#FFF6E6")
            with c.atop():
                c.rect(20, 58, 60, 14, board)
                c.rect(20, 76, 60, 5, board)
                c.path("M30 -4 H70 L64 22 Q50 30 36 22 Z", board)
                with c.atop(0.12):
                    c.path("M54 -6 H80 V104 H52 Z", "#2B2140")
        c.line([(50, 6), (50, 94)], dark(board, 0.3), 1.3)
    c.path("M2 90 Q14 74 26 86 Q38 96 50 85 Q62 74 74 86 Q86 96 98 84 V94 Q98 98 94 98 H6 Q2 98 2 94 Z", "#4FB3D0")
    c.stroke("M3 90 Q14 76 26 87 Q38 96 50 86 Q62 76 74 87 Q86 96 97 86", "#E8F8FC", 2.6)


@pictogram("medal")
def _medal(c: Canvas, look: Look) -> None:
    ribbon = look.pick(RED, BLUE, "#7B5FC0", TEAL)
    c.path("M24 4 H44 L60 44 L44 52 Z", ribbon)
    c.path("M76 4 H56 L40 44 L56 52 Z", dark(ribbon, 0.18))
    c.path("M31 4 H37 L53 47 L49 50 Z", light(ribbon, 0.7))
    c.path("M69 4 H63 L48 42 L51 48 Z", light(ribbon, 0.55))
    c.ellipse(50, 69, 28, fill=dark(GOLD, 0.2))
    c.ellipse(50, 67.5, 27.5, fill=GOLD)
    c.ellipse(50, 67.5, 21, fill=dark(GOLD, 0.12))
    c.ellipse(50, 68.5, 20, fill="#FFD876")
    _star(c, 50, 68, 14, dark(GOLD, 0.16))
    _star(c, 50, 67, 13, "#FFF3C4")


@pictogram("trophy")
def _trophy(c: Canvas, look: Look) -> None:
    deep = dark(GOLD, 0.2)
    for side in (-1, 1):
        c.stroke(f"M{50 + 24 * side} 20 C{50 + 48 * side} 14 {50 + 46 * side} 46 {50 + 20 * side} 50", GOLD if side < 0 else deep, 5)
    c.rect(44, 58, 12, 18, deep, 3)
    with c.group():
        c.path("M22 8 H78 C80 40 70 62 50 64 C30 62 20 40 22 8 Z", GOLD)
        with c.atop():
            c.path("M60 4 H84 V68 H50 C64 56 66 30 60 4 Z", deep)
            c.path("M28 12 H34 C33 30 36 44 42 52 C32 46 27 30 28 12 Z", "#FFE9A6")
    c.rect(19, 5, 62, 7, "#FFD876", 3.5)
    _star(c, 49, 34, 11, "#FFF3C4")
    c.path("M34 76 H66 L70 84 H30 Z", GOLD)
    c.rect(24, 83, 52, 13, COCOA, 3)
    c.rect(38, 87, 24, 5, "#FFD876", 1)


@pictogram("parachute")
def _parachute(c: Canvas, look: Look) -> None:
    first, second = look.pick("#F2705F|#FFF1DC", "#2FA79B|#FFE08A", "#7B5FC0|#F8AFBB").split("|")
    for x in (8, 30, 50, 70, 92):
        c.line([(x, 42), (50, 74)], SLATE, 0.9)
    with c.group():
        c.path("M6 44 C6 -10 94 -10 94 44 Q86 36 79 44 Q72 36 64 44 Q57 36 50 44 Q43 36 36 44 Q28 36 21 44 Q14 36 6 44 Z", first)
        with c.atop():
            c.path("M21 46 C22 14 36 4 50 2 C38 12 36 28 36 46 Z", second)
            c.path("M64 46 C64 28 62 12 50 2 C64 4 78 14 79 46 Z", second)
            with c.atop(0.13):
                c.path("M66 0 C84 20 86 40 76 50 H100 V0 Z", "#2B2140")
    with c.at(50, 81, 0.36):
        draw_figure(
            c,
            look.person(),
            Pose(
                left_arm=((36, 26), (42, 8)), right_arm=((64, 26), (58, 8)), left_leg=((42, 74), (36, 90)), right_leg=((58, 74), (64, 90))
            ),
        )


@pictogram("dumbbell")
def _dumbbell(c: Canvas, look: Look) -> None:
    plate = look.pick(NAVY, CORAL, TEAL, "#4A4458")
    with c.at(50, 50, 1, -24):
        c.rect(24, 45, 52, 10, SILVER, 4)
        c.rect(24, 45, 52, 3.4, "#EEF1F5", 1.7)
        for x in range(40, 60, 4):
            c.line([(x, 46), (x + 1.5, 54)], GREY, 1)
        for side in (-1, 1):
            for dist, half, width in ((22, 27, 11), (35, 20, 9)):
                left = 50 + dist * side - width / 2
                c.rect(left, 50 - half, width, half * 2, plate, 4)
                c.rect(left + width * 0.62, 50 - half + 1, width * 0.38, half * 2 - 2, dark(plate, 0.3), 2)
                c.rect(left + 2, 50 - half + 5, 2.2, half * 0.9, light(plate, 0.45), 1.1)
            c.rect(50 + 43 * side - 3.5, 45, 7, 10, SILVER, 2)
