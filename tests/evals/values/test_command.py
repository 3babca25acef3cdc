"""The command line over real sessions: the planted direction comes out, files are complete, faults are one line."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
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
    """The planted default and hedonist, two seeds each, on 110 items of the catalogue."""
    folder = tmp_path_factory.mktemp("runs")
    items = catalogue(110)
    for persona in ("default", "hedonist"):
        for seed in (0, 1):
            browse(folder, items, persona=persona, seed=seed)
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
    assert len(data["provenance"]["sessions"]) == 4
    assert data["conclusions"] and data["caveats"] and data["controls"]
    numbers = pl.read_csv(report / "profiles.csv").select("estimate", "low", "high", "n")
    assert not any(column.null_count() for column in numbers)


def test_the_table_that_was_written_gives_the_same_profiles(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`decisions.parquet` with what lies beside it is as good as the sessions."""
    assert main([str(report / "decisions.parquet"), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["profiles"] == json.loads((report / "results.json").read_text())["profiles"]


def test_what_is_printed_is_short_and_has_intervals(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal shows each respondent value by value, estimate with interval, and then the sentences."""
    assert main([str(runs), "--channel", "like"]) == 0
    told = capsys.readouterr().out
    assert "planted/persona · hedonist" in told
    hedonism = [line for line in told.splitlines() if line.startswith("Hedonism")]
    assert hedonism and all(line.count("[") == line.count("]") >= 1 for line in hedonism)
    assert "What can be concluded:" in told
    assert "nan" not in told.lower()
    assert max(map(len, told.splitlines())) <= 120


def test_loadings_from_a_file_and_another_contrast(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of loadings replaces the labels, its gaps are counted in a sentence, and steering is against the persona that is named."""
    items = sorted(read_decisions_of(runs)["item"].unique())
    pl.DataFrame({"item": items[:100], "HE": [1.0, 0.0, -0.5, 0.0] * 25}).write_csv(tmp_path / "l.csv")
    assert main([str(runs), "--loadings", str(tmp_path / "l.csv"), "--contrast", "hedonist", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {row["value"] for row in data["profiles"]} == {"HE"}
    assert {row["respondent"] for row in data["profiles"] if row["estimand"] == "steering"} == {"planted/persona · default"}
    assert any("10 of 110 items have no loadings" in caveat for caveat in data["caveats"])


def read_decisions_of(runs: Path) -> pl.DataFrame:
    return evals.values.study(runs).decisions


def test_export_writes_a_table_that_can_be_read(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`export` writes the decisions of sessions to the file it is given and says what it wrote."""
    assert main(["export", str(runs), str(tmp_path / "d.parquet")]) == 0
    assert "1760 rows by 2 respondents" in capsys.readouterr().out
    assert read_decisions(tmp_path / "d.parquet").equals(read_decisions_of(runs))
    assert main(["export", str(runs), str(tmp_path / "d.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 1760


def test_faults_are_one_line(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing folder or table, a channel without answers, an --out that is a file, unlabelled decisions: one line, exit code 2."""
    (tmp_path / "mine.csv").write_text("respondent,item,y\na,x,1\n")
    assert "no folder" in error_of(capsys, tmp_path / "nowhere")
    assert "there is no file" in error_of(capsys, tmp_path / "none.parquet")
    assert "no value labels" in error_of(capsys, tmp_path / "mine.csv")
    assert "channel" in error_of(capsys, runs, "--channel", "dwell")
    assert "is a file" in error_of(capsys, runs, "--out", tmp_path / "mine.csv")
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
