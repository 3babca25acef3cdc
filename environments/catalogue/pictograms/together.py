"""What people give, say, decide and share."""

from __future__ import annotations

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import (
    BLUE,
    COCOA,
    CORAL,
    CREAM,
    GOLD,
    GREEN,
    INK,
    MIST,
    NAVY,
    RED,
    SILVER,
    SKINS,
    SLATE,
    TEAL,
    WHITE,
    YELLOW,
    Look,
)
from environments.catalogue.pictograms.figure import Pose, draw_figure
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []

_HEART = "M50 92 C20 70 4 52 4 32 C4 8 36 2 50 24 C64 2 96 8 96 32 C96 52 80 70 50 92 Z"


@pictogram("heart")
def _heart(c: Canvas, look: Look) -> None:
    colour = look.pick(RED, CORAL, "#E5678F")
    with c.group():
        c.path(_HEART, colour)
        with c.atop():
            c.path("M62 4 C110 10 110 50 50 96 H100 V0 Z", dark(colour, 0.14))
            c.path("M50 92 C80 74 92 54 92 36 C84 60 66 74 44 84 Z", dark(colour, 0.22))
            c.ellipse(25, 26, 9, 6, fill=light(colour, 0.6), angle=-40)
            c.ellipse(15, 39, 2.6, 3.6, fill=light(colour, 0.6), angle=10)


@pictogram("speech-bubble")
def _bubbles(c: Canvas, look: Look) -> None:
    colour = look.pick(TEAL, CORAL, "#7B5FC0", BLUE)
    c.path("M38 36 H84 Q96 36 96 48 V66 Q96 78 84 78 H80 L84 94 L64 78 H38 Q26 78 26 66 V48 Q26 36 38 36 Z", dark(colour, 0.12))
    c.path("M16 6 H66 Q78 6 78 18 V42 Q78 54 66 54 H38 L20 70 L24 54 H16 Q4 54 4 42 V18 Q4 6 16 6 Z", WHITE)
    c.path("M4 38 V42 Q4 54 16 54 H24 L20 70 L38 54 H66 Q78 54 78 42 V38 Q76 48 66 48 H16 Q6 48 4 38 Z", "#DFE4EA")
    for x in (24, 41, 58):
        c.ellipse(x, 29, 5.4, fill=colour)
    c.line([(50, 66), (82, 66)], light(colour, 0.6), 3.6)


@pictogram("handshake")
def _handshake(c: Canvas, look: Look) -> None:
    left, right = look.random.choice(SKINS), look.random.choice(SKINS)
    cuff, sleeve = look.pick(NAVY, TEAL, "#7B5FC0"), look.pick(CORAL, "#E2A63B", "#62AD52")
    c.polygon([(0, 34), (18, 26), (32, 60), (10, 72), (0, 70)], cuff)
    c.polygon([(16, 27), (22, 24), (37, 58), (31, 62)], WHITE)
    c.polygon([(100, 34), (82, 26), (68, 60), (90, 72), (100, 70)], sleeve)
    c.polygon([(84, 27), (78, 24), (63, 58), (69, 62)], CREAM)
    c.path("M78 27 L62 26 L44 34 Q38 42 44 46 Q52 46 56 42 L74 58 L68 60 Z", right)
    c.path("M22 27 L40 29 L48 34 L36 44 Q36 50 44 50 L58 44 L76 62 Q78 68 72 69 Q73 75 66 76 Q65 82 58 81 Q54 86 48 82 L28 62 Z", left)
    for x0, y0, x1, y1 in ((62, 58, 72, 69), (56, 65, 66, 76), (49, 71, 58, 81)):
        c.line([(x0, y0), (x1, y1)], dark(left, 0.25), 1.5)
    c.path("M80 26 L60 27 L40 42 Q37 50 45 50 Q54 50 58 44 L72 57 Z", right)
    c.stroke("M60 27 L40 42 Q37 50 45 50 Q54 50 58 44", dark(right, 0.28), 1.6)
    for x, y, x1, y1 in ((50, 18, 50, 6), (38, 20, 32, 10), (62, 20, 68, 10)):
        c.line([(x, y), (x1, y1)], YELLOW, 3)


@pictogram("gift")
def _gift(c: Canvas, look: Look) -> None:
    paper, ribbon = look.pick("#F2705F|#FFE08A", "#2FA79B|#FFF1DC", "#7B5FC0|#F8AFBB", "#4A88D9|#FFCB4D").split("|")
    for side in (-1, 1):
        c.path(
            f"M50 26 C{50 + 10 * side} 2 {50 + 36 * side} 2 {50 + 32 * side} 16 C{50 + 30 * side} 26 {50 + 14 * side} 28 50 28 Z",
            dark(ribbon, 0.06 + 0.08 * (side > 0)),
        )
        c.path(
            f"M{50 + 6 * side} 23 C{50 + 14 * side} 10 {50 + 26 * side} 10 {50 + 25 * side} 16 "
            f"C{50 + 24 * side} 21 {50 + 14 * side} 23 {50 + 6 * side} 23 Z",
            dark(ribbon, 0.3),
        )
    with c.group():
        c.rect(12, 46, 76, 50, paper, 4)
        with c.atop():
            c.rect(64, 40, 30, 60, dark(paper, 0.14))
            c.rect(12, 46, 76, 5, dark(paper, 0.25))
            for x, y in ((22, 62), (34, 78), (24, 90), (68, 60), (80, 74), (70, 88)):
                c.ellipse(x, y, 2.6, fill=light(paper, 0.4))
            c.rect(43, 40, 14, 60, ribbon)
            c.rect(52, 40, 5, 60, dark(ribbon, 0.1))
    c.rect(6, 28, 88, 19, light(paper, 0.14), 4)
    c.rect(68, 28, 26, 19, paper, 4)
    c.rect(43, 28, 14, 19, ribbon)
    c.rect(43, 21, 14, 10, dark(ribbon, 0.12), 4)


@pictogram("ballot-box")
def _ballot(c: Canvas, look: Look) -> None:
    box = look.pick("#4E6FA8", TEAL, "#7B5FC0", "#C77F3B")
    c.path("M14 50 L24 40 H76 L86 50 Z", light(box, 0.3))
    c.path("M32 43.4 H68 L70 46.6 H30 Z", INK)
    with c.at(50, 26, 1, -5):
        c.rect(33, 24, 34, 46, WHITE, 2)
        c.rect(38, 31, 9, 9, MIST, 1)
        c.line([(40, 35), (42, 38), (47, 31)], RED, 2.2)
        c.rect(50, 34, 13, 3, SILVER, 1.5)
        c.rect(38, 46, 25, 3, SILVER, 1.5)
    c.polygon([(30, 46.6), (70, 46.6), (71, 50), (29, 50)], light(box, 0.3))
    with c.group():
        c.rect(12, 50, 76, 46, box, 3)
        with c.atop():
            c.rect(66, 46, 30, 60, dark(box, 0.16))
            c.rect(12, 50, 76, 4, dark(box, 0.2))
    c.ellipse(50, 74, 14, fill=light(box, 0.8))
    c.line([(43, 74), (48, 79), (57, 68)], GREEN, 4)


@pictogram("recycling-bin")
def _recycling(c: Canvas, look: Look) -> None:
    body = look.pick("#4F9E57", "#3F86B8", "#E2A63B")
    c.rect(34, 6, 32, 8, dark(body, 0.3), 4)
    with c.group():
        c.path("M16 26 H84 L77 93 Q76.6 97 72 97 H28 Q23.4 97 23 93 Z", body)
        with c.atop():
            c.path("M64 20 H90 V100 H58 Z", dark(body, 0.16))
            c.path("M22 28 H28 L33 94 H27 Z", light(body, 0.35))
    c.rect(8, 14, 84, 13, light(body, 0.16), 4)
    c.rect(8, 21, 84, 6, dark(body, 0.1), 3)
    for k in range(3):
        with c.at(50, 61, 0.42, 120 * k):
            c.line([(34, 16), (66, 16)], WHITE, 13)
            c.line([(66, 16), (78, 38)], WHITE, 13)
            c.polygon([(62, 40), (96, 34), (86, 64)], WHITE)


@pictogram("wheelchair")
def _wheelchair(c: Canvas, look: Look) -> None:
    frame = look.pick(BLUE, CORAL, TEAL, "#7B5FC0")
    person = look.person()
    c.line([(20, 30), (30, 36)], INK, 4)
    c.line([(30, 36), (34, 66), (66, 66), (76, 88), (86, 88)], frame, 4)
    c.rect(28, 62, 38, 6, SLATE, 3)
    pose = Pose(
        head=(46, 15), neck=(44, 28), hip=(43, 56), left_arm=((53, 44), (62, 46)), right_arm=((50, 46), (60, 52)),
        left_leg=((66, 58), (76, 82)), right_leg=((68, 60), (79, 83)), toes=1,
    )  # fmt: skip
    draw_figure(c, person, pose)
    c.ring(42, 72, 22, None, INK, 4.4)
    c.ring(42, 72, 17, None, frame, 2)
    for k in range(6):
        with c.at(42, 72, 1, 30 * k):
            c.line([(50, 35), (50, 65)], SILVER, 0.9)
    c.ellipse(42, 72, 3.6, fill=SLATE)
    c.ellipse(76, 92, 6, fill=INK)
    c.ellipse(76, 92, 2.8, fill=SILVER)


@pictogram("letter")
def _letter(c: Canvas, look: Look) -> None:
    seal = look.pick(RED, TEAL, "#7B5FC0")
    c.path("M4 40 L50 8 L96 40 V44 H4 Z", "#D8C49C")
    c.rect(16, 14, 68, 56, WHITE, 3)
    c.rect(24, 22, 26, 5, seal, 2)
    for y, w in ((32, 52), (39, 46), (46, 50)):
        c.rect(24, y, w, 3, SILVER, 1.5)
    c.path("M4 40 L50 70 L96 40 V86 Q96 92 90 92 H10 Q4 92 4 86 Z", "#F6E6C4")
    c.path("M4 88 L42 62 L50 68 L58 62 L96 88 Q95 92 90 92 H10 Q5 92 4 88 Z", "#E8D2A5")
    c.path("M4 40 L50 70 L96 40 V44 L50 74 L4 44 Z", "#FFF6E2")
    c.ellipse(50, 72, 9.5, fill=dark(seal, 0.18))
    c.ellipse(50, 71.4, 8.8, fill=seal)
    with c.at(50, 71.6, 0.1):
        c.path(_HEART, light(seal, 0.6))


@pictogram("graduation-cap")
def _cap(c: Canvas, look: Look) -> None:
    cloth = look.pick("#3A3550", NAVY, "#5E3B6B", "#2F5F5A")
    with c.group():
        c.path("M22 46 V70 Q50 88 78 70 V46 Z", dark(cloth, 0.25))
        with c.atop():
            c.path("M56 40 H84 V90 H56 Z", dark(cloth, 0.5))
    c.polygon([(50, 20), (98, 42), (50, 64), (2, 42)], cloth)
    c.polygon([(50, 20), (98, 42), (50, 42)], light(cloth, 0.12))
    c.polygon([(2, 42), (50, 64), (98, 42), (98, 45), (50, 67), (2, 45)], dark(cloth, 0.35))
    c.line([(50, 42), (86, 49), (87, 72)], GOLD, 2.4)
    c.ellipse(50, 42, 3.6, 2.4, fill=GOLD)
    c.path("M83 72 H91 L94 90 Q87 93 80 90 Z", GOLD)
    c.path("M87 72 H91 L94 90 Q91 92 88 92 Z", dark(GOLD, 0.2))
    c.rect(82, 69, 10, 5, dark(GOLD, 0.25), 2)


@pictogram("uniform")
def _uniform(c: Canvas, look: Look) -> None:
    cloth = look.pick(NAVY, "#3F6B5C", "#7A3F4A", "#4A6FA5")
    with c.group():
        c.path("M34 12 L14 20 Q8 24 6 34 L2 66 L18 70 L24 48 V96 H76 V48 L82 70 L98 66 L94 34 Q92 24 86 20 L66 12 Z", cloth)
        with c.atop():
            c.path("M56 8 L100 16 V100 H56 Z", dark(cloth, 0.14))
            c.line([(24, 48), (27, 34)], dark(cloth, 0.35), 1.6)
            c.line([(76, 48), (73, 34)], dark(cloth, 0.35), 1.6)
            c.rect(20, 74, 60, 6, COCOA)
            c.rect(0, 60, 24, 4, GOLD)
            c.rect(78, 60, 24, 4, GOLD)
    c.path("M38 10 L50 22 L62 10 L66 12 L58 32 L50 24 L42 32 L34 12 Z", WHITE)
    c.path("M47 23 L50 21 L53 23 L55 46 L50 54 L45 46 Z", RED)
    c.line([(50, 54), (50, 94)], dark(cloth, 0.4), 1.4)
    c.rect(44, 73, 12, 8, GOLD, 1.6)
    for y in (62, 70, 88):
        c.ellipse(54, y, 1.9, fill=GOLD)
    for x, flip in ((22, 1), (78, -1)):
        c.polygon([(x - 8, 18), (x + 8, 14 if flip > 0 else 18), (x + 8, 19 if flip > 0 else 23), (x - 8, 23 if flip > 0 else 19)], GOLD)
    c.path("M62 38 L69 36 L76 38 Q76 48 69 52 Q62 48 62 38 Z", GOLD)
    c.path("M69 36 L76 38 Q76 48 69 52 Z", dark(GOLD, 0.2))


@pictogram("bell")
def _bell(c: Canvas, look: Look) -> None:
    metal = look.pick(GOLD, "#CF9159", "#F2B134")
    c.ring(50, 10, 6, None, dark(metal, 0.2), 4)
    c.ellipse(50, 86, 9, fill=dark(metal, 0.35))
    with c.group():
        c.path("M50 14 C72 14 74 36 76 52 C78 66 84 70 90 76 V82 H10 V76 C16 70 22 66 24 52 C26 36 28 14 50 14 Z", metal)
        with c.atop():
            c.path("M58 10 H94 V86 H64 C68 60 66 30 58 10 Z", dark(metal, 0.16))
            c.path("M36 24 C31 34 31 50 28 62 L34 62 C36 48 36 34 42 23 Z", light(metal, 0.6))
            c.rect(0, 62, 100, 3.4, dark(metal, 0.2))
    c.rect(7, 75, 86, 9, light(metal, 0.2), 4.5)
    c.rect(7, 79.5, 86, 4.5, dark(metal, 0.14), 2.2)
    for side in (-1, 1):
        start = 150 if side < 0 else -30
        for r in (42, 48):
            c.arc(50, 40, r, start + 5, start + 55, light(CORAL, 0.2), 2.4)


@pictogram("queue-sign")
def _queue(c: Canvas, look: Look) -> None:
    rope = look.pick(RED, "#7B5FC0", TEAL, NAVY)
    c.stroke("M20 50 Q50 82 80 50", dark(rope, 0.2), 6.4)
    c.stroke("M20 48.6 Q50 80 80 48.6", rope, 4.6)
    for x in (16, 84):
        c.ellipse(x, 92, 14, 4.6, fill=dark(GOLD, 0.3))
        c.ellipse(x, 90, 14, 4.2, fill=GOLD)
        c.rect(x - 3, 44, 6, 46, GOLD, 2)
        c.rect(x, 44, 3, 46, dark(GOLD, 0.2), 1)
        c.ellipse(x, 42, 5.6, fill="#FFD876")
        c.ellipse(x - 1.6, 40.4, 1.7, fill=WHITE)
    c.rect(47, 36, 6, 54, SLATE, 2)
    c.ellipse(50, 92, 15, 4.6, fill=dark(SLATE, 0.3))
    c.rect(22, 4, 56, 36, NAVY, 5)
    c.rect(25, 7, 50, 30, light(NAVY, 0.9), 3)
    for x in (33, 44, 55):
        c.ellipse(x, 15, 3, fill=NAVY)
        c.path(f"M{x - 4} 30 V23 Q{x - 4} 19 {x} 19 Q{x + 4} 19 {x + 4} 23 V30 Z", NAVY)
    c.line([(62, 24), (70, 24)], CORAL, 2.6)
    c.polygon([(67, 19), (73, 24), (67, 29)], CORAL)
