"""People: alone, together, young and old. All pose the same figure."""

from __future__ import annotations

from dataclasses import replace

from environments.catalogue.canvas import Canvas, dark, light
from environments.catalogue.palette import CORAL, CREAM, GREY, INK, MIST, NAVY, SKY, TEAL, WHITE, YELLOW, Look
from environments.catalogue.pictograms.figure import Pose, draw_figure, draw_head
from environments.catalogue.pictograms.registry import pictogram

__all__: list[str] = []

_STANDING = Pose()
_WAVING = replace(_STANDING, right_arm=((71, 31), (75, 14)))
_ON_HIP = replace(_STANDING, left_arm=((34, 46), (43, 56)))


@pictogram("person-standing")
def _standing(c: Canvas, look: Look) -> None:
    draw_figure(c, look.person(), _ON_HIP)


@pictogram("person-waving")
def _waving(c: Canvas, look: Look) -> None:
    for start, x in ((-60, 84), (-60, 89)):
        c.arc(75, 14, x - 75, start, start + 75, light(CORAL, 0.35), 2)
    draw_figure(c, look.person(), _WAVING)


@pictogram("person-running")
def _running(c: Canvas, look: Look) -> None:
    for y, x0, x1 in ((34, 4, 20), (50, 1, 16), (66, 6, 22)):
        c.line([(x0, y), (x1, y)], GREY, 2.4)
    pose = Pose(
        head=(62, 17), neck=(57, 30), hip=(47, 55), left_arm=((69, 46), (80, 36)), right_arm=((49, 47), (34, 48)),
        left_leg=((37, 71), (17, 76)), right_leg=((64, 66), (62, 87)), toes=1,
    )  # fmt: skip
    draw_figure(c, look.person(), pose)


@pictogram("person-relaxing")
def _relaxing(c: Canvas, look: Look) -> None:
    cloth = look.pick(TEAL, CORAL, "#5C8FD6", "#E2A63B")
    c.line([(16, 93), (34, 62)], "#9C6B43", 4)
    c.line([(80, 93), (60, 66)], "#9C6B43", 4)
    c.path("M8 34 Q6 30 11 29 L20 30 L44 66 L92 62 Q96 63 95 68 L94 72 L40 78 Q34 78 30 72 Z", cloth)
    c.path("M12 34 L20 33 L43 69 L92 65 L92 68 L40 73 Z", light(cloth, 0.35))
    person = look.person()
    pose = Pose(
        head=(29, 29), neck=(35, 40), hip=(51, 60), left_arm=((20, 43), (17, 33)), right_arm=((51, 50), (62, 52)),
        left_leg=((69, 47), (82, 61)), right_leg=((73, 54), (92, 57)), toes=1,
    )  # fmt: skip
    draw_figure(c, person, pose)


@pictogram("person-kneeling")
def _kneeling(c: Canvas, look: Look) -> None:
    c.ellipse(50, 93, 34, 4.5, fill=light("#B98D63", 0.45))
    pose = Pose(
        head=(47, 24), neck=(46, 37), hip=(42, 64), left_arm=((57, 50), (66, 42)), right_arm=((60, 52), (68, 42)),
        left_leg=((58, 86), (32, 89)), right_leg=((64, 84), (38, 88)), toes=-1,
    )  # fmt: skip
    draw_figure(c, look.person(), pose, long_sleeves=True)


@pictogram("person-speaking")
def _speaking(c: Canvas, look: Look) -> None:
    person = look.person()
    with c.at(38, 54, 0.92):
        draw_figure(c, person, replace(_STANDING, right_arm=((64, 45), (74, 36)), left_arm=((35, 43), (29, 33))), long_sleeves=True)
    c.path("M58 6 H90 Q96 6 96 12 V26 Q96 32 90 32 H70 L59 40 L61 32 Q55 32 55 26 V12 Q55 6 58 6 Z", WHITE)
    for y, x in ((14, 89), (20, 86), (26, 78)):
        c.line([(62, y), (x, y)], TEAL if y == 14 else GREY, 2.6)


@pictogram("couple")
def _couple(c: Canvas, look: Look) -> None:
    with c.at(33, 52, 0.9):
        draw_figure(c, look.person(), replace(_STANDING, head=(52, 18), right_arm=((63, 46), (69, 57))), dress=look.random.random() < 0.5)
    with c.at(67, 52, 0.9):
        draw_figure(c, look.person(), replace(_STANDING, head=(48, 18), left_arm=((37, 46), (31, 57))), dress=look.random.random() < 0.3)
    c.path("M50 12 C45 3 35 9 41 16 L50 24 L59 16 C65 9 55 3 50 12 Z", CORAL)
    c.ellipse(44.5, 11, 2, 1.5, fill=light(CORAL, 0.5), angle=-40)


@pictogram("family")
def _family(c: Canvas, look: Look) -> None:
    with c.at(25, 49, 0.86):
        draw_figure(c, look.person(), replace(_STANDING, right_arm=((63, 46), (70, 60))))
    with c.at(75, 50, 0.84):
        draw_figure(c, look.person(), replace(_STANDING, left_arm=((37, 46), (30, 61))), dress=True)
    with c.at(50, 65, 0.56):
        draw_figure(c, look.person(), replace(_STANDING, left_arm=((34, 37), (24, 34)), right_arm=((66, 37), (76, 34)), head=(50, 16)))


@pictogram("crowd")
def _crowd(c: Canvas, look: Look) -> None:
    rows = (((18, 39, 60, 81), 36, 0.62), ((8, 29, 50, 71, 92), 55, 0.66), ((20, 40, 60, 80), 76, 0.72))
    for xs, y, scale in rows:
        for x in xs:
            person = look.person()
            with c.at(x, y + 12, scale):
                draw_figure(c, person, _in_crowd(look))
    c.rect(0, 101, 100, 2, INK)


def _in_crowd(look: Look) -> Pose:
    """Somebody in a crowd, cut off below the hip: arms raised or hanging."""
    pose = replace(_STANDING, left_leg=((45, 60), (45, 61)), right_leg=((55, 60), (55, 61)))
    if look.random.random() < 0.3:
        return replace(pose, right_arm=((66, 30), (68, 14)), left_arm=((34, 30), (32, 14)))
    return pose


@pictogram("child")
def _child(c: Canvas, look: Look) -> None:
    c.line([(76, 40), (80, 20)], GREY, 0.9)
    c.ellipse(81, 13, 9, 10.5, fill=CORAL)
    c.polygon([(79, 25), (83, 25), (81, 22)], dark(CORAL))
    c.ellipse(78, 9.5, 2, 3.2, fill=light(CORAL, 0.5), angle=25)
    person = look.person()
    with c.at(46, 62, 0.72):
        pose = Pose(
            head=(50, 16), neck=(50, 33), hip=(50, 56), right_arm=((68, 36), (91, 22)), left_arm=((35, 44), (27, 52)),
            left_leg=((44, 72), (42, 88)), right_leg=((57, 72), (59, 88)),
        )  # fmt: skip
        draw_figure(c, person, replace(pose, head=(50, 14)))
    with c.at(46, 34, 1.28):
        draw_head(c, person, (50, 50))


@pictogram("elder")
def _elder(c: Canvas, look: Look) -> None:
    person = look.person(grey=True, top=look.pick("#7A8F6A", "#8A6E9E", "#B5654F", "#4F7C93"))
    c.stroke("M72 94 V54 C72 46 82 46 82 54", "#8A5A36", 3.4)
    pose = replace(_STANDING, head=(47, 20), neck=(48, 33), right_arm=((62, 47), (72, 53)))
    draw_figure(c, person, pose, long_sleeves=True)
    for x in (43.4, 50.6):
        c.ring(x, 21, 3, 2.8, INK, 0.9)
    c.line([(46.4, 21), (47.6, 21)], INK, 0.9)


@pictogram("baby")
def _baby(c: Canvas, look: Look) -> None:
    person = look.person()
    onesie = look.pick(YELLOW, "#9AD5C4", "#F4A7B4", SKY)
    c.ellipse(50, 90, 36, 5, fill=MIST)
    for x, side in ((30, -1), (70, 1)):
        c.line([(50 + 8 * side, 82), (x, 87)], onesie, 15)
        c.ellipse(x + 5 * side, 86, 6.5, 7.5, fill=dark(onesie, 0.12))
    with c.group():
        c.path("M32 60 Q50 48 68 60 Q76 90 50 92 Q24 90 32 60 Z", onesie)
        with c.atop():
            c.ellipse(50, 77, 11, 11, fill=light(onesie, 0.5))
            c.path("M62 50 L80 60 L76 96 L60 92 Z", dark(onesie, 0.1))
    for side in (-1, 1):
        c.line([(50 + 15 * side, 62), (50 + 27 * side, 70)], onesie, 9.5)
        c.ellipse(50 + 30 * side, 72, 5, fill=person.skin)
    with c.at(50, 32, 2.35):
        draw_head(c, replace(person, cut="none", hair=person.skin), (50, 51))
    c.stroke("M48 12 Q54 6 52 2 Q60 6 54 14", person.hair, 2.4)


@pictogram("team")
def _team(c: Canvas, look: Look) -> None:
    shirt = look.pick(CORAL, TEAL, NAVY, "#7B5FC0")
    for x, flip in ((21, False), (79, True)):
        with c.at(x, 52, 0.82, flip=flip):
            draw_figure(c, look.person(top=shirt), replace(_STANDING, right_arm=((62, 30), (74, 28))))
    with c.at(50, 50, 0.92):
        draw_figure(c, look.person(top=shirt), replace(_STANDING, right_arm=((67, 29), (63, 9)), left_arm=((33, 29), (37, 9))))
    c.ellipse(50, 45, 4.4, fill=CREAM)
    c.line([(50, 43), (50, 47)], dark(shirt), 1.6)
