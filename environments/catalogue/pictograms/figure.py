"""One way to draw a person: joints in, a flat figure out. Every pictogram with people in it poses this figure."""

from __future__ import annotations

from dataclasses import dataclass

from environments.catalogue.canvas import Canvas, Point, dark, light
from environments.catalogue.palette import INK, Skin

__all__ = ["Pose", "draw_figure", "draw_head"]


@dataclass(frozen=True)
class Pose:
    """Where the joints are, on a square of 100 × 100 units. Left and right are the viewer's. The right arm is in front."""

    head: Point = (50, 18)
    neck: Point = (50, 31)
    hip: Point = (50, 57)
    left_arm: tuple[Point, Point] = ((37, 44), (36, 57))
    right_arm: tuple[Point, Point] = ((63, 44), (64, 57))
    left_leg: tuple[Point, Point] = ((45, 74), (44, 92))
    right_leg: tuple[Point, Point] = ((55, 74), (56, 92))
    toes: float = 0.0
    """Which way the shoes point: -1 left, 1 right, 0 outwards."""


def draw_figure(c: Canvas, person: Skin, pose: Pose, *, long_sleeves: bool = False, dress: bool = False) -> None:
    """A whole person in `pose`."""
    _back_hair(c, person, pose.head)
    _arm(c, person, (pose.neck[0] - 8, pose.neck[1] + 4), pose.left_arm, shade=0.14, long_sleeves=long_sleeves)
    _leg(c, person, (pose.hip[0] - 4.2, pose.hip[1]), pose.left_leg, -1 if pose.toes == 0 else pose.toes, bare=dress, shade=0.12)
    _leg(c, person, (pose.hip[0] + 4.2, pose.hip[1]), pose.right_leg, 1 if pose.toes == 0 else pose.toes, bare=dress)
    _torso(c, person, pose, dress)
    draw_head(c, person, pose.head, pose.neck)
    _arm(c, person, (pose.neck[0] + 8, pose.neck[1] + 4), pose.right_arm, long_sleeves=long_sleeves)


def draw_head(c: Canvas, person: Skin, at: Point, neck: Point | None = None) -> None:
    """Head, hair and face of radius 9.5 round `at`; with `neck`, the neck too."""
    x, y = at
    if neck is not None:
        c.line([(x, y + 6), (neck[0], neck[1] + 1)], dark(person.skin, 0.16), 6)
    c.ellipse(x - 9.6, y + 1.4, 1.9, fill=dark(person.skin, 0.1))
    c.ellipse(x + 9.6, y + 1.4, 1.9, fill=dark(person.skin, 0.1))
    c.ellipse(x, y, 9.5, 10, fill=person.skin)
    c.ellipse(x - 5.6, y + 4.2, 1.9, 1.3, fill="#EE8C7C" if person.skin < "#C" else light("#EE8C7C", 0.3))
    c.ellipse(x + 5.6, y + 4.2, 1.9, 1.3, fill="#EE8C7C" if person.skin < "#C" else light("#EE8C7C", 0.3))
    for side in (-1, 1):
        c.ellipse(x + 3.5 * side, y + 1, 1.05, 1.35, fill=INK)
    c.arc(x, y + 3.2, 3.1, 25, 155, dark(person.skin, 0.55), 1.1)
    _front_hair(c, person, x, y)


def _front_hair(c: Canvas, person: Skin, x: float, y: float) -> None:
    hair, shine = person.hair, light(person.hair, 0.18)
    if person.cut == "scarf":
        cloth = person.top
        c.path(
            f"M{x - 11} {y + 3} C{x - 13} {y - 15} {x + 13} {y - 15} {x + 11} {y + 3} C{x + 9} {y - 7} {x - 9} {y - 7} {x - 11} {y + 3} Z",
            dark(cloth, 0.15),
        )
        c.stroke(f"M{x - 9} {y + 1} C{x - 8} {y - 8} {x + 8} {y - 8} {x + 9} {y + 1}", light(cloth, 0.25), 1.6)
        return
    if person.cut == "curly":
        for dx, dy, r in ((-8.5, -3, 3.8), (-5.5, -8, 4.4), (0, -10, 4.8), (5.5, -8, 4.4), (8.5, -3, 3.8)):
            c.ellipse(x + dx, y + dy, r, fill=hair)
        c.ellipse(x - 2, y - 11, 1.7, fill=shine)
        return
    if person.cut == "bun":
        c.ellipse(x, y - 12, 4.6, fill=hair)
        c.ellipse(x - 1.2, y - 13.2, 1.4, fill=shine)
    parting = -5 if person.cut == "side" else 0
    c.path(
        f"M{x - 10} {y} C{x - 12} {y - 14} {x + 12} {y - 14} {x + 10} {y} "
        f"C{x + 8.5} {y - 4} {x + 6 + parting} {y - 6.5} {x + parting} {y - 6.3} "
        f"C{x - 5 + parting / 3} {y - 6} {x - 9} {y - 4} {x - 10} {y} Z",
        hair,
    )
    c.stroke(f"M{x - 5} {y - 8.6} Q{x - 1} {y - 10} {x + 3} {y - 9.2}", shine, 1.2)


def _back_hair(c: Canvas, person: Skin, head: Point) -> None:
    x, y = head
    if person.cut == "long":
        c.path(
            f"M{x - 11} {y - 3} C{x - 14} {y + 6} {x - 13} {y + 14} {x - 11} {y + 18} "
            f"L{x + 11} {y + 18} C{x + 13} {y + 14} {x + 14} {y + 6} {x + 11} {y - 3} Z",
            dark(person.hair, 0.1),
        )
    if person.cut == "scarf":
        c.path(
            f"M{x - 11.5} {y - 2} C{x - 13} {y + 8} {x - 12} {y + 14} {x - 7} {y + 16} "
            f"L{x + 7} {y + 16} C{x + 12} {y + 14} {x + 13} {y + 8} {x + 11.5} {y - 2} Z",
            dark(person.top, 0.25),
        )


def _torso(c: Canvas, person: Skin, pose: Pose, dress: bool) -> None:
    (nx, ny), (hx, hy) = pose.neck, pose.hip
    if dress:
        c.path(
            f"M{hx - 8} {hy - 8} L{hx + 8} {hy - 8} Q{hx + 11} {hy + 4} {hx + 14} {hy + 15} "
            f"Q{hx} {hy + 19} {hx - 14} {hy + 15} Q{hx - 11} {hy + 4} {hx - 8} {hy - 8} Z",
            person.top,
        )
    with c.group():
        c.path(
            f"M{nx - 4} {ny} L{nx + 4} {ny} Q{nx + 11} {ny + 0.5} {nx + 11.5} {ny + 7} "
            f"L{hx + 8.5} {hy} Q{hx + 8} {hy + 4} {hx + 4} {hy + 4} "
            f"L{hx - 4} {hy + 4} Q{hx - 8} {hy + 4} {hx - 8.5} {hy} L{nx - 11.5} {ny + 7} Q{nx - 11} {ny + 0.5} {nx - 4} {ny} Z",
            person.top,
        )
        with c.atop():
            c.path(f"M{nx + 5} {ny} L{nx + 14} {ny} L{hx + 14} {hy + 6} L{hx + 2} {hy + 6} Z", dark(person.top, 0.1))
            c.ellipse(nx, ny - 0.5, 4.6, 3.2, fill=dark(person.skin, 0.12))
            if not dress:
                c.line([(hx - 12, hy + 2.6), (hx + 12, hy + 2.6)], dark(person.legs, 0.2), 2.4)


def _arm(c: Canvas, person: Skin, shoulder: Point, arm: tuple[Point, Point], *, shade: float = 0.0, long_sleeves: bool = False) -> None:
    elbow, hand = arm
    c.ellipse(*hand, 3.7, fill=dark(person.skin, shade))
    c.line([elbow, hand], dark(person.top if long_sleeves else person.skin, shade + (0.06 if long_sleeves else 0)), 6)
    if long_sleeves:
        tip = (elbow[0] + (hand[0] - elbow[0]) * 1.12, elbow[1] + (hand[1] - elbow[1]) * 1.12)
        c.ellipse(*tip, 3.5, fill=dark(person.skin, shade))
    c.line([shoulder, elbow], dark(person.top, shade + 0.06), 7.4)


def _leg(c: Canvas, person: Skin, hip: Point, leg: tuple[Point, Point], toes: float, *, bare: bool, shade: float = 0.0) -> None:
    knee, foot = leg
    shoe = dark(person.legs, 0.45) if person.legs != "#3E3A55" else "#F2E9DC"
    c.path(
        f"M{foot[0] - 3.5} {foot[1] - 1} Q{foot[0] + 3 * toes} {foot[1] - 3} {foot[0] + 8 * toes} {foot[1] + 2} "
        f"Q{foot[0] + 9 * toes} {foot[1] + 5} {foot[0] + 6 * toes} {foot[1] + 5} "
        f"L{foot[0] - 3.6 * toes} {foot[1] + 5} Z",
        shoe,
    )
    c.line([hip, knee, foot], dark(person.skin if bare else person.legs, shade), 6.4 if bare else 8.4)
    c.line([(foot[0] - 1, foot[1] + 3), (foot[0] + 5 * toes, foot[1] + 3.2)], shoe, 3.6)
