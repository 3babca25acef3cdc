"""Plots: colours that everybody tells apart, text that stays text, marks that mean what the page says."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from evals.report.canvas import render
from evals.report.dots import Panel, dot_plot
from evals.report.estimates import Estimate, Series, estimates_of
from evals.report.figure import figure
from evals.report.figures import figures_of
from evals.report.heat import Matrix, heat
from evals.report.map import value_map
from evals.report.refusals import refusals
from evals.report.steering_figures import Steering
from evals.report.style import GROUP_COLOURS, PAPER, labels, shade, short, ticks, values_of
from evals.values import structure
from evals.values.findings import Analysis
from personas.schwartz import ANGLES, NAMES, VALUES, theory

VISION = {  # Machado, Oliveira & Fernandes 2009, severity 1
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def _linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    scaled = XYZ @ np.clip(linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    root = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("vision", VISION)
def test_group_colours_are_told_apart_by_colour_blind_readers(vision: str):
    """Any two group colours lie at least 20 apart in CIELAB as that reader sees them."""
    seen = [_lab(np.array(VISION[vision]) @ _linear(colour)) for colour in GROUP_COLOURS.values()]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) >= 20


def test_group_colours_stand_out_from_the_page():
    """Each has a contrast of 3:1 with the paper (WCAG 2.2, graphics)."""
    paper = XYZ[1] @ _linear(PAPER)
    assert all((paper + 0.05) / (XYZ[1] @ _linear(colour) + 0.05) >= 3 for colour in GROUP_COLOURS.values())


def test_shades_of_the_matrix_grow_with_the_figure_on_both_sides():
    """A larger effect is darker, equal ones of either sign about equally, and 0 is nearly white."""
    light = [_lab(_linear(shade(value, 1.0)))[0] for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert light == sorted(light, reverse=True) and light[0] > 97
    assert _lab(_linear(shade(-1, 1)))[0] < _lab(_linear(shade(-0.5, 1)))[0] < 90


def test_text_of_a_plot_stays_text_and_is_never_mathematics():
    """Names with dollar signs and markup are drawn as they are, in the file and in the page."""
    name = "$\\frac{1}{0}$ <script>&"
    series = (Series("a", {"SD": Estimate(1, 0.5, 1.5)}), Series("b", {"SD": Estimate(0.2, -0.5, 0.6)}))
    values = values_of(("SD", "ST"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = render(figure("x", "t", lambda: dot_plot(Panel("", series), values, ("SD", "ST"), names=(name, "漢字")), "", 0).plot)
    escaped = "$\\frac{1}{0}$ &lt;script&gt;&amp;"
    assert escaped in drawn.inline and escaped in drawn.svg.decode()
    assert "Self-direction" in drawn.inline and "<style" not in drawn.inline and "font-family" not in drawn.inline
    assert drawn.png.startswith(b"\x89PNG")


def test_plots_on_one_page_share_no_id(small: Analysis):
    """References inside a plot lead to its own parts only."""
    drawn = [render(each.plot) for each in list(figures_of(small))[:2]]
    first, second = (set(re.findall(r' id="([^"]+)"', each.inline)) for each in drawn)
    assert first and not first & second
    for each, ids in zip(drawn, (first, second), strict=True):
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', each.inline)) <= {(name, "") for name in ids} | {
            ("", name) for name in ids
        }


def test_the_matrix_marks_exactly_what_holm_leaves():
    """A sign stands in a cell whose adjusted p is below .05, and in no other; the target has a frame."""
    cells = {
        ("m", "p", "SD"): Estimate(0.5, 0.3, 0.7, p_adjusted=0.01, designed=True),
        ("m", "p", "ST"): Estimate(-0.5, -0.7, -0.3, p_adjusted=0.049, designed=True),
        ("m", "p", "HE"): Estimate(0.5, 0.1, 0.9, p_adjusted=0.05, designed=True),
        ("n", "p", "SD"): Estimate(0.5, 0.1, 0.9, p_adjusted=None, designed=True),
    }
    codes = ("SD", "ST", "HE")
    matrix = Matrix(cells, {"p": {"HE": -1.0}}, ["m", "n"], ["p"], 0.5, "points")
    svg = render(figure("x", "t", lambda: heat(matrix, values_of(codes), codes), "", 0).plot).svg.decode()
    texts = re.findall(r">([^<>]+)</text>", svg)
    assert (texts.count("+"), texts.count("−"), texts.count("·")) == (1, 1, 2)
    assert svg.count("stroke-dasharray") == 2  # the target, meant to fall, at both models


def test_personas_stand_in_the_order_of_the_circle(small: Analysis):
    """Personas of one value come in circular order, so that a working sweep shows a diagonal."""
    assert Steering(small).personas == ["high-self-direction", "high-stimulation", "high-hedonism", "high-achievement"]


def test_bounds_are_drawn_only_in_the_unit_of_the_estimate(small: Analysis):
    """Bounds of likes, which are of a probability, do not stand beside log-odds."""
    rating = next(iter(estimates_of(small.primary.profiles, "common").values()))
    like = next(iter(estimates_of(small.decompositions["like"].profiles, "common").values()))
    assert all(one.bound_low is not None for one in rating.by_value.values())
    assert all(one.bound_low is None for one in like.by_value.values())


def test_refusal_rates_are_those_of_the_clips_of_a_value(small: Analysis):
    """The rate counts missing answers over the clips that promote the value; its interval narrows towards independent questions."""
    panel = small.primary.panel
    found = refusals(panel)
    clips = panel.loadings.x[:, 9] > 0
    missing, asked = panel.missing[:, clips].sum(), (panel.missing + panel.count)[:, clips].sum()
    rate = found["UN"]
    assert rate.estimate == pytest.approx(missing / asked)
    assert rate.low is not None and rate.high is not None and rate.low < rate.estimate < rate.high
    assert clips.sum() <= rate.n <= asked
    assert refusals(replace(panel, lost=panel.lost * 0)) == {}


def test_the_map_lies_as_the_circle_of_profiles():
    """With enough respondents on the circle the map is drawn, Self-direction at the top, the values clockwise."""
    dice = np.random.default_rng(3)
    turn = np.deg2rad([ANGLES[code] for code in VALUES])
    scores = np.cos(turn - dice.uniform(0, 2 * np.pi, 60)[:, None]) + dice.normal(0, 0.3, (60, 10))
    found = structure.test(scores, starts=5, permutations=50, draws=50).best
    assert found is not None
    svg = render(figure("x", "t", lambda: value_map(found, values_of(VALUES)), "", 0).plot).svg.decode()
    place = {name: (float(x), float(y)) for x, y, name in re.findall(r'x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]+)</text>', svg)}
    assert min(place, key=lambda name: place[name][1]) == "Self-direction"
    assert place["Stimulation"][0] > place["Self-direction"][0] > place["Universalism"][0]
    assert place["Security"][1] > place["Achievement"][1] > place["Stimulation"][1]


def test_values_know_their_names_angles_and_groups():
    """The ten have the theory's angles; the nineteen their groups; unknown names an even place and no group."""
    ten = values_of(VALUES)
    assert [value.name for value in ten] == [NAMES[code] for code in VALUES] and ten[3].angle == 108
    refined = {value.code: value.group for value in values_of(theory()["refined19_order_theory2012"])}
    assert refined["SDA"] == "OPENNESS" and refined["UNC"] == "SELF_TRANSCENDENCE" and refined["HUM"] is None
    other = values_of(("fun", "duty", "<b>"))
    assert [value.angle for value in other] == [0, 120, 240] and {value.group for value in other} == {None}


def test_long_names_are_cut_in_the_middle_and_stay_different():
    """Cut names keep both ends; wide characters count twice; equal ones are numbered."""
    assert short("abcdefghijklmnop", 9) == "abcde…nop"
    assert short("漢字漢字漢字", 8) == "漢字…字"
    assert short("a\u202eb\nc", 20) == "a\\u202eb c"
    cut = labels(["x" * 80 + "1" + "y" * 80, "x" * 80 + "2" + "y" * 80, "plain"], 20)
    assert len(set(cut)) == 3 and all(len(name) <= 20 for name in cut)


def test_ticks_are_round_and_hold_zero():
    """Ticks are multiples of 1, 2, 2.5 or 5 times a power of ten inside the range."""
    assert ticks(-1, 1, 4) == [-1, -0.5, 0, 0.5, 1]
    assert 0.0 in ticks(-0.37, 2.9) and ticks(0, 0) == [0.0] and ticks(0, float("inf")) == [0.0]
