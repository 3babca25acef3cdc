"""Small calibrations: the instrument passes where it identifies, fails where an arm claims too much, and says so."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evals.values.calibration import command as calibrating
from evals.values.calibration import gates as gating
from evals.values.calibration.arms import ARMS, arm_named
from evals.values.calibration.command import calibrate, main
from evals.values.calibration.estimates import Found, estimate, make_panel, spearman, value_spectrum
from evals.values.calibration.gates import gates
from evals.values.calibration.overview import ArmReport, overview
from evals.values.calibration.process import draw, plant
from evals.values.calibration.report import as_text
from evals.values.calibration.run import Chunk, Part, replicate
from evals.values.calibration.summary import Figure, Row, summarise
from evals.values.calibration.table import decisions, loadings
from evals.values.decompose import decompose
from personas.schwartz import VALUES


@pytest.fixture(scope="module")
def reports() -> dict[str, ArmReport]:
    """A short run of some arms, those that take long shorter still."""
    arms = [arm_named(name) for name in ("exact", "appeal-none", "shuffled", "few-items", "likes")]
    arms += [replace(arm_named(name), share=share) for name, share in (("personas", 2), ("refusals", 4), ("likes-rare", 4))]
    return {report.arm.name: report for report in calibrate(arms, 16, seed=1)}


def _rows(report: ArmReport, estimand: str, kind: str, planting: str = "dense") -> Row:
    return next(row for row in report.rows if (row.estimand, row.kind, row.planting) == (estimand, kind, planting))


def test_every_gate_holds_where_the_arms_identify(reports: dict[str, ArmReport]) -> None:
    """Coverage, type-I error, recovery and bias are within their limits and margins, and no arm is without gates."""
    assert [name for name, report in reports.items() if not report.gates] == ["likes-rare"]
    assert [sentence for report in reports.values() for sentence in report.failures] == []


def test_every_cell_type_is_there(reports: dict[str, ArmReport]) -> None:
    """Sparse planting has targets, off-target values and null rows of every estimand; all figures have Monte-Carlo errors."""
    for estimand in ("common", "relative", "priority", "steering", "twin"):
        for kind in ("target", "off-target", "null"):
            row = _rows(reports["exact"], estimand, kind, "sparse")
            assert row.coverage.value is not None
            assert row.coverage.se > 0


def test_an_arm_that_claims_too_much_fails(reports: dict[str, ArmReport]) -> None:
    """Were the common preference called identified with appeal unmeasured, its coverage would fail; as it is, it is shown and said."""
    report = reports["appeal-none"]
    claimed = gates(replace(report.arm, not_identified=()), report.rows)
    failed = {(gate.row.estimand, gate.what) for gate in claimed if not gate.passed}
    assert ("common", "coverage of 95 % intervals") in failed
    assert ("priority", "coverage of 95 % intervals") in failed
    assert all(estimand in {"common", "priority"} for estimand, _ in failed)
    text = as_text([report], 16, 1)
    assert "NOT identified: appeal is not measured" in text
    assert "not identified" in next(line for line in text.splitlines() if line.strip().startswith("common"))


def test_twin_and_steering_effects_are_gated_on_bias(reports: dict[str, ArmReport]) -> None:
    """Of ratings in scale points, of likes in log-odds and probability, on the whole and value by value."""
    limits = {(gate.row.estimand, gate.limit) for gate in reports["exact"].gates if gate.what == "bias"}
    assert limits == {("steering", "within ±0.02 points"), ("twin", "within ±0.02 points")}
    limits = {(gate.row.estimand, gate.limit) for gate in reports["likes"].gates if gate.what == "bias"}
    assert limits == {("steering", "within ±0.03 log-odds"), ("twin", "within ±0.02 of probability")}
    worst = {gate.row.estimand for gate in reports["likes"].gates if "the worst value" in gate.what}
    assert worst == {"steering", "twin"}


def test_only_the_arm_of_few_may_cover_too_much() -> None:
    """99 % is too much where there are enough videos, and passes where values have three to ten; 92 % passes nowhere."""
    wide, narrow = _row(Figure(0.99, 0.002, 1000), 1000), _row(Figure(0.92, 0.002, 1000), 1000)
    assert [gate.passed for gate in gates(arm_named("exact"), [wide, narrow])] == [False, False]
    assert [gate.passed for gate in gates(arm_named("few-items"), [wide, narrow])] == [True, False]


def test_what_is_only_shown_has_no_gates(reports: dict[str, ArmReport]) -> None:
    """Rare likes have figures and words, and no gates: the slopes are identified, but the likes are too few."""
    report = reports["likes-rare"]
    assert report.gates == ()
    assert report.arm.identifies("steering")
    assert _rows(report, "steering", "target").bias.value is not None
    text = as_text([report], 16, 1)
    assert "shown, not gated" in text
    assert text.endswith("There are no gates here: figures are shown.\n")
    assert "not identified" not in text


def test_persona_metrics_have_their_cell_types(reports: dict[str, ArmReport]) -> None:
    """Gains along a target, none for the persona that moves nothing; leakage and transfer are nothing where one target value moved."""
    report = reports["personas"]
    there = {(row.planting, row.estimand, row.kind) for row in report.rows}
    assert there == {
        *(("sparse", "gain", kind) for kind in ("target", "null")),
        *(("sparse", name, kind) for name in ("leakage", "transfer") for kind in ("off-target", "null")),
        *(("dense", name, kind) for name in ("gain", "leakage", "transfer") for kind in ("target", "null")),
    }
    for row in report.rows:
        assert (row.type_1.value is None) == (row.kind == "target")
    tested = {gate.row.estimand for gate in report.gates if gate.what == "type-I error at .05"}
    assert tested == {"gain", "leakage", "transfer"}


def test_the_overview_has_a_line_an_arm(reports: dict[str, ArmReport]) -> None:
    """Bias, RMSE, coverage by cell type, type-I error, both correlations and the gates; in brackets what is not gated."""
    lines = {line.split()[0]: line for line in overview(list(reports.values())) if line.strip() and line.split()[0] in reports}
    assert list(lines) == list(reports)
    exact = _rows(reports["exact"], "priority", "target")
    assert exact.spearman.value is not None
    assert exact.spectrum.value is not None
    assert f"  {exact.spearman.value:.3f}  {exact.spectrum.value:.3f}" in lines["exact"]
    assert f"{len(reports['exact'].gates)} of {len(reports['exact'].gates)}" in lines["exact"]
    assert "(not identified: common, priority)" in lines["appeal-none"]
    rare = _rows(reports["likes-rare"], "steering", "target").spearman
    assert rare.value is not None
    assert f"[{rare.value:.3f}]" in lines["likes-rare"]
    assert "none  (shown only: all)" in lines["likes-rare"]


def test_the_overview_says_which_arm_fails(reports: dict[str, ArmReport]) -> None:
    """A failed gate is missing in its arm's count, and the line says so."""
    report = reports["exact"]
    broken = replace(report, gates=(replace(report.gates[0], passed=False), *report.gates[1:]))
    line = overview([broken])[-1]
    assert f"{len(report.gates) - 1} of {len(report.gates)}  FAILS" in line


def test_the_score_of_value_spectrum_recovers_less(reports: dict[str, ArmReport]) -> None:
    """On the same answers, the share of yes ranks a planted profile worse than estimator A does."""
    row = _rows(reports["exact"], "priority", "target")
    assert row.spearman.value is not None
    assert row.spectrum.value is not None
    assert row.spearman.value > row.spectrum.value + 0.03


def test_bounds_hold_what_complete_answers_give(reports: dict[str, ArmReport]) -> None:
    """All of them, in every replication that was checked."""
    held, checked = reports["refusals"].bounds
    assert held == checked > 0


def test_shuffled_loadings_leave_nothing(reports: dict[str, ArmReport]) -> None:
    """Every row is null, and its interval holds 0 about 95 % of the time."""
    rows = reports["shuffled"].rows
    assert {row.kind for row in rows} == {"null"}
    assert all(abs((row.coverage.value or 0) - 0.95) < 0.03 for row in rows if row.cells > 1000)


@pytest.mark.parametrize("name", ["together", "wording", "gold", "likes", "few-items"])
def test_what_is_calibrated_is_what_users_get(name: str) -> None:
    """Errors and coverage are those of the profiles that `decompose` writes for the same answers."""
    rng = np.random.default_rng(4)
    arm = replace(arm_named(name), widened=True)
    one = draw(arm, plant("dense", rng), rng)
    found = estimate(arm, one, make_panel(one))
    profiles = decompose(decisions(one), loadings(one), channel=one.channel).profiles
    truth = {"priority": one.truth - one.truth.mean(axis=1, keepdims=True)}
    for estimand in ("common", "priority", "relative", "steering"):
        rows = profiles.filter(profiles["estimand"] == estimand)
        estimates = rows["estimate"].to_numpy().reshape(-1, 10)
        if estimand == "priority":
            np.testing.assert_allclose(estimates - truth[estimand], found[estimand].error, atol=1e-9)
            inside = (rows["low"].to_numpy().reshape(-1, 10) <= truth[estimand]) & (
                truth[estimand] <= rows["high"].to_numpy().reshape(-1, 10)
            )
            assert (inside == found[estimand].covered).all()
        rejected = (rows["low"].to_numpy() > 0) | (rows["high"].to_numpy() < 0)
        assert (rejected.reshape(-1, 10) == found[estimand].rejected).all()
    twins = profiles.filter(profiles["estimand"] == "twin")
    places = [VALUES.index(value) for value in twins["value"]]
    assert sorted(places) == np.flatnonzero(~np.isnan(found["twin"].error[0])).tolist()
    rejected = (twins["low"].to_numpy() > 0) | (twins["high"].to_numpy() < 0)
    assert (rejected == found["twin"].rejected[0, places]).all()


def test_figures_do_not_depend_on_the_chunks() -> None:
    """The same replications in one chunk or in two give the same rows."""
    arm = arm_named("exact")
    whole = summarise([replicate(Chunk(arm, "sparse", 0, 4, 7))])
    halves = summarise([replicate(Chunk(arm, "sparse", 0, 2, 7)), replicate(Chunk(arm, "sparse", 2, 4, 7))])
    assert whole == halves


def test_spearman_is_scipys() -> None:
    """With and without ties; a flat row has none."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 4, (20, 10)).astype(float), rng.standard_normal((20, 10))
    wanted = [stats.spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(spearman(one, other), wanted)
    assert np.isnan(spearman(np.ones((1, 5)), other[:1, :5])).all()


def test_value_spectrum_is_the_share_of_yes() -> None:
    """100 × ratings of 3 or more over answers, among the videos that promote the value."""
    rng = np.random.default_rng(2)
    one = draw(arm_named("missing"), plant("dense", rng), rng)
    promoting = one.pool.x[:, 3] > 0
    answered = one.answered[:, 5][:, promoting]
    share = (one.rating[:, 5][:, promoting][answered] >= 3).mean()
    assert value_spectrum(one)[5, 3] == pytest.approx(100 * share)


def _row(coverage: Figure, replications: int) -> Row:
    nothing = Figure(None)
    return Row("exact", "sparse", "common", "target", replications, 9, nothing, nothing, 0, nothing, coverage, nothing, nothing, nothing)


def test_a_full_run_is_gated_on_the_figure_itself() -> None:
    """92.9 % fails with 1,000 replications; with fewer it fails when its Monte-Carlo error cannot explain it."""
    arm = arm_named("exact")
    assert [gate.passed for gate in gates(arm, [_row(Figure(0.929, 0.005, 1000), 1000)])] == [False]
    assert [gate.passed for gate in gates(arm, [_row(Figure(0.929, 0.005, 60), 60)])] == [True]
    assert [gate.passed for gate in gates(arm, [_row(Figure(0.90, 0.005, 60), 60)])] == [False]
    assert [gate.passed for gate in gates(arm, [_row(Figure(0.975, 0.001, 60), 60)])] == [False]


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON on stdout, progress on stderr, exit code 1 with a sentence when a gate fails."""
    arguments = ["--replications", "4", "--arm", "exact", "--processes", "1"]
    assert main([*arguments, "--json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["passed"] is True
    assert {row["kind"] for row in report["arms"][0]["rows"]} == {"target", "off-target", "null"}
    assert "8 replications in" in said.err
    monkeypatch.setattr(gating, "SPEARMAN", 2.0)
    assert main(arguments) == 1
    assert "profile Spearman is" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--replications", "1"], ["--replications", "0"], ["--replications", "-5"], ["--processes", "0"], ["--seed", "-1"]]
)
def test_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line."""
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_arm_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the arms there are."""
    with pytest.raises(SystemExit) as ended:
        main(["--arm", "nonsense"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert all(arm.name in said for arm in ARMS)


def test_an_arm_in_doubt_is_run_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a full run fails by no more than Monte-Carlo error explains, the arm gets four times the replications and is judged on all."""
    for module in (gating, calibrating):
        monkeypatch.setattr(module, "FULL", 2)
    report = calibrate([arm_named("exact")], 2, 0)[0]
    assert {row.replications for row in report.rows} == {8}
    assert "in doubt, run on to 8 replications: exact" in capsys.readouterr().err
    assert report == calibrate([arm_named("exact")], 8, 0)[0] or report.doubtful


def test_two_processes_give_what_one_gives() -> None:
    """Processes change the time it takes and nothing else."""
    arms = [arm_named("exact")]
    one, two = calibrate(arms, 4, 3, processes=1), calibrate(arms, 4, 3, processes=2)
    assert one == two


def test_margins_are_those_of_the_mean_over_replications() -> None:
    """With one cell a replication a figure has the standard error and the t interval of a mean; ten hits of ten prove little."""
    rng = np.random.default_rng(6)
    error = rng.normal(0.1, 1.0, (30, 1, 1))
    cells = np.ones((30, 1, 1), dtype=bool)
    flat = np.full((30, 1), np.nan)
    found = Found(error, cells.astype(float), cells, ~cells, ~cells, np.zeros((30, 1, 1), np.int64), flat, flat)
    row = summarise([Part("exact", "sparse", {"common": found}, (0, 0))])[0]
    assert row.bias.value == pytest.approx(error.mean())
    assert row.bias.value is not None
    assert row.bias.se == pytest.approx(stats.sem(error[:, 0, 0]))
    low, _ = stats.t.interval(0.95, 29, error.mean(), stats.sem(error[:, 0, 0]))
    assert row.bias.value - row.bias.margin == pytest.approx(low)
    assert row.coverage.value == 1.0
    assert row.coverage.se == pytest.approx(np.sqrt(0.95 * 0.05 / 30))
    assert row.type_1.value is None
