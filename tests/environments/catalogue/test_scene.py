"""Pictograms, backgrounds, layout, motion and the text on its plate."""

from __future__ import annotations

import itertools
import random
import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageChops

from environments.catalogue.backgrounds import backgrounds, draw_background
from environments.catalogue.canvas import Canvas, hex_rgb
from environments.catalogue.layout import cells, moved
from environments.catalogue.overlay import PLATES, _base, _font, _plain, draw_plate, set_text
from environments.catalogue.pictograms import draw_pictogram, names
from environments.catalogue.scene import FRAME_SIZE, Staging
from environments.catalogue.specs import load_clips
from environments.catalogue.vocabulary import BACKGROUNDS, MOTIONS, PICTOGRAMS
from tests.each import each


def test_every_word_of_the_vocabulary_can_be_drawn() -> None:
    """What clips may name and what can be drawn are the same sets, with at least 60 pictograms."""
    assert set(names()) == set(PICTOGRAMS)
    assert len(PICTOGRAMS) >= 60
    assert set(backgrounds()) == set(BACKGROUNDS)
    assert all(moved(motion, 1.0, 0, 1.0) for motion in MOTIONS)


@each("name", PICTOGRAMS)
def test_a_pictogram_fills_its_square_in_several_shades(name: str) -> None:
    """Each drawing is large, has three or more colours, is antialiased, and is the same for the same seed."""
    picture = draw_pictogram(name, 96, seed=5)
    left, top, right, bottom = picture.getbbox() or (0, 0, 0, 0)
    assert max(right - left, bottom - top) >= 70
    alpha = np.asarray(picture.getchannel("A"))
    assert ((alpha > 0) & (alpha < 255)).any()
    solid = np.asarray(picture)[alpha == 255][:, :3].astype(int)
    shades, counts = np.unique(solid // 16, axis=0, return_counts=True)
    assert (counts > len(solid) * 0.01).sum() >= 3, shades
    assert picture.tobytes() == draw_pictogram(name, 96, seed=5).tobytes()


def test_seeds_vary_people_and_places() -> None:
    """The same words look different in different clips."""
    assert len({draw_pictogram("person-standing", 64, seed).tobytes() for seed in range(8)}) >= 7
    assert len({draw_background("park", seed).tobytes() for seed in range(4)}) == 4


def test_cells_never_overlap() -> None:
    """For every number of pictograms, every arrangement keeps its cells apart and on the stage."""
    for count, seed in itertools.product(range(1, 6), range(30)):
        boxes = cells(count, (14, 120, 346, 506), random.Random(seed))
        assert len(boxes) == count
        assert all(14 <= x0 < x1 <= 346 and 120 <= y0 < y1 <= 506 for x0, y0, x1, y1 in boxes)
        for a, b in itertools.combinations(boxes, 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (count, seed)


@pytest.mark.parametrize("motion", MOTIONS)
def test_a_motion_moves_and_stays_near(motion: str) -> None:
    """Over four seconds a pictogram moves visibly, and never so far that it would leave its place."""
    offsets = [moved(motion, t / 12, 1, 1.0) for t in range(48)]
    spans = [max(values) - min(values) for values in zip(*((o.dx, o.dy, o.scale * 100, o.angle) for o in offsets), strict=True)]
    assert max(spans) >= 4
    assert all(abs(o.dx) <= 16 and abs(o.dy) <= 16 and 0.9 <= o.scale <= 1.1 and abs(o.angle) <= 8 for o in offsets)


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_picture_moves(make_clip, motion: str) -> None:
    """Frames a second apart differ in every motion, and all have the frame's size."""
    scene = {"background": "office", "motion": motion, "pictograms": ["dog", "lamp"]}
    staging = Staging(make_clip(scene=scene))
    one, two = staging.frame(1.0), staging.frame(2.0)
    assert one.size == FRAME_SIZE
    assert ImageChops.difference(one, two).getbbox() is not None


def test_the_plate_stands_still_above_the_lower_fifth(make_clip) -> None:
    """The text is at the same place in every frame, in the upper four fifths, and the lower fifth holds scenery only."""
    for overlay in ("short", "a text that needs more than one line here"):
        staging = Staging(make_clip(overlay=overlay))
        x, y = staging._plate_at
        box = (x + 20, y + 20, x + staging._plate.width - 20, y + staging._plate.height - 14)
        assert staging.frame(0).crop(box).tobytes() == staging.frame(3.3).crop(box).tobytes()
        assert y >= 20
        assert y + staging._plate.height <= FRAME_SIZE[1] * 0.8


def test_plates_contrast_with_their_text() -> None:
    """Each pair of colours reaches 7:1, the contrast WCAG 2 asks for at level AAA."""

    def luminance(colour: str) -> float:
        parts = [v / 255 for v in hex_rgb(colour)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for plate, ink in PLATES:
        low, high = sorted((luminance(plate), luminance(ink)))
        assert (high + 0.05) / (low + 0.05) >= 7, (plate, ink)


def test_the_font_has_every_letter_of_the_catalogue() -> None:
    """No overlay asks for a letter that would come out as an empty box."""
    missing = bytes(_font(40).getmask("\uffff"))
    letters = {char for clip in load_clips() for char in _base(_plain(clip.overlay))} | set("abcdefghijklmnopqrstuvwxyz°·…’“”")
    assert [char for char in sorted(letters) if char != " " and bytes(_font(40).getmask(char)) == missing] == []


def test_accents_are_drawn() -> None:
    """An accented letter is not drawn as the plain one, and every accent that clips may use differs from the others."""
    drawn = {
        text: draw_plate(text, 300, PLATES[0]).tobytes()
        for text in ("oo", "òo", "óo", "ôo", "õo", "öo", "ao", "åo", "co", "ço", "io", "ío")
    }
    assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize("text", ["wow", "a fairly long line of text that wraps twice", "x" * 44, "W" * 44])
def test_text_fits_its_plate(text: str) -> None:
    """Whatever an overlay may hold fits the plate's width; words too long for a line are cut."""
    body = set_text(text, 298)
    assert unicodedata.normalize("NFC", "".join(body.lines)).replace(" ", "") == text.replace(" ", "")
    assert draw_plate(text, 332, PLATES[0]).width <= 332


def test_a_canvas_moves_scales_and_clips() -> None:
    """`at` puts a square's centre where it is told; `atop` paints only where paint is."""
    c = Canvas(100, 100)
    with c.at(25, 25, 0.5):
        c.rect(0, 0, 100, 100, "#FF0000")
    with c.atop():
        c.rect(40, 0, 60, 100, "#0000FF")
    image = c.image()
    assert isinstance(image, Image.Image)
    assert image.getpixel((10, 10)) == (255, 0, 0, 255)
    assert image.getpixel((45, 10)) == (0, 0, 255, 255)
    assert image.getpixel((70, 70))[3] == 0
