"""Ritual, craft and ceremony."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import BROWN, COCOA, CREAM, GOLD, RED, SAND, TEAL, Look
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


@pictogram("candle")
def _candle(c: Canvas, look: Look) -> None:
    wax = look.pick("#FFF0D2", "#F6C9B8", "#CFE3D6")
    c.ellipse(50, 26, 26, fill="#FFE9B0")
    c.ellipse(50, 26, 19, fill="#FFDD8C")
    c.ellipse(50, 90, 36, 7.5, fill=dark(GOLD, 0.25))
    c.ellipse(50, 87.5, 36, 7, fill=GOLD)
    c.ring(88, 82, 6, 6.5, GOLD, 3.6)
    with c.group():
        c.rect(34, 44, 32, 45, wax, 4)
        with c.atop():
            c.rect(54, 40, 16, 54, dark(wax, 0.1))
    c.path(
        "M34 50 Q34 42 42 42 H58 Q66 42 66 50 V60 Q63 65 60 60 V54 Q57 50 54 54 V68 Q50 73 47 68 V54 Q44 50 41 54 V62 Q37 66 34 61 Z",
        light(wax, 0.5),
    )
    c.ellipse(50, 44, 12, 3, fill=dark(wax, 0.12))
    c.line([(50, 44), (50, 34)], COCOA, 2)
    c.path("M50 6 C60 20 61 36 50 38 C39 36 40 20 50 6 Z", "#FF9B3D")
    c.path("M50 17 C56 25 56 36 50 37 C44 36 44 25 50 17 Z", "#FFE48A")


@pictogram("lantern")
def _lantern(c: Canvas, look: Look) -> None:
    paper = look.pick(RED, "#E8803A", "#C9518A", "#E2A63B")
    c.line([(50, 0), (50, 14)], COCOA, 2)
    c.rect(36, 12, 28, 7, COCOA, 2)
    with c.group():
        c.ellipse(50, 44, 40, 29, fill=paper)
        with c.atop():
            c.ellipse(50, 44, 25, 34, fill=light(paper, 0.25))
            c.ellipse(50, 44, 12, 34, fill=light(paper, 0.5))
            for rx in (12, 25):
                c.ring(50, 44, rx, 31, dark(paper, 0.15), 1.1)
            c.line([(50, 10), (50, 78)], dark(paper, 0.12), 1.1)
            c.rect(0, 60, 100, 3, GOLD)
            c.rect(0, 25, 100, 3, GOLD)
    c.rect(36, 69, 28, 7, COCOA, 2)
    c.rect(36, 70.5, 28, 2, GOLD)
    for x in (42, 46, 50, 54, 58):
        c.line([(x, 78), (50 + (x - 50) * 1.3, 96)], GOLD if x % 4 else dark(GOLD, 0.15), 2)
    c.ellipse(50, 80, 4.4, fill=RED)


@pictogram("temple")
def _temple(c: Canvas, look: Look) -> None:
    roof = look.pick("#B5483C", "#3F7F78", "#5B5494")
    c.rect(4, 90, 92, 7, "#B7A58E", 2)
    c.rect(12, 84, 76, 7, "#D3C3AB", 1)
    for level, (y, half) in enumerate(((54, 42), (32, 32), (13, 22))):
        wall_top, width = y + 9, half * 1.25
        c.rect(50 - width / 2, wall_top, width, 22 if level == 0 else 13, CREAM)
        c.rect(50, wall_top, width / 2, 22 if level == 0 else 13, dark(CREAM, 0.08))
        for k in range(4 if level == 0 else 3):
            x = 50 - width / 2 + 2 + k * (width - 7) / (3 if level == 0 else 2)
            c.rect(x, wall_top, 3, 22 if level == 0 else 13, RED)
        c.path(
            f"M{50 - half - 4} {y + 8} Q{50 - half + 8} {y + 5} {50 - half * 0.42} {y - 5} "
            f"H{50 + half * 0.42} Q{50 + half - 8} {y + 5} {50 + half + 4} {y + 8} "
            f"Q{50 + half + 2} {y + 12} {50 + half - 4} {y + 11} H{50 - half + 4} Q{50 - half - 2} {y + 12} {50 - half - 4} {y + 8} Z",
            roof,
        )
        c.path(
            f"M{50} {y - 5} H{50 + half * 0.42} Q{50 + half - 8} {y + 5} {50 + half + 4} {y + 8} "
            f"Q{50 + half + 2} {y + 12} {50 + half - 4} {y + 11} H50 Z",
            dark(roof, 0.16),
        )
        c.line([(50 - half + 2, y + 10.4), (50 + half - 2, y + 10.4)], GOLD, 1.5)
    c.path("M42 85 V72 Q50 64 58 72 V85 Z", COCOA)
    c.line([(50, 8), (50, 1)], GOLD, 2.6)
    c.ellipse(50, 3, 2.6, fill=GOLD)


@pictogram("drum")
def _drum(c: Canvas, look: Look) -> None:
    body = look.pick(RED, TEAL, "#7A4F9E", "#C77F3B")
    c.line([(22, 8), (58, 34)], "#D9A774", 4)
    c.line([(82, 6), (52, 32)], "#C48E5C", 4)
    c.ellipse(58, 34, 4.4, fill=CREAM)
    c.ellipse(50, 33, 4.4, fill="#E9DCC6")
    with c.group():
        c.path("M10 42 V76 C10 98 90 98 90 76 V42 Z", body)
        with c.atop():
            c.path("M66 36 H94 V100 H60 Z", dark(body, 0.18))
            points = [(6 + 11 * k, 50 if k % 2 else 88) for k in range(9)]
            c.line(points, CREAM, 2.2)
            c.stroke("M8 78 C10 98 90 98 92 78", GOLD, 6)
    c.ellipse(50, 42, 41, 12.5, fill=GOLD)
    c.ellipse(50, 40.6, 37, 10, fill="#FFF3DC")
    c.ellipse(46, 40, 22, 5, fill="#FFFBF2")
    c.line([(28, 13), (58, 34)], "#D9A774", 3.6)
    c.line([(76, 10), (52, 31)], "#C48E5C", 3.6)
    c.ellipse(58, 35, 4, fill="#E9C9A0")
    c.ellipse(50, 33, 4, fill="#DDB98C")


@pictogram("rings")
def _rings(c: Canvas, look: Look) -> None:
    for x, metal in ((34, GOLD), (66, look.pick(GOLD, "#C9CFDA"))):
        c.ring(x, 62, 25, None, metal, 8)
        c.ring(x, 62, 27.6, None, light(metal, 0.45), 1.8)
        c.arc(x, 62, 24, 10, 100, dark(metal, 0.2), 3.4)
    c.arc(34, 62, 25, -70, -5, GOLD, 8)
    c.arc(34, 62, 27.6, -70, -5, light(GOLD, 0.45), 1.8)
    c.path("M22 20 L28 12 H40 L46 20 L34 36 Z", "#A9E0F2")
    c.path("M22 20 H46 L34 36 Z", "#7FCBE8")
    c.path("M30 20 L34 12 L38 20 L34 36 Z", "#DDF5FC")
    c.path("M28 38 L34 34 L40 38 L38 42 H30 Z", dark(GOLD, 0.15))
    for x, y, r in ((60, 20, 5), (72, 12, 3.4), (12, 28, 3.4)):
        c.path(f"M{x} {y - r} Q{x} {y} {x + r} {y} Q{x} {y} {x} {y + r} Q{x} {y} {x - r} {y} Q{x} {y} {x} {y - r} Z", "#FFE48A")


@pictogram("woven-cloth")
def _woven(c: Canvas, look: Look) -> None:
    first, second, third = look.pick("#B5483C|#E2A63B|#2F4A7C", "#2F7F86|#F0C15A|#8C3B4A", "#6A4C93|#F29E5C|#2FA79B").split("|")
    for k in range(14):
        x = 15 + k * 5.4
        c.line([(x, 84), (x + (k % 3 - 1), 96)], SAND if k % 2 else dark(SAND, 0.12), 1.8)
    c.rect(4, 6, 92, 7, BROWN, 3.5)
    c.ellipse(4, 9.5, 4.4, fill=COCOA)
    c.ellipse(96, 9.5, 4.4, fill=COCOA)
    with c.group():
        c.path("M12 11 H88 L86 50 L88 86 H12 L14 50 Z", first)
        with c.atop():
            for y, h, colour in ((17, 5, second), (24, 2, CREAM), (70, 2, CREAM), (76, 5, second)):
                c.rect(8, y, 84, h, colour)
            c.rect(8, 30, 84, 36, third)
            for k in range(4):
                x = 20 + k * 20
                for r, colour in ((13, CREAM), (9.6, first), (5.4, second)):
                    c.polygon([(x, 48 - r * 1.2), (x + r * 0.8, 48), (x, 48 + r * 1.2), (x - r * 0.8, 48)], colour)
            for k in range(5):
                x = 10 + k * 20
                for y, s in ((31, 1), (65, -1)):
                    c.polygon([(x - 6, y), (x + 6, y), (x, y + 8 * s)], second)
            with c.atop(0.1):
                c.path("M60 0 H74 L72 50 L74 100 H60 L62 50 Z", "#2B2140")
                c.path("M28 0 H36 L34 50 L36 100 H28 Z", "#FFFFFF")
