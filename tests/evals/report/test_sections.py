"""The sections of the page: the block that is always there, the published models, the structure tests, the personas pooled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from evals.report.block import block_of
from evals.report.canvas import render
from evals.report.estimates import in_sd
from evals.report.figures import figures_of
from evals.report.page import page_of
from evals.report.spectrum import LISTED, spectrum_of
from evals.report.steering_figures import Steering
from evals.report.structure import structure_figures, structure_table, structure_tests, wave_figures, waves_table
from evals.report.structure_plots import null_band
from evals.values import structure
from evals.values.findings import Analysis, Control
from personas.schwartz import ANGLES, VALUES

TEN = [
    "Identification",
    "Reliability",
    "Order effect",
    "Refusals and bounds",
    "Label agreement",
    "Negative controls",
    "Structure",
    "Channels",
    "Multiplicity",
    "Variance shares",
]


def test_the_block_answers_ten_questions_or_says_why_not(small: Analysis):
    """Every entry has a text or a control, those without either say that they are absent and why, and no control is lost."""
    other = Control("level and ends of the scale", "Is a shift cut off?", "No.", True)
    block = {entry.name: entry for entry in block_of(replace(small, controls=(*small.controls, other)))}
    assert list(block) == [*TEN, "Further checks"] and [check.name for check in block["Further checks"].checks] == [other.name]
    assert all(entry.text or entry.checks for entry in block.values())
    assert "Absent: " in block["Label agreement"].text and "Absent: " in block["Variance shares"].text
    assert "Holm within the 10 values" in block["Multiplicity"].text and "Benjamini–Hochberg" in block["Multiplicity"].text
    assert [check.verdict for check in block["Order effect"].checks] == ["not passed"]
    told = " ".join(entry.text for entry in block.values()) + " ".join(check.name for entry in block.values() for check in entry.checks)
    assert all(control.name.lower() in told.lower() for control in small.controls)


def test_a_control_that_could_not_be_run_says_why_in_the_block(small: Analysis):
    """A control without verdict, figures and table stands there with its reason; one that ran is a link to where it is told."""
    silent = Control("split half over items", "Do halves agree?", "Not computed: needs 40 items; here 12.")
    ran = Control("agreement of the prompts", "Do prompts agree?", "ICC -0.1 to 0.4.", None, {"icc": 0.2})
    analysis = replace(small, controls=(silent, ran))
    entry = next(each for each in block_of(analysis) if each.name == "Reliability")
    assert entry.text == "ICC −0.1 to 0.4. Split half over items is absent: needs 40 items; here 12."
    assert [(check.name, check.href) for check in entry.checks] == [("agreement of the prompts", "#control-2")]
    assert page_of(analysis).controls[1].anchor == "control-2"


def test_own_scores_stand_above_the_published_models(small: Analysis):
    """One table, own respondents first with intervals and the test, then eight models with theirs, and what differs between them."""
    assert small.spectrum is not None
    found = spectrum_of(small.spectrum, ["m · default"])
    assert found is not None
    (own, people), (source, models) = found.blocks
    assert people[0].name == "m · default" and len(people) == 5 and "Wilson, 95%" in own and "arXiv 2411.11479" in source
    assert len(models) == 8 and models[0].cells[0] == ("78", "65–87") and models[0].p == "<\u00a00.001"
    first = small.spectrum.filter((pl.col("respondent") == "m · default") & (pl.col("value") == "SD")).row(0, named=True)
    assert people[0].cells[0] == (f"{first['score']:.0f}", f"{first['low']:.0f}–{first['high']:.0f}")
    assert "other prompts" in found.asides[0] and "4 of the 8 published models" in found.tests[0]
    assert spectrum_of(None, []) is None


def test_many_respondents_leave_the_table_short(small: Analysis):
    """Beyond the limit the page says how many more there are and where."""
    assert small.spectrum is not None
    many = pl.concat([small.spectrum.with_columns(pl.format("r{}-{}", pl.lit(k), "respondent").alias("respondent")) for k in range(4)])
    found = spectrum_of(many, [])
    assert found is not None and len(found.blocks[0][1]) == LISTED
    assert found.left_out.startswith("8 more respondents") and "value_spectrum_published.csv" in found.left_out


@pytest.fixture(scope="module")
def circular() -> dict[str, object]:
    """A structure test of 60 respondents of two models whose profiles are waves, as an Analysis holds it."""
    dice = np.random.default_rng(3)
    turn = np.deg2rad([ANGLES[code] for code in VALUES])
    scores = np.cos(turn - dice.uniform(0, 2 * np.pi, 60)[:, None]) + dice.normal(0, 0.3, (60, 10))
    models = ["b", "a"] * 30
    result = structure.test(scores, groups=models, errors=np.full((60, 10), 0.02), starts=5, permutations=200, draws=50)
    names = [f"{model}-{k}" for k, model in enumerate(models)]
    return {"enough": True, "sentence": result.sentence, "notes": list(result.notes), "result": result, "names": names, "models": models}


def test_the_structure_section_shows_distances_tests_and_waves(circular: dict[str, object]):
    """Mean r falls with distance, leaves the null band at both ends, and nearly every profile is a wave."""
    result = circular["result"]
    assert isinstance(result, structure.Structure) and result.best is not None and result.waves is not None
    section = structure_tests(circular)
    above = int((result.waves.p < 0.05).sum())
    assert above > 50 and f"{above} of 60 profiles" in section.waves
    assert section.distances is not None and [row[0] for row in section.distances.rows] == ["36°", "72°", "108°", "144°", "180°"]
    assert section.tests is not None and len(section.tests.rows) == 6
    band = null_band(VALUES, result.best)
    assert band is not None and result.best.by_distance[0].r.estimate > band[0][1] and result.best.by_distance[4].r.estimate < band[4][0]
    drawn = [render(each.plot) for each in (*structure_figures(circular), *wave_figures(circular))]
    assert [each.plot.name for each in drawn] == ["structure", "structure-distance", "structure-waves"] and "144°" in drawn[1].inline


def test_the_null_band_holds_what_has_no_order():
    """Over 200 matrices without any circle mean r at the first distance leaves the band in about 5%."""
    dice, outside = np.random.default_rng(1), 0
    given = structure.test(dice.normal(size=(50, 10)), starts=1, permutations=1, draws=2).best
    assert given is not None
    rows, columns = np.triu_indices(10, 1)
    near = np.minimum(columns - rows, 10 - (columns - rows)) == 1
    for _ in range(200):
        matrix = np.corrcoef(dice.normal(size=(50, 10)), rowvar=False)
        band = null_band(VALUES, replace(given, correlations=matrix), relabelled=400)
        assert band is not None
        outside += not band[0][0] <= matrix[rows, columns][near].mean() <= band[0][1]
    assert 2 <= outside <= 22


def test_the_structure_tables_hold_every_figure(circular: dict[str, object]):
    """Raw and corrected tests a row each; a wave a row, with its respondent, in the order in which the test sorted them by model."""
    table, waves = structure_table(circular), waves_table(circular)
    assert table.filter(pl.col("test") == "mean r").height == 10
    assert set(table["matrix"]) == {"raw", "corrected", "profiles"} and table["estimate"].null_count() == 0
    assert waves["respondent"].to_list()[:2] == ["a-1", "a-3"] and waves["respondent"][30] == "b-0" and waves.height == 60
    assert waves_table(circular | {"names": []})["respondent"].null_count() == 60


def test_too_few_respondents_leave_only_the_reason(small: Analysis):
    """Under 50 there is the sentence, no plot and no row."""
    section = structure_tests(small.structure)
    assert section.sentence.startswith("5 respondents are too few") and section.tests is None and not section.waves
    assert not structure_figures(small.structure) and not wave_figures(small.structure)
    assert structure_table(small.structure).is_empty() and waves_table(small.structure).is_empty()


def _pooled(small: Analysis, personas: int) -> Analysis:
    """With rows of the estimand `persona`, in points and in SD."""
    rows = small.primary.profiles.filter((pl.col("estimand") == "steering") & (pl.col("respondent") == "m · high-stimulation"))
    names = [f"persona-{k}, all models" for k in range(personas)]
    more = pl.concat([rows.with_columns(respondent=pl.lit(name), estimand=pl.lit("persona")) for name in names])
    profiles = pl.concat([small.primary.profiles, more]).with_columns(
        estimate_sd=pl.col("estimate") / 2, low_sd=pl.col("low") / 2, high_sd=pl.col("high") / 2
    )
    found = replace(small.primary, profiles=profiles)
    return replace(small, decompositions={"rating": found})


@pytest.mark.parametrize(("personas", "drawn"), [(3, "scale points"), (12, "all models and wordings")])
def test_pooled_personas_are_dots_or_a_matrix(small: Analysis, personas: int, drawn: str):
    """A few personas get a dot plot each, many a matrix; the figures stand in both units."""
    analysis = _pooled(small, personas)
    (figure,) = figures_of(analysis).pooled
    svg = render(figure.plot).svg.decode()
    assert drawn in svg + figure.caption and "persona-2" in svg
    page = page_of(analysis)
    assert [unit for unit, _ in page.pooled] == [
        "scale points per unit loading",
        "SD of a reference respondent's answers, per unit loading",
    ]
    assert len(page.pooled[0][1].rows) == personas and page.profile.head[2] == "in SD"


def test_without_sd_columns_there_is_one_unit(small: Analysis):
    """Tables of an older study have no SD columns: nothing is shown in SD, and nothing breaks."""
    bare = small.primary.profiles.drop("estimate_sd", "low_sd", "high_sd", strict=False)
    assert in_sd(bare).is_empty() and not bare.is_empty()
    page = page_of(replace(small, decompositions={"rating": replace(small.primary, profiles=bare)}))
    assert "in SD" not in page.profile.head and len(page.priorities) == 1


def test_wordings_of_one_persona_have_rows_of_their_own(small: Analysis):
    """Two respondents of one model and persona are two rows, named by what tells them apart; both are framed by the persona's target."""
    panel = small.primary.panel
    personas = tuple("high-stimulation" if name == "high-hedonism" else name for name in panel.personas)
    findings = tuple(
        replace(one, persona="high-stimulation", target={"ST": 1.0}) if one.persona == "high-hedonism" else one for one in small.personas
    )
    changed = replace(small.primary, panel=replace(panel, personas=personas))
    steering = Steering(replace(small, decompositions={"rating": changed}, personas=findings))
    assert steering.personas[1:3] == ["high-hedonism", "high-stimulation"]
    assert {steering.persona[row] for row in steering.personas[1:3]} == {"high-stimulation"}
    assert steering.row("m · high-hedonism", "high-stimulation") == "high-hedonism"
