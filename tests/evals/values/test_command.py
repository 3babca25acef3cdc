"""The command line over real sessions: the planted direction comes out, files are complete, faults are one line."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import evals.values
from evals.values.__main__ import main
from evals.values.command import SUBCOMMANDS
from evals.values.decisions import read_decisions
from tests.agent.driving import ROOT
from tests.evals.values.browsing import browse, catalogue

FIRST = ["respondent", "value", "estimand", "estimate", "low", "high", "method", "n"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted default and hedonist, with little noise, on every second item of the catalogue."""
    folder = tmp_path_factory.mktemp("runs")
    items = catalogue(274)
    for persona in ("default", "hedonist"):
        browse(folder, items, persona=persona, model_options={"residual_sd": "0.3", "interaction_sd": "0.2"})
    return folder


@pytest.fixture(scope="module")
def report(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `--out` writes for them."""
    out = tmp_path_factory.mktemp("out") / "report"
    assert main([str(runs), "--out", str(out)]) == 0
    return out


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 2) -> str:
    """The one line on stderr of a command that fails."""
    assert main([str(argument) for argument in arguments]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    return told.err


def test_the_planted_direction_comes_out(report: Path) -> None:
    """The hedonist's steering effect is largest on hedonism, one scale point per unit loading as planted, within its interval."""
    profiles = pl.read_csv(report / "profiles.csv")
    assert profiles.columns[:8] == FIRST
    steering = profiles.filter((pl.col("estimand") == "steering") & (pl.col("channel") == "rating")).sort("estimate", descending=True)
    assert steering["value"][0] == "HE"
    assert steering["low"][0] > 0
    assert steering["low"][0] < 1.0 < steering["high"][0]
    assert steering["respondent"].unique().to_list() == ["planted/persona · hedonist"]


def test_out_holds_everything(report: Path) -> None:
    """Profiles, results and the decisions with what belongs to them; the results are valid JSON without NaN, and name the command."""
    names = {path.name for path in report.iterdir()}
    assert {"profiles.csv", "results.json", "decisions.parquet", "decisions.loadings.csv", "decisions.targets.csv"} <= names
    data = json.loads((report / "results.json").read_text(), parse_constant=pytest.fail)
    assert data["command"].startswith("python -m evals.values ")
    assert len(data["provenance"]["sessions"]) == 2
    assert data["conclusions"] and data["caveats"] and data["controls"]
    numbers = pl.read_csv(report / "profiles.csv").select("estimate", "low", "high", "n")
    assert not any(column.null_count() for column in numbers)


def test_the_table_that_was_written_gives_the_same_profiles(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`decisions.parquet` with what lies beside it is as good as the sessions."""
    assert main([str(report / "decisions.parquet"), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["profiles"] == json.loads((report / "results.json").read_text())["profiles"]


def test_what_is_printed_leads_with_the_finding_and_fits_two_screens(
    runs: Path, report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """First what came out, then the persona with its gain and the values with intervals, the controls in short, and where the report is."""
    assert main([str(runs), "--out", str(report)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 of 1 personas with a target moved")
    assert any(line.startswith("hedonist  HE      +") and "HE +" in line.split("]")[1] for line in lines)
    hedonism = [line for line in lines if line.startswith("Hedonism ")]
    assert len(hedonism) == 1 and hedonism[0].count("[") == hedonism[0].count("]") == 2
    assert "Controls" in lines and any(line.startswith("  - passed: ") for line in lines)
    assert lines[-2] == f"Report: {report / 'report.html'}"
    assert lines[-1].startswith("Beside it: ") and "plots/" in lines[-1] and "report.html" not in lines[-1]
    told = " ".join(lines[:-2])
    assert "Value-Spectrum's own score, mean over values: " in told and "Published models, on other images: 42 to 89." in told
    assert not re.search(r"[ \[]-[.\d]|\d %", told)  # true minus signs, 95%
    assert len(lines) < 70
    assert max(map(len, lines[:-2])) <= 120
    assert "nan" not in "\n".join(lines[:-1]).lower()


def test_many_respondents_are_a_line_each(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Forty copies of the hedonist: thirty lines with their gain, and a sentence that there are more; a table of values for the default."""
    study = evals.values.study(runs)
    default, hedonist = (study.decisions.filter(pl.col("persona") == name) for name in ("default", "hedonist"))
    copies = [hedonist.with_columns(respondent=pl.lit(f"m · p{n:02}"), persona=pl.lit(f"p{n:02}")) for n in range(40)]
    evals.values.export(replace(study, decisions=pl.concat([default, *copies])), tmp_path / "d.parquet")
    assert main([str(tmp_path / "d.parquet")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("40 of 40 respondents moved")
    assert sum(line.startswith("p") and "HE +" in line for line in lines) == 30
    assert any("10 more respondents" in line for line in lines)
    assert sum(line.startswith("Hedonism ") for line in lines) == 1


def test_without_a_reference_the_conclusion_is_about_what_there_is(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hedonist alone: what it ranks high, from its priorities, and a sentence that there is no steering effect."""
    folders = sorted(str(path) for path in runs.iterdir() if path.name.startswith("hedonist"))
    assert main(folders) == 0
    told = capsys.readouterr().out
    assert told.startswith("Against the mean of its own values: Hedonism +")
    assert "no steering effect" in " ".join(told.split())


def test_loadings_from_a_file_and_another_contrast(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of loadings replaces the labels, its gaps are counted in a sentence, and steering is against the persona that is named."""
    items = sorted(read_decisions_of(runs)["item"].unique())
    pl.DataFrame({"item": items[:100], "HE": [1.0, 0.0, -0.5, 0.0] * 25}).write_csv(tmp_path / "l.csv")
    assert main([str(runs), "--loadings", str(tmp_path / "l.csv"), "--contrast", "hedonist", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {row["value"] for row in data["profiles"]} == {"HE"}
    assert {row["respondent"] for row in data["profiles"] if row["estimand"] == "steering"} == {"planted/persona · default"}
    assert any("174 of 274 items have no loadings" in caveat for caveat in data["caveats"])
    assert any("no column for SD, ST, AC, PO" in caveat for caveat in data["caveats"])


def read_decisions_of(runs: Path) -> pl.DataFrame:
    return evals.values.study(runs).decisions


def test_export_writes_a_table_that_can_be_read(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`export` writes the decisions of sessions to the file it is given and says what it wrote."""
    assert main(["export", str(runs), str(tmp_path / "d.parquet")]) == 0
    assert "2192 rows by 2 respondents" in capsys.readouterr().out
    assert read_decisions(tmp_path / "d.parquet").equals(read_decisions_of(runs))
    assert main(["export", str(runs), str(tmp_path / "d.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 2192


def test_faults_are_one_line(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing folder or table, a channel without answers, an --out that is a file, unlabelled decisions: one line, exit code 2."""
    (tmp_path / "mine.csv").write_text("respondent,item,y\na,x,1\n")
    assert "no folder" in error_of(capsys, tmp_path / "nowhere")
    assert "there is no file" in error_of(capsys, tmp_path / "none.parquet")
    assert "no value labels" in error_of(capsys, tmp_path / "mine.csv")
    assert "channel" in error_of(capsys, runs, "--channel", "dwell")
    assert "is a file" in error_of(capsys, runs, "--out", tmp_path / "mine.csv")
    assert "is a file" in error_of(capsys, runs, "--out", tmp_path / "mine.csv" / "report")
    assert "holds something else" in error_of(capsys, runs, "--out", tmp_path)
    assert "takes one of: default, hedonist" in error_of(capsys, runs, "--contrast", "hedonst")
    assert "belongs to --interval bootstrap-t" in error_of(capsys, runs, "--draws", "500")
    assert "too few" in error_of(capsys, runs, "--draws", "5", "--interval", "bootstrap-t")
    assert "belongs to estimator a" in error_of(capsys, runs, "--estimator", "b", "--interval", "hc3")
    assert "belongs to estimator b" in error_of(capsys, runs, "--target-accept", "0.95")
    assert "sub-command is `export`" in error_of(capsys, "exprot", runs, "d.parquet")
    assert "a file of a session" in error_of(capsys, next(runs.glob("*/session.json")))
    assert "there is no file" in error_of(capsys, runs, "--loadings", tmp_path / "l.csv")


@pytest.mark.parametrize(
    "arguments", [[], ["runs", "--level", "1.5"], ["runs", "--draws", "-3"], ["runs", "--interval", "bca"], ["runs", "--chanel", "like"]]
)
def test_bad_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Options that do not fit end with exit code 2 and one line that points to the help."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "--help" in told


def test_the_first_word_hands_over_and_a_folder_of_that_name_is_reached_with_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`power` is the sub-command even where a folder is called so; `./power` is the folder."""
    (tmp_path / "power").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["power"]) == 0
    assert capsys.readouterr().out
    assert "no session" in error_of(capsys, "./power")


def test_a_misspelt_value_is_told(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column of labels that is no value is held constant like any covariate, and a sentence says so and which value is missing."""
    labels = pl.read_csv(_exported(runs, tmp_path).with_suffix(".loadings.csv")).rename({"HE": "HEDO"})
    labels.write_csv(tmp_path / "typo.csv")
    capsys.readouterr()
    assert main([str(runs), "--loadings", str(tmp_path / "typo.csv")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "The labels have no column for HE, so nothing is said about it; further columns are held constant: HEDO, " in told


def _exported(runs: Path, folder: Path) -> Path:
    assert main(["export", str(runs), str(folder / "d.parquet")]) == 0
    return folder / "d.parquet"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_interrupted_and_closed_pipes_are_quiet(runs: Path) -> None:
    """Ctrl-C ends with 130 and a reader that goes away with 1; neither writes a traceback."""
    command = [sys.executable, "-m", "evals.values", str(runs), "--json"]
    code = "import signal, sys\nsignal.setitimer(signal.ITIMER_REAL, 1.0)\nsignal.signal(signal.SIGALRM, signal.default_int_handler)\n"
    run = f"from evals.values.__main__ import main\nsys.exit(main([{str(runs)!r}]))"
    stopped = subprocess.run([sys.executable, "-c", code + run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (stopped.returncode, stopped.stderr) == (130, "")
    piped = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert piped.stdout is not None and piped.stderr is not None
    piped.stdout.close()
    assert piped.wait(120) == 1
    assert piped.stderr.read() == ""
    piped.stderr.close()


def test_help_is_light() -> None:
    """`--help` shows examples and the sub-commands, and loads no NumPy, Polars, SciPy or rich."""
    code = (
        "import sys\nfrom evals.values.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('numpy', 'polars', 'scipy', 'rich', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert "examples:" in done.stdout
    assert all(f"\n  {name} " in done.stdout for name in SUBCOMMANDS)


def test_public_names_are_functions_whatever_was_imported_before() -> None:
    """`evals.values.decompose` is the function also after the module of that name was imported; every public name exists."""
    code = (
        "import evals.values.decompose, evals.values as v\n"
        "from evals.values.decompose import Decomposition\n"
        "print(callable(v.decompose), callable(v.study), v.decompose.__module__, sorted(v.__all__) == sorted(set(v.__all__)))\n"
        "missing = [name for name in v.__all__ if getattr(v, name, None) is None]; print(missing)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout.splitlines()[1]) == []
    assert done.stdout.splitlines()[0] == "True True evals.values.decompose True"
