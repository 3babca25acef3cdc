"""Nature, weather and sky."""

from __future__ import annotations

import math

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import BROWN, COCOA, CORAL, FOREST, GREEN, GREY, ORANGE, RED, WHITE, YELLOW, Look
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


@pictogram("tree")
def _tree(c: Canvas, look: Look) -> None:
    leaf = look.pick(GREEN, FOREST, "#8FB84A", "#E09A3E")
    c.path("M43 96 Q47 78 45 58 H55 Q53 78 58 96 Z", BROWN)
    c.path("M51 96 Q51 78 51 58 H55 Q53 78 58 96 Z", dark(BROWN, 0.2))
    c.line([(48, 72), (38, 60)], BROWN, 3.4)
    c.line([(52, 68), (62, 58)], dark(BROWN, 0.1), 3)
    with c.group():
        for x, y, r in ((30, 50, 19), (70, 50, 19), (50, 54, 20), (36, 30, 19), (64, 30, 19), (50, 20, 17)):
            c.ellipse(x, y, r, fill=leaf)
        with c.atop():
            for x, y, r in ((76, 56, 17), (70, 36, 13), (54, 66, 16)):
                c.ellipse(x, y, r, fill=dark(leaf, 0.16))
            for x, y, r in ((34, 24, 9), (24, 44, 7), (48, 14, 6)):
                c.ellipse(x, y, r, fill=light(leaf, 0.28))
    for x, y in ((40, 42), (60, 46), (54, 28), (28, 56), (70, 44)):
        c.ellipse(x, y, 3, fill=RED if leaf != "#E09A3E" else YELLOW)
        c.ellipse(x - 0.9, y - 0.9, 0.9, fill=WHITE)
    c.ellipse(50, 96, 26, 3, fill=dark(leaf, 0.3))


@pictogram("mountain")
def _mountain(c: Canvas, look: Look) -> None:
    rock = look.pick("#6E7FA3", "#7C7596", "#5F8A8B")
    c.path("M46 90 L74 34 Q76 31 78 34 L99 90 Z", light(rock, 0.25))
    c.path("M76 31 L78 34 L99 90 H82 Z", rock)
    c.path("M76 32 L68 46 L73 50 L77 45 L82 50 L84.5 47 Z", WHITE)
    c.path("M2 90 L38 16 Q41 11 44 16 L82 90 Z", rock)
    c.path("M41 12.5 L44 16 L82 90 H54 L46 62 L50 50 Z", dark(rock, 0.2))
    c.path("M41 12.5 L26 41 L32 47 L37 40 L43 50 L48 42 L54 46 L57 42 L44 16 Z", WHITE)
    c.path("M41 12.5 L44 16 L57 42 L54 46 L48 42 Z", "#D7E2EE")
    c.path("M0 90 Q20 78 42 86 Q66 76 100 86 V94 Q100 97 97 97 H3 Q0 97 0 94 Z", GREEN)
    for x, h in ((12, 16), (20, 20), (74, 18), (88, 15)):
        c.polygon([(x - 5, 91), (x, 91 - h), (x + 5, 91)], FOREST)
        c.polygon([(x, 91), (x, 91 - h), (x + 5, 91)], dark(FOREST, 0.2))


@pictogram("wave")
def _wave(c: Canvas, look: Look) -> None:
    sea = look.pick("#3E93C8", "#2E9DA6", "#4B7FC2")
    with c.group():
        c.path("M2 92 C2 40 26 8 62 10 C84 12 96 28 92 46 C88 34 74 28 64 36 C52 46 58 66 98 70 V92 Q98 96 94 96 H6 Q2 96 2 92 Z", sea)
        with c.atop():
            c.path("M14 96 C14 50 34 20 64 20 C52 30 46 60 76 96 Z", light(sea, 0.22))
            c.path("M28 96 C28 60 40 36 56 30 C46 50 46 74 62 96 Z", light(sea, 0.42))
            c.path("M0 86 Q26 76 50 86 Q74 96 100 82 V100 H0 Z", dark(sea, 0.16))
    for x, y, r in ((64, 11, 6), (74, 14, 6.5), (83, 20, 6.5), (90, 29, 6), (93, 39, 5), (54, 11, 5), (91, 47, 3.6)):
        c.ellipse(x, y, r, fill="#F4FCFF")
    for x, y, r in ((80, 44, 2.2), (86, 53, 1.7), (76, 37, 1.5), (96, 14, 2), (88, 8, 1.6)):
        c.ellipse(x, y, r, fill="#F4FCFF")
    c.stroke("M6 84 Q26 74 48 83 Q72 93 95 80", "#E3F6FC", 2.4)


@pictogram("flower")
def _flower(c: Canvas, look: Look) -> None:
    petal = look.pick(CORAL, "#F29AB0", "#9C7BD6", "#FFF3E0", "#F3B73E")
    c.stroke("M50 50 C52 66 48 80 50 96", FOREST, 3.6)
    c.path("M50 84 C34 84 26 74 24 64 C40 64 50 72 50 84 Z", GREEN)
    c.path("M50 78 C62 78 72 70 74 60 C60 60 51 67 50 78 Z", dark(GREEN, 0.15))
    c.stroke("M50 83 Q40 76 31 69", light(GREEN, 0.4), 1.2)
    for k in range(8):
        a = math.radians(45 * k + 10)
        c.ellipse(50 + 19 * math.cos(a), 34 + 19 * math.sin(a), 13.5, 8.6, fill=petal if k % 2 else dark(petal, 0.1), angle=45 * k + 10)
    for k in range(8):
        a = math.radians(45 * k + 10)
        c.line([(50 + 12 * math.cos(a), 34 + 12 * math.sin(a)), (50 + 23 * math.cos(a), 34 + 23 * math.sin(a))], light(petal, 0.45), 1.4)
    middle = "#F7BE3B" if petal != "#F3B73E" else "#7A4B2E"
    c.ellipse(50, 34, 11, fill=dark(middle, 0.2))
    c.ellipse(49.4, 33.2, 10, fill=middle)
    for x, y in ((46, 30), (52, 29), (49, 35), (54, 35), (45, 37)):
        c.ellipse(x, y, 1.3, fill=dark(middle, 0.3))


@pictogram("leaf")
def _leaf(c: Canvas, look: Look) -> None:
    colour = look.pick(GREEN, "#3E9C75", "#D98B3A", "#B6B63E")
    with c.group():
        c.path("M12 84 C6 40 34 8 92 8 C96 62 66 94 12 84 Z", colour)
        with c.atop():
            c.path("M12 88 L96 4 L110 110 H12 Z", dark(colour, 0.16))
            for t in (0.25, 0.42, 0.58, 0.73):
                x, y = 12 + 80 * t, 84 - 76 * t
                c.stroke(f"M{x} {y} Q{x - 4} {y - 16} {x + 4} {y - 32}", light(colour, 0.4), 1.8)
                c.stroke(f"M{x} {y} Q{x + 16} {y + 4} {x + 32} {y - 4}", light(colour, 0.25), 1.8)
    c.line([(3, 96), (16, 80), (84, 16)], light(colour, 0.55), 3)
    c.line([(3, 96), (14, 82)], BROWN, 4)


@pictogram("cloud")
def _cloud(c: Canvas, look: Look) -> None:
    with c.group():
        for x, y, r in ((26, 56, 19), (46, 42, 24), (70, 52, 20), (84, 60, 13)):
            c.ellipse(x, y, r, fill="#FFFFFF")
        c.rect(8, 52, 88, 24, "#FFFFFF", 12)
        with c.atop():
            c.path("M0 66 Q24 74 44 66 Q66 60 82 66 Q92 68 100 62 V80 H0 Z", "#D4E4F2")
    for x, y in ((28, 84), (48, 88), (68, 84)):
        c.line([(x, y), (x - 4, y + 9)], "#66AEE6", 3)


@pictogram("sun")
def _sun(c: Canvas, look: Look) -> None:
    for k in range(12):
        with c.at(50, 50, 1, 30 * k):
            c.path("M45 20 L50 2 L55 20 Z" if k % 2 else "M46 20 L50 8 L54 20 Z", ORANGE if k % 2 else "#FFB648")
    c.ellipse(50, 50, 28, fill="#F7B733")
    c.ellipse(48.6, 48.6, 26.4, fill=YELLOW)
    c.ellipse(40, 40, 8, 5.4, fill="#FFE79C", angle=-40)
    for x in (40, 60):
        c.ellipse(x, 49, 2.2, 2.8, fill=COCOA)
        c.ellipse(x - 6 if x < 50 else x + 6, 56, 3.8, 2.4, fill=CORAL)
    c.arc(50, 52, 8, 25, 155, COCOA, 2.2)


@pictogram("moon")
def _moon(c: Canvas, look: Look) -> None:
    with c.group():
        c.path("M66 8 C36 16 32 66 76 82 C52 102 10 86 10 48 C10 20 38 2 66 8 Z", "#FFE08A")
        with c.atop():
            c.path("M10 10 C14 70 48 88 82 78 L80 104 H0 V10 Z", "#F3C25B")
            for x, y, r in ((26, 46, 5), (38, 70, 6.5), (30, 24, 3.4), (22, 62, 3)):
                c.ellipse(x, y, r, fill="#E9B24A")
    for x, y, r in ((72, 34, 7), (88, 56, 4.6), (86, 18, 4), (62, 58, 3.4)):
        c.path(f"M{x} {y - r} Q{x} {y} {x + r} {y} Q{x} {y} {x} {y + r} Q{x} {y} {x - r} {y} Q{x} {y} {x} {y - r} Z", "#FFF4C7")
        c.ellipse(x, y, r * 0.32, fill="#FFF4C7")


@pictogram("globe")
def _globe(c: Canvas, look: Look) -> None:
    with c.group():
        c.ellipse(50, 50, 43, fill="#57A9DD")
        with c.atop():
            c.path(
                "M14 30 C24 12 44 8 52 14 C58 20 48 24 46 30 C44 38 34 36 32 44 "
                "C30 52 40 54 42 62 C44 72 36 82 32 86 C24 80 26 66 20 58 C12 50 8 44 14 30 Z",
                GREEN,
            )
            c.path(
                "M60 22 C70 12 84 20 92 34 C96 46 88 50 84 46 C78 42 74 50 78 58 "
                "C80 68 70 78 64 72 C58 66 66 58 60 52 C52 46 54 36 62 34 C66 30 58 28 60 22 Z",
                GREEN,
            )
            c.path("M50 88 C60 82 72 84 78 90 L60 98 Z", "#E9F4FA")
            c.path("M30 4 C44 -2 60 -2 70 6 Q50 12 30 4 Z", "#E9F4FA")
            with c.atop(0.18):
                c.path("M66 0 C86 30 84 72 56 100 H110 V0 Z", "#1D2A5C")
            with c.atop(0.35):
                c.ellipse(28, 26, 12, 7, fill=WHITE, angle=-45)
    c.stroke("M12 66 Q30 58 44 64", "#FFFFFF", 4)
    c.stroke("M58 38 Q72 30 86 38", "#FFFFFF", 3.6)


@pictogram("campfire")
def _campfire(c: Canvas, look: Look) -> None:
    for x, y, r in ((16, 88, 7), (32, 93, 7), (50, 94, 7.5), (68, 93, 7), (84, 88, 7)):
        c.ellipse(x, y, r, r * 0.72, fill=GREY)
        c.ellipse(x - 1.5, y - 1.6, r * 0.5, r * 0.3, fill="#CBD1DA")
    c.line([(20, 84), (78, 68)], BROWN, 9)
    c.line([(80, 84), (22, 68)], COCOA, 9)
    for x, y in ((20, 84), (80, 84)):
        c.ellipse(x, y, 4.4, fill="#D9A774")
        c.ellipse(x, y, 2, fill="#B07C4C")
    c.path(
        "M50 4 C54 22 78 32 76 56 C75 72 64 78 50 78 C36 78 25 72 24 56 C23 44 32 40 34 28 C40 32 42 36 42 40 C48 30 46 16 50 4 Z",
        "#F0603A",
    )
    c.path(
        "M52 26 C56 38 68 44 67 60 C66 72 58 77 50 77 C42 77 34 71 34 60 C34 52 40 48 41 42 C46 45 46 48 47 50 C52 44 50 34 52 26 Z",
        "#FF9B3D",
    )
    c.path("M51 48 C54 55 60 58 59 67 C58 74 54 77 50 77 C45 77 41 73 41 67 C41 61 47 58 51 48 Z", "#FFDD66")
    for x, y, r in ((24, 26, 1.8), (76, 20, 1.6), (68, 8, 1.4), (33, 12, 1.3)):
        c.ellipse(x, y, r, fill="#FFB648")
