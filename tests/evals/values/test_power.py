"""How many videos a contrast needs: the published figures, the formula against another implementation, and a simulation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from evals.values.power import COMPONENTS, DESIGNS, Components, needed, needs, power_of, smallest_effect
from evals.values.power_command import main
from personas.errors import UserError


def test_the_figures_of_the_design_page() -> None:
    """Six cells: 225, 247 and 50 videos an arm; one cell: 393 and 584."""
    assert [need.videos for need in needs(0.2, 6)] == [225, 247, 50]
    assert needed("single", 0.2, 6).exact == pytest.approx(224.25, abs=0.01)
    assert [need.videos for need in needs(0.2, 1)][:2] == [393, 584]


def test_agrees_with_statsmodels() -> None:
    """For a single respondent and one cell this is the textbook comparison of two means."""
    power = pytest.importorskip("statsmodels.stats.power")
    for d in (0.1, 0.2, 0.5):
        other = power.NormalIndPower().solve_power(effect_size=d, alpha=0.05, power=0.8)
        assert needed("single", d, 1).exact == pytest.approx(other, rel=1e-4)  # it counts the tail on the wrong side too


@pytest.mark.parametrize("design", list(DESIGNS))
def test_simulated_power_is_what_was_asked_for(design: str) -> None:
    """With the videos that the formula names, a t test of simulated item means finds the effect in 80 % of the draws."""
    cells, draws, rng = 6, 2500, np.random.default_rng(1)
    m, models = needed(design, 0.2, cells).videos, 5 if design == "paired_models" else 1
    effect = 0.2 * math.sqrt(COMPONENTS.total)

    def arm() -> np.ndarray:
        def respondents() -> np.ndarray:
            own = rng.normal(0, math.sqrt(COMPONENTS.respondent_item), (draws, m, models))
            answers = rng.normal(0, math.sqrt(COMPONENTS.residual / cells), (draws, m, models))
            return own + answers

        item = rng.normal(0, math.sqrt(COMPONENTS.item), (draws, m, 1))
        outcome = respondents() + item
        return (outcome if design == "single" else outcome - (respondents() + item)).mean(axis=2)

    present, absent = arm() + effect, arm()
    variance = (present.var(axis=1, ddof=1) + absent.var(axis=1, ddof=1)) / m
    found = np.abs(present.mean(axis=1) - absent.mean(axis=1)) > 1.96 * np.sqrt(variance)
    assert found.mean() == pytest.approx(0.8, abs=3.5 * math.sqrt(0.16 / draws))


def test_power_and_smallest_effect_are_inverse() -> None:
    """The smallest effect that a pool detects has the power it was asked for; a rarer value needs a larger one."""
    d = smallest_effect("paired", 6, 60, 540, power=0.9)
    assert power_of("paired", d, 6, 60, 540) == pytest.approx(0.9, abs=1e-6)
    assert smallest_effect("paired", 6, 20, 580) > smallest_effect("paired", 6, 60, 540)


def test_more_cells_models_or_effect_need_fewer_videos() -> None:
    """Each helps; repeated answers help no further than the residual reaches."""
    assert needed("paired", 0.2, 12).exact < needed("paired", 0.2, 6).exact
    assert needed("paired_models", 0.2, 6, models=10).exact == pytest.approx(needed("paired_models", 0.2, 6, models=5).exact / 2)
    assert needed("single", 0.4, 6).exact == pytest.approx(needed("single", 0.2, 6).exact / 4)
    without = Components(residual=0.0)
    assert needed("single", 0.2, 1, of=without).exact == pytest.approx(needed("single", 0.2, 9, of=without).exact)


@pytest.mark.parametrize(
    "wrong",
    [{"d": 0.0}, {"d": -0.2}, {"d": math.nan}, {"cells": 0}, {"models": 0}, {"power": 1.0}, {"power": 0.01}, {"level": 1.0}],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    """One line that says what is expected."""
    with pytest.raises(UserError):
        needs(**{"d": 0.2, "cells": 6, **wrong})  # type: ignore[arg-type]


def test_the_command_prints_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """Text by default, JSON on request, with the variances they rest on."""
    assert main(["--d", "0.2", "--cells", "6"]) == 0
    text = capsys.readouterr().out
    assert all(figure in text for figure in ("225", "247", " 50 ", "item 0.36"))
    assert main(["--json", "--cells", "1", "--present", "60", "--absent", "540"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [row["videos"] for row in report["videos_per_arm"]] == [393, 584, 117]
    assert report["variances"] == {"item": 0.36, "respondent_item": 0.32, "residual": 0.72}
    assert {row["design"] for row in report["detects"]} == set(DESIGNS)


@pytest.mark.parametrize(
    "arguments", [["--d", "0"], ["--cells", "0"], ["--present", "60"], ["--item", "-1"], ["--present", "1", "--absent", "9"]]
)
def test_bad_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, one line on stderr, nothing on stdout."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
