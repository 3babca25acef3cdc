"""The files of a report: which there are, what is in them, and what happens to a folder that is already there."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from evals.report import write_report
from evals.report.files import _write
from evals.values.decompose import PROFILE_COLUMNS, decompose
from evals.values.findings import Analysis
from personas.errors import StorageFailed, UserError
from tests.evals.report.simulated import simulate


def _bare(analysis: Analysis) -> Analysis:
    """The analysis with a single decomposition that says nothing, and nothing else."""
    found = analysis.primary
    empty = replace(found, profiles=found.profiles.clear(), steered=(), notes=("Nothing can be told.",))
    return replace(
        analysis,
        decompositions={"rating": empty},
        spectrum=None,
        personas=(),
        controls=(),
        structure={},
        shown=analysis.shown.clear(),
        provenance={},
        conclusions=(),
        caveats=(),
        command="",
    )


def test_holds_the_page_the_tables_and_each_plot_twice(written: Path):
    """A report has report.html, its tables, results.json, and an SVG and a PNG of every plot; nothing unfinished stays behind."""
    names = {path.name for path in written.iterdir()}
    tables = {"profiles.csv", "channels.csv", "personas.csv", "controls.csv", "spectrum.csv", "value_spectrum_published.csv"}
    assert names == tables | {"structure.csv", "structure_waves.csv", "report.html", "results.json", "plots"}
    plots = {path.stem: set() for path in (written / "plots").iterdir()}
    for path in (written / "plots").iterdir():
        plots[path.stem].add(path.suffix)
    assert {"profile", "circle-1", "steering-1", "personas-1", "steering-by-persona-1", "channels", "value-spectrum", "refusals"} == set(
        plots
    )
    assert all(kinds == {".svg", ".png"} for kinds in plots.values())
    assert [path.name for path in written.parent.iterdir()] == ["report"]


def test_files_for_machines_keep_plain_numbers(written: Path):
    """In the tables a minus sign is ASCII and no number has a thousands separator, whatever the page shows."""
    for path in written.glob("*.csv"):
        assert "−" not in path.read_text(), path.name
    beside = pl.read_csv(written / "value_spectrum_published.csv")
    assert beside.height == 10 and "GPT-4o (arXiv 2411.11479)" in beside.columns
    assert pl.read_csv(written / "structure.csv").is_empty() and pl.read_csv(written / "structure_waves.csv").is_empty()


def test_profiles_are_the_primary_channels_as_decomposed(small: Analysis, written: Path):
    """profiles.csv holds the primary channel's table with the documented columns first; channels.csv holds all channels."""
    read = pl.read_csv(written / "profiles.csv")
    assert tuple(read.columns[:8]) == PROFILE_COLUMNS
    assert read["estimate"].to_list() == pytest.approx(small.primary.profiles["estimate"].to_list())
    assert pl.read_csv(written / "channels.csv")["channel"].unique().sort().to_list() == ["like", "rating"]


def test_personas_and_controls_keep_their_figures(small: Analysis, written: Path):
    """personas.csv has gain, leakage and transfer with bounds, method, level and n; controls.csv verdicts, or none."""
    personas = pl.read_csv(written / "personas.csv")
    first = small.personas[0]
    assert first.gain is not None
    row = personas.row(0, named=True)
    assert row["gain"] == pytest.approx(first.gain.estimate)
    assert (row["gain_low"], row["gain_n"], row["gain_level"]) == (pytest.approx(first.gain.low), first.gain.n, 0.95)
    assert row["gain_method"] == first.gain.method
    assert row["target"] == " ".join(f"{code}={weight:g}" for code, weight in first.target.items())
    assert pl.read_csv(written / "controls.csv")["passed"].to_list() == [True, False, None, None]


def test_results_hold_everything_and_no_nan(small: Analysis, tmp_path: Path):
    """results.json is strict JSON with all estimates; NaN and infinity become null there and empty in the tables."""
    wrong = small.primary.profiles.with_columns(estimate=pl.lit(math.nan), se=pl.lit(math.inf))
    broken = replace(small, decompositions={"rating": replace(small.primary, profiles=wrong)}, structure={"figure": math.nan})
    write_report(broken, tmp_path / "r")
    data = json.loads((tmp_path / "r" / "results.json").read_text(), parse_constant=pytest.fail)
    rows = data["profiles"]
    assert len(rows) == small.primary.profiles.height
    assert {row["estimate"] for row in rows} == {None} == {row["se"] for row in rows}
    assert data["structure"] == {"figure": None}
    assert "nan" not in (tmp_path / "r" / "profiles.csv").read_text().lower()
    assert set(data) >= {"conclusions", "caveats", "command", "personas", "controls", "spectrum", "shown", "provenance"}


def test_the_same_analysis_gives_the_same_bytes(small: Analysis, written: Path, tmp_path: Path):
    """Every file of a second report is equal to the first's, plots included."""
    again = write_report(small, tmp_path / "again")
    assert {path.relative_to(tmp_path / "again") for path in again} == {path.relative_to(written) for path in written.rglob("*.*")}
    for path in again:
        assert path.read_bytes() == (written / path.relative_to(tmp_path / "again")).read_bytes(), path.name


def test_writes_the_decisions_when_given(small: Analysis, tmp_path: Path):
    """With decisions, decisions.parquet is among the files and reads back."""
    table = pl.DataFrame({"respondent": ["a"], "item": ["i"], "y": [1.0]})
    files = write_report(_bare(small), tmp_path / "r", decisions=table)
    assert tmp_path / "r" / "decisions.parquet" in files
    assert pl.read_parquet(tmp_path / "r" / "decisions.parquet").equals(table)


def test_an_analysis_that_says_nothing_still_makes_a_page(small: Analysis, tmp_path: Path):
    """Without a profile, personas, controls, scores or conclusions the page says in each section that there is nothing, and why."""
    write_report(_bare(small), tmp_path / "r")
    page = (tmp_path / "r" / "report.html").read_text()
    for sentence in (
        "Nothing can be concluded",
        "There is no profile",
        "There is nobody to compare with",
        "No control was run",
        "It was not computed",
    ):
        assert sentence in page
    assert "Nothing can be told." in page
    assert "nan" not in page.lower().replace("finance", "")


def test_one_respondent_without_a_reference_persona(tmp_path: Path, small: Analysis):
    """A single respondent that plays another persona gets its own priority as profile and no contrasts."""
    decisions, loadings, _ = simulate(personas=1, items=80)
    lonely = decompose(decisions.filter(pl.col("persona") != "default"), loadings)
    write_report(replace(_bare(small), decompositions={"rating": lonely}), tmp_path / "r")
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Priority of m · high-self-direction" in page
    assert "none of them the reference" in page
    assert {path.name for path in (tmp_path / "r" / "plots").glob("*.svg")} == {"profile.svg", "circle-1.svg", "refusals.svg"}


def test_an_earlier_report_is_replaced_and_notes_beside_it_stay(small: Analysis, tmp_path: Path):
    """Writing over a report renews it, removes plots that are no longer drawn, and keeps files that are not its own."""
    out = tmp_path / "r"
    write_report(small, out)
    (out / "notes.txt").write_text("mine")
    (out / "plots" / "mine.svg").write_text("mine too")
    write_report(_bare(small), out)
    assert (out / "notes.txt").exists() and (out / "plots" / "mine.svg").exists()
    assert not (out / "plots" / "profile.svg").exists()
    assert not list(out.glob(".*"))
    assert "There is no profile" in (out / "report.html").read_text()


def test_an_earlier_list_of_files_removes_nothing_outside_the_plots(small: Analysis, tmp_path: Path):
    """A results.json that names other paths cannot make a new report delete them."""
    out, victim = tmp_path / "r", tmp_path / "victim.svg"
    write_report(_bare(small), out)
    victim.write_text("keep")
    (out / "notes.svg").write_text("keep")
    data = json.loads((out / "results.json").read_text())
    data["files"] = ["../victim.svg", "plots/../../victim.svg", "notes.svg", str(victim), 7]
    (out / "results.json").write_text(json.dumps(data))
    write_report(_bare(small), out)
    assert victim.exists() and (out / "notes.svg").exists()


@pytest.mark.parametrize("held", ["thesis.tex", "results.json"])
def test_another_folder_is_refused(small: Analysis, tmp_path: Path, held: str):
    """A folder with anything but a report is left alone, with one line that says so; so is a file."""
    (tmp_path / held).write_text('{"format": "other"}')
    with pytest.raises(UserError, match="something else than a report") as refused:
        write_report(small, tmp_path)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == [held]
    with pytest.raises(UserError, match="is a file"):
        write_report(small, tmp_path / held)


def test_a_link_to_a_folder_stays_a_link(small: Analysis, tmp_path: Path):
    """A report written through a link lands in the folder that it leads to."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_report(_bare(small), tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "report.html").exists()


def test_a_place_that_cannot_be_written_is_one_line(small: Analysis, tmp_path: Path):
    """Where the folder cannot be made the error says what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="choose another folder"):
        write_report(_bare(small), tmp_path / "file" / "r")


def test_a_write_that_breaks_leaves_nothing(tmp_path: Path):
    """When a file cannot be written, no half report is left, neither under its name nor beside it."""
    with pytest.raises(OSError):
        _write({"report.html": b"x", "no/such/folder.csv": b"x"}, tmp_path / "r", [])
    assert not list(tmp_path.iterdir())
