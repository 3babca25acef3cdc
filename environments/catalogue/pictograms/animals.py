"""Animals."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import CORAL, GREEN, INK, OLIVE, ORANGE, PINK, RED, WHITE, YELLOW, Look
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


def _eye(c: Canvas, x: float, y: float, r: float = 2.4) -> None:
    c.ellipse(x, y, r, r * 1.15, fill=INK)
    c.ellipse(x - r * 0.3, y - r * 0.4, r * 0.35, fill=WHITE)


@pictogram("dog")
def _dog(c: Canvas, look: Look) -> None:
    coat = look.pick("#C98B4F", "#E3B778", "#8A5B3C", "#D9D0C7")
    shade, pale = dark(coat, 0.2), light(coat, 0.6)
    c.stroke("M70 80 C88 80 92 66 88 56", coat, 7)
    with c.group():
        c.path("M32 92 C28 70 36 52 50 50 C66 52 78 70 74 92 Z", coat)
        with c.atop():
            c.ellipse(52, 76, 12, 18, fill=pale)
            c.path("M66 48 L84 60 L80 96 L66 96 Z", shade)
    for x in (40, 60):
        c.rect(x - 6, 70, 12, 22, coat, 5)
        c.ellipse(x, 91, 8, 4.4, fill=pale)
    c.rect(34, 53, 32, 6, RED, 3)
    c.ellipse(50, 61, 3.6, fill=YELLOW)
    c.ellipse(50, 34, 21, 20, fill=coat)
    c.ellipse(50, 43, 12, 9.5, fill=pale)
    for side in (-1, 1):
        c.path(
            f"M{50 + 14 * side} 17 C{50 + 30 * side} 12 {50 + 33 * side} 38 {50 + 24 * side} 45 "
            f"C{50 + 17 * side} 44 {50 + 16 * side} 30 {50 + 14 * side} 17 Z",
            shade,
        )
        _eye(c, 50 + 8 * side, 32)
    c.path("M44 39 Q50 35.5 56 39 Q55 45 50 45 Q45 45 44 39 Z", INK)
    c.stroke("M50 45 V47 Q46 51 43 48.5 M50 47 Q54 51 57 48.5", INK, 1.3)
    c.path("M47 49.5 H53 V54 Q50 58 47 54 Z", CORAL)


@pictogram("cat")
def _cat(c: Canvas, look: Look) -> None:
    coat = look.pick("#E59A4B", "#8C8F9B", "#4A4653", "#EBD9C2")
    shade, pale = dark(coat, 0.2), light(coat, 0.65)
    c.stroke("M68 86 C94 88 94 64 84 54 C80 49 88 44 90 48", shade, 6.4)
    with c.group():
        c.path("M30 93 C26 70 38 52 50 52 C64 52 76 70 72 93 Z", coat)
        with c.atop():
            c.ellipse(50, 78, 11, 17, fill=pale)
            for y in (66, 74, 82):
                c.line([(78, y), (65, y + 3)], shade, 3)
    for x in (42, 58):
        c.ellipse(x, 91, 7.4, 4.2, fill=pale)
    for side in (-1, 1):
        c.path(f"M{50 + 7 * side} 20 L{50 + 20 * side} 5 Q{50 + 25 * side} 18 {50 + 21 * side} 32 Z", coat)
        c.path(f"M{50 + 11 * side} 19 L{50 + 18.6 * side} 10 Q{50 + 21 * side} 18 {50 + 19 * side} 26 Z", PINK)
    c.ellipse(50, 36, 23, 19, fill=coat)
    c.ellipse(50, 44, 11, 8, fill=pale)
    for dx in (-6, 0, 6):
        c.line([(50 + dx, 18.5), (50 + dx * 0.8, 25)], shade, 2.2)
    for side in (-1, 1):
        c.ellipse(50 + 9.5 * side, 35, 4, 4.6, fill="#BFE07A")
        c.ellipse(50 + 9.5 * side, 35, 1.7, 4.2, fill=INK)
        for dy in (0, 4):
            c.line([(50 + 12 * side, 44 + dy), (50 + 27 * side, 42 + dy * 1.7)], light(coat, 0.8), 0.9)
    c.path("M47 41 H53 L50 45 Z", CORAL)
    c.stroke("M50 45 Q47 49 44 47 M50 45 Q53 49 56 47", INK, 1.2)


@pictogram("bird")
def _bird(c: Canvas, look: Look) -> None:
    coat = look.pick("#4A9AD9", CORAL, "#F0B63F", "#5DB08A")
    c.line([(6, 88), (94, 84)], "#8A5B3C", 5)
    c.ellipse(84, 78, 7, 3.4, fill=GREEN, angle=-30)
    c.line([(46, 78), (45, 86)], ORANGE, 2.6)
    c.line([(56, 78), (56, 86)], ORANGE, 2.6)
    c.path("M26 60 L2 76 L8 80 L3 84 L34 74 Z", dark(coat, 0.25))
    with c.group():
        c.path("M20 62 C28 42 42 46 50 30 C56 16 82 16 84 36 C86 62 68 82 46 80 C34 79 24 72 20 62 Z", coat)
        with c.atop():
            c.ellipse(66, 68, 22, 24, fill=light(coat, 0.65), angle=20)
    c.path("M24 62 C36 44 56 46 62 58 C56 74 36 76 24 62 Z", dark(coat, 0.18))
    for i in range(3):
        c.arc(46 - i * 4, 58 + i * 3, 12, 20, 90, light(coat, 0.25), 1.5)
    c.path("M82 30 L97 36 L82 41 Z", ORANGE)
    c.path("M82 36 L97 36 L82 41 Z", dark(ORANGE, 0.2))
    _eye(c, 73, 31, 2.8)
    c.ellipse(70, 38, 3, 2, fill=PINK)


@pictogram("fish")
def _fish(c: Canvas, look: Look) -> None:
    coat = look.pick(ORANGE, "#4A9AD9", "#F2705F", "#F2C14E")
    c.path("M28 50 L6 30 Q2 50 6 70 Z", dark(coat, 0.16))
    for dy in (-9, 0, 9):
        c.line([(8, 50 + dy), (22, 50 + dy * 0.4)], light(coat, 0.3), 1.6)
    c.path("M44 28 Q58 10 74 24 L66 34 Z", dark(coat, 0.16))
    c.path("M50 72 Q56 86 68 82 L64 68 Z", dark(coat, 0.16))
    with c.group():
        c.path("M20 50 C36 22 76 20 94 48 Q95 50 94 52 C76 80 36 78 20 50 Z", coat)
        with c.atop():
            c.path("M16 54 C40 66 74 64 98 54 V84 H16 Z", light(coat, 0.45))
            for x in (40, 62):
                c.path(f"M{x} 20 Q{x + 9} 50 {x} 80 L{x + 8} 80 Q{x + 17} 50 {x + 8} 20 Z", WHITE)
    c.path("M56 52 Q44 52 42 64 Q54 66 60 56 Z", dark(coat, 0.2))
    c.ellipse(82, 44, 5, fill=WHITE)
    _eye(c, 83, 44, 2.7)
    c.arc(91, 53, 4, 60, 160, dark(coat, 0.4), 1.5)
    for x, y, r in ((92, 26, 3.4), (84, 14, 2.4), (95, 10, 4)):
        c.ring(x, y, r, None, "#FFFFFF", 1.3)


@pictogram("horse")
def _horse(c: Canvas, look: Look) -> None:
    coat, mane = look.pick("#9A6136|#4B2E20", "#C48A54|#F0DDB8", "#6E4A38|#2E2126", "#D8D2CC|#8C8790").split("|")
    shade = dark(coat, 0.2)
    c.stroke("M20 50 C8 54 8 70 11 80", mane, 7)
    for x, foot, colour in ((30, 26, shade), (64, 68, shade), (37, 38, coat), (58, 56, coat)):
        c.line([(x, 62), (x + (foot - x) * 0.3, 76), (foot, 88)], colour, 7)
        c.rect(foot - 4, 88, 8.6, 5.6, "#3A2C2A", 1.6)
    with c.group():
        c.path("M18 52 C20 42 34 42 46 45 C56 46 58 34 64 24 L76 18 C80 30 76 46 73 56 C70 68 60 70 46 68 C30 70 18 66 18 52 Z", coat)
        with c.atop():
            c.path("M16 60 C34 70 60 66 76 52 V74 H16 Z", shade)
    c.path("M62 24 C64 12 74 8 80 12 L95 29 Q98 35 93 38 Q88 40 82 36 L72 34 Z", coat)
    c.path("M88 26 L95 30 Q98 35 93 38 Q89 39 86 37 Z", light(coat, 0.5))
    c.path("M71 12 L72 3 L78 10 Z", shade)
    c.path("M76 9 C62 4 54 16 52 28 C50 38 46 42 48 48 C56 46 60 38 64 28 C67 20 72 14 76 9 Z", mane)
    _eye(c, 80, 22, 2)
    c.ellipse(93, 33, 1.1, fill=INK)


@pictogram("bee")
def _bee(c: Canvas, look: Look) -> None:
    c.ellipse(42, 30, 13, 21, fill="#DDF0F8", angle=-24)
    c.ellipse(61, 28, 12, 20, fill="#EFF9FD", angle=18)
    c.line([(42, 44), (37, 20)], "#B5D6E4", 1.4)
    c.line([(60, 44), (64, 18)], "#B5D6E4", 1.4)
    c.path("M8 60 L20 54 L20 66 Z", INK)
    with c.group():
        c.ellipse(48, 60, 34, 23, fill=YELLOW)
        with c.atop():
            for x in (24, 42, 60):
                c.path(f"M{x} 34 Q{x + 6} 60 {x} 86 H{x + 8} Q{x + 14} 60 {x + 8} 34 Z", INK)
            with c.atop(0.25):
                c.ellipse(48, 82, 40, 14, fill="#7A4A00")
    c.ellipse(78, 57, 15, 15.5, fill="#F9C23C")
    for x, y in ((78, 38), (89, 39)):
        c.stroke(f"M{x - 2} 45 Q{x - 2} {y} {x + 3} {y - 6}", INK, 1.8)
        c.ellipse(x + 3.4, y - 7, 2.6, fill=INK)
    _eye(c, 76, 55, 2.5)
    _eye(c, 87, 55, 2.5)
    c.arc(81.5, 59, 4, 30, 150, INK, 1.4)
    c.ellipse(71, 61, 2.6, 1.8, fill=CORAL)
    c.ellipse(90, 61, 2, 1.8, fill=CORAL)


@pictogram("turtle")
def _turtle(c: Canvas, look: Look) -> None:
    skin, shell = OLIVE, look.pick("#7A5238", "#3F7F5C", "#5E6B43")
    c.path("M8 68 L2 74 L16 74 Z", skin)
    for x, a in ((22, 18), (58, -8)):
        c.ellipse(x, 78, 7, 12, fill=dark(skin, 0.14), angle=a)
    c.ellipse(34, 79, 7.5, 11, fill=skin, angle=14)
    c.ellipse(68, 79, 7.5, 11, fill=skin, angle=-14)
    c.line([(72, 68), (84, 52)], skin, 11)
    c.ellipse(86, 48, 11.5, 10, fill=skin)
    with c.group():
        c.path("M8 70 C8 38 26 26 44 26 C64 26 80 40 80 70 Q44 78 8 70 Z", shell)
        with c.atop():
            c.path("M52 20 H90 V82 H52 C68 68 66 40 52 20 Z", dark(shell, 0.16))
            for points in (
                [(44, 34), (56, 42), (53, 56), (35, 56), (32, 42)],
                [(24, 46), (28, 60), (14, 66), (12, 54)],
                [(64, 46), (74, 54), (74, 66), (60, 60)],
            ):
                c.polygon(points, light(shell, 0.3))
    c.path("M6 67 Q44 76 82 67 Q84 72 80 75 Q44 82 8 75 Q4 72 6 67 Z", light(skin, 0.5))
    _eye(c, 90, 45, 2.1)
    c.arc(91, 50, 4, 30, 130, dark(skin, 0.5), 1.3)
    c.ellipse(84, 52, 2.2, 1.5, fill=CORAL)
