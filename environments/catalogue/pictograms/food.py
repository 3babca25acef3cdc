"""Food and drink."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import (
    BROWN,
    COCOA,
    CORAL,
    CREAM,
    FOREST,
    GREEN,
    MINT,
    ORANGE,
    PINK,
    PURPLE,
    RED,
    SAND,
    TAN,
    TEAL,
    WHITE,
    Look,
)  # fmt: skip
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []


def _plate(c: Canvas, y: float, rx: float = 44) -> None:
    c.ellipse(50, y, rx, 9, fill=WHITE)
    c.ellipse(50, y + 2, rx - 2, 8, fill="#DCE3EA")
    c.ellipse(50, y - 0.6, rx - 5, 6.4, fill=WHITE)


def _steam(c: Canvas, xs: tuple[float, ...], top: float) -> None:
    for x in xs:
        c.stroke(f"M{x} {top + 20} C{x - 6} {top + 13} {x + 6} {top + 8} {x} {top}", "#FFFFFF", 2.8)


@pictogram("pancakes")
def _pancakes(c: Canvas, look: Look) -> None:
    _plate(c, 84)
    for i, (y, dx) in enumerate(((76, 0), (67, 1.5), (58, -1.5), (49, 0.5))):
        c.rect(19 + dx, y - 6, 62, 12, "#C77F3B", 6)
        c.rect(19 + dx, y - 6, 62, 7.5, "#F0B765" if i % 2 else "#EBAA55", 4)
    c.ellipse(50.5, 43, 30, 8.5, fill="#E9A44E")
    c.ellipse(50.5, 42, 26, 6.6, fill="#F6C67C")
    syrup = "#9C4F21"
    c.path(
        "M27 42 Q50 33 74 42 Q76 46 73 48 L73 60 Q70 64 67 60 V50 L58 51 V68 Q55 72 52 68 V51 L38 50 V57 Q35 61 32 57 V48 Q25 46 27 42 Z",
        syrup,
    )
    c.ellipse(48, 41.5, 17, 3.2, fill=light(syrup, 0.2))
    c.path("M41 32 L54 28 L63 33 L63 39 L50 43 L41 38 Z", "#FFE08A")
    c.path("M41 32 L54 28 L63 33 L50 37 Z", "#FFF2BF")
    for x, y in ((70, 37), (77, 40), (73, 43)):
        c.ellipse(x, y - 3, 4.2, fill=look.pick(RED, "#5661B3"))
        c.ellipse(x - 1.2, y - 4.4, 1.2, fill="#FFFFFF")


@pictogram("coffee-cup")
def _coffee(c: Canvas, look: Look) -> None:
    cup = look.pick(TEAL, CORAL, "#F7EDE0", "#5C8FD6")
    _steam(c, (36, 50, 64), 10)
    c.ellipse(50, 88, 42, 7, fill=WHITE)
    c.ellipse(50, 89.5, 38, 5, fill="#D6DDE5")
    c.ring(79, 54, 11, 12, dark(cup, 0.1), 6.5)
    with c.group():
        c.path("M20 36 H80 V58 C80 78 68 86 50 86 C32 86 20 78 20 58 Z", cup)
        with c.atop():
            c.path("M62 30 H84 V90 H52 C66 80 66 56 62 30 Z", dark(cup, 0.14))
            c.rect(26, 46, 5, 22, light(cup, 0.5), 2.5)
    c.ellipse(50, 36, 30, 8, fill=light(cup, 0.4))
    c.ellipse(50, 37, 26.5, 6.2, fill="#6B4028")
    c.path("M50 41 C40 37 43 33 50 36 C57 33 60 37 50 41 Z", "#E8C9A0")


@pictogram("pizza")
def _pizza(c: Canvas, look: Look) -> None:
    c.path("M8 22 Q50 -2 92 22 Q95 30 89 33 L52 95 Q50 98 48 95 L11 33 Q5 30 8 22 Z", "#C77F3B")
    c.path("M10 22 Q50 0 90 22 Q92 27 88 29 Q50 9 12 29 Q8 27 10 22 Z", "#E9AC5F")
    c.path("M17 33 Q50 14 83 33 L52 88 V94 Q49 97 48 88 Z", "#FFD163")
    c.path("M60 24 Q73 27 83 33 L52 88 Z", "#F7BF4A")
    for x, y, r in ((34, 37, 7), (60, 35, 7.5), (50, 58, 7)):
        c.ellipse(x, y, r, fill="#B93A32")
        c.ellipse(x, y - 0.8, r - 1.2, fill="#DC5A48")
        c.ellipse(x - 2, y - 2.5, 1.4, fill="#F08B73")
    for x, y, a in ((46, 42, 30), (69, 47, -30), (40, 50, 70), (52, 73, 10)):
        c.ellipse(x, y, 4.2, 2, fill=GREEN, angle=a)
        c.ellipse(x, y, 3, 0.6, fill=FOREST, angle=a)


@pictogram("soup-bowl")
def _soup(c: Canvas, look: Look) -> None:
    bowl = look.pick("#3F6FA8", "#B9483F", TEAL, "#7A5C9E")
    _steam(c, (34, 50, 66), 8)
    c.ellipse(50, 90, 20, 4, fill=dark(bowl, 0.4))
    with c.group():
        c.path("M8 44 H92 C92 70 74 88 62 90 H38 C26 88 8 70 8 44 Z", bowl)
        with c.atop():
            c.path("M70 40 H96 V94 H54 C70 84 76 64 70 40 Z", dark(bowl, 0.16))
            for x in range(6, 96, 12):
                c.path(f"M{x} 58 L{x + 6} 64 L{x + 12} 58 L{x + 12} 61 L{x + 6} 67 L{x} 61 Z", light(bowl, 0.6))
    c.ellipse(50, 44, 42, 10, fill=light(bowl, 0.55))
    c.ellipse(50, 45, 37.5, 7.6, fill="#E58A2E")
    c.ellipse(46, 44, 28, 5, fill="#F3A94A")
    for x, y in ((32, 43), (58, 46), (68, 42)):
        c.ellipse(x, y, 4.6, 2.6, fill="#F5603F")
    for x, y, a in ((44, 46, 20), (52, 41, -20), (63, 48, 40)):
        c.ellipse(x, y, 3.6, 1.4, fill=FOREST, angle=a)
    c.line([(74, 42), (96, 14)], "#B9BFC9", 3.4)


@pictogram("cake")
def _cake(c: Canvas, look: Look) -> None:
    sponge, icing = "#E9B872", look.pick(PINK, "#FCE7C8", MINT, "#C9B6F2")
    _plate(c, 87, 46)
    with c.group():
        c.rect(14, 50, 72, 36, sponge, 5)
        with c.atop():
            c.rect(14, 65, 72, 5, "#FFF6E8")
            c.rect(62, 48, 30, 42, dark(sponge, 0.12))
            c.rect(62, 65, 30, 5, "#EADCC9")
    c.path(
        "M14 50 Q14 42 22 42 H78 Q86 42 86 50 V58 Q82 64 78 58 Q74 54 70 60 Q66 68 62 60 "
        "Q58 54 54 58 Q50 63 46 58 Q42 54 38 60 Q34 69 30 60 Q26 54 22 58 Q18 63 14 58 Z",
        icing,
    )
    c.path("M22 44 H60 Q60 48 56 48 H24 Q20 48 22 44 Z", light(icing, 0.55))
    for x, colour in ((30, CORAL), (50, TEAL), (70, PURPLE)):
        c.rect(x - 2.2, 24, 4.4, 19, colour, 1.5)
        c.line([(x - 1.6, 34), (x + 1.6, 31)], light(colour, 0.6), 1.4)
        c.path(f"M{x} 9 C{x + 5} 16 {x + 4} 22 {x} 22 C{x - 4} 22 {x - 5} 16 {x} 9 Z", ORANGE)
        c.path(f"M{x} 14 C{x + 2.4} 18 {x + 2} 21 {x} 21 C{x - 2} 21 {x - 2.4} 18 {x} 14 Z", "#FFE48A")


@pictogram("ice-cream")
def _ice_cream(c: Canvas, look: Look) -> None:
    with c.group():
        c.path("M27 50 H73 L52 96 Q50 99 48 96 Z", "#E3A75A")
        with c.atop():
            for k in range(-60, 120, 9):
                c.line([(k, 46), (k + 34, 100)], "#C48440", 1.6)
                c.line([(k + 34, 46), (k, 100)], "#C48440", 1.6)
    scoops = (
        (36, 40, look.pick("#F9B7C4", "#B8E2C8")),
        (64, 40, look.pick("#FFF0CF", "#8D5D3D")),
        (50, 24, look.pick("#F2705F", "#C2AEE8", "#FFD77A")),
    )
    for x, y, colour in scoops:
        with c.group():
            c.ellipse(x, y, 17, 16, fill=colour)
            with c.atop():
                c.ellipse(x + 9, y + 6, 15, 15, fill=dark(colour, 0.1))
                c.ellipse(x - 7, y - 7, 5, 3.4, fill=light(colour, 0.65), angle=-35)
    c.path("M22 47 Q27 42 32 47 Q37 52 42 47 Q47 42 52 47 Q57 52 62 47 Q67 42 72 47 Q78 49 76 53 Q50 61 24 53 Q22 50 22 47 Z", "#F7CE8E")
    c.ellipse(54, 7, 5, fill=RED)
    c.ellipse(52.4, 5.4, 1.4, fill="#FFFFFF")


@pictogram("fruit")
def _fruit(c: Canvas, look: Look) -> None:
    c.path("M58 30 C66 44 84 52 94 48 Q96 56 84 62 C66 66 52 50 52 34 Z", "#FFD24F")
    c.path("M52 34 C54 52 68 62 84 62 C66 66 52 52 52 34 Z", "#E8AE2E")
    for row, (y, xs) in enumerate(((44, (8, 18, 28)), (53, (12, 22)))):
        for x in xs:
            c.ellipse(x + 4, y, 6.4, fill=PURPLE if (x + row) % 4 else dark(PURPLE, 0.15))
            c.ellipse(x + 2, y - 2.4, 1.7, fill=light(PURPLE, 0.55))
    for x, y, r, colour in ((34, 58, 19, look.pick(RED, "#7DB648")), (64, 64, 18, ORANGE)):
        with c.group():
            c.ellipse(x, y, r, fill=colour)
            with c.atop():
                c.ellipse(x + 10, y + 7, r, fill=dark(colour, 0.14))
                c.ellipse(x - 8, y - 8, 4.5, 3, fill=light(colour, 0.6), angle=-40)
    c.line([(34, 42), (37, 33)], COCOA, 2.6)
    c.ellipse(44, 34, 8, 3.6, fill=GREEN, angle=-25)
    with c.group():
        c.path("M6 66 H94 C92 84 76 94 50 94 C24 94 8 84 6 66 Z", "#4F9CA6")
        with c.atop():
            c.path("M64 60 H98 V98 H50 C66 90 70 76 64 60 Z", dark("#4F9CA6", 0.15))
            c.line([(0, 74), (100, 74)], light("#4F9CA6", 0.5), 2.4)
    c.rect(4, 63, 92, 6.5, light("#4F9CA6", 0.35), 3.2)


@pictogram("bread")
def _bread(c: Canvas, look: Look) -> None:
    crust = "#BF7A3A"
    c.path("M4 82 H96 V86 Q96 90 92 90 H8 Q4 90 4 86 Z", "#A8703F")
    c.rect(4, 80, 92, 5, "#C58F57", 2.5)
    with c.group():
        c.path("M10 80 C2 66 8 38 40 36 H70 C96 38 98 66 90 80 Z", crust)
        with c.atop():
            c.path("M10 60 C10 46 30 40 50 40 C76 40 84 48 86 56 C70 46 30 46 10 60 Z", light(crust, 0.3))
            c.path("M0 70 H100 V84 H0 Z", dark(crust, 0.14))
            for x in (26, 44, 62):
                c.path(f"M{x} 66 Q{x + 2} 48 {x + 14} 42 Q{x + 12} 56 {x} 66 Z", "#F4D9A8")
    c.path("M62 46 Q62 36 74 36 Q92 36 94 48 Q94 54 90 56 V78 H66 V56 Q62 54 62 46 Z", crust)
    c.path("M65 46 Q66 39 74 39 Q89 39 91 48 Q91 52 87 54 V75 H69 V54 Q65 52 65 46 Z", "#F6DDB0")
    for x, y in ((74, 50), (82, 56), (75, 64), (83, 69)):
        c.ellipse(x, y, 1.8, 1.2, fill="#E3BC83")
    for i in range(5):
        ear = 10 + i * 4.6
        c.ellipse(26 - 3.6, ear, 3.8, 2.1, fill="#E2AE4A", angle=40)
        c.ellipse(26 + 3.6, ear, 3.8, 2.1, fill="#F0C468", angle=-40)
    c.line([(26, 6), (26, 34)], "#C9933A", 1.6)


@pictogram("wine-glass")
def _wine(c: Canvas, look: Look) -> None:
    glass, wine = "#DDEBF2", look.pick("#9B2743", "#B33A5B", "#F2D079")
    c.ellipse(50, 93, 22, 4.6, fill="#C7D7E2")
    c.ellipse(50, 92, 18, 3, fill="#EEF6FA")
    c.rect(47.6, 58, 4.8, 34, glass, 2)
    c.path("M26 8 H74 C80 38 72 60 50 61 C28 60 20 38 26 8 Z", glass)
    with c.group():
        c.path("M25 30 H75 C75 46 67 58 50 58 C33 58 25 46 25 30 Z", wine)
        with c.atop():
            c.path("M60 26 H80 V62 H46 C60 56 62 42 60 26 Z", dark(wine, 0.2))
    c.ellipse(50, 30, 25, 4.4, fill=light(wine, 0.28))
    c.path("M31 12 Q28 30 33 42 L36 41 Q32 28 35 12 Z", "#FFFFFF")


@pictogram("chocolate")
def _chocolate(c: Canvas, look: Look) -> None:
    wrap = look.pick(CORAL, TEAL, PURPLE, "#D9A130")
    with c.at(50, 50, 0.92, 14):
        c.rect(24, 4, 52, 62, COCOA, 4)
        for row in range(3):
            for col in range(3):
                x, y = 27 + col * 16, 7 + row * 16
                c.rect(x, y, 14, 14, BROWN, 2)
                c.rect(x + 2.4, y + 2.4, 9.2, 9.2, "#7A4E32", 1.5)
                c.path(f"M{x} {y + 1} L{x + 1} {y} H{x + 14} L{x + 11.6} {y + 2.4} H{x + 2.4} V{y + 11.6} L{x} {y + 14} Z", "#A8744F")
        c.path("M22 46 L29 51 L36 46 L43 51 L50 46 L57 51 L64 46 L71 51 L78 46 V54 H22 Z", SAND)
        c.path("M22 54 L29 50 L36 55 L43 50 L50 55 L57 50 L64 55 L71 50 L78 54 V94 Q78 97 75 97 H25 Q22 97 22 94 Z", wrap)
        c.path("M62 53 L64 55 L71 50 L78 54 V97 H62 Z", dark(wrap, 0.14))
        c.rect(22, 68, 56, 14, CREAM)
        c.rect(30, 73.5, 40, 3.4, TAN, 1.7)
    c.ellipse(16, 84, 4, 2.6, fill=BROWN, angle=20)
    c.ellipse(85, 24, 3, 2, fill=BROWN, angle=-30)
    c.ellipse(88, 31, 1.8, fill="#A8744F")
    c.ellipse(10, 77, 1.8, fill="#A8744F")
