"""Studies on disk and back, targets, and labels from pyvalues."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pyvalues.values import AttainmentScore, OriginalValues, OriginalValuesWithAttainment, RefinedValuesWithAttainment

from evals.values.decisions import CHANNELS, COLUMNS, OPTIONAL
from evals.values.interchange import export, loadings_frame, open_study, pyvalues_loadings, read_targets, targets_frame
from evals.values.loading_tables import read_loadings
from evals.values.loadings import Loadings
from evals.values.sessions import study
from evals.values.studies import Study, measurable
from personas.errors import StorageFailed, UserError
from personas.schwartz import VALUES
from tests.agent.driving import ROOT
from tests.evals.values.browsing import browse, catalogue


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two personas on twenty items of the catalogue."""
    folder = tmp_path_factory.mktemp("runs")
    for persona in ("default", "hedonist"):
        browse(folder, catalogue(20), persona=persona)
    return folder


def same(a: Loadings, b: Loadings) -> bool:
    """Whether two loadings are equal in all they hold."""
    plain = [(x.items, x.values, x.source, x.topic, sorted(x.covariates)) for x in (a, b)]
    arrays = [(x.x, x.sd, x.gold, x.inclusion, *(x.covariates[name] for name in sorted(x.covariates))) for x in (a, b)]
    equal = [(p is None) is (q is None) and (p is None or np.array_equal(p, q, equal_nan=True)) for p, q in zip(*arrays, strict=True)]
    return plain[0] == plain[1] and all(equal)


@pytest.mark.parametrize("name", ["decisions.parquet", "deep/folder/decisions.csv"])
def test_what_is_exported_is_read_back_identical(runs: Path, tmp_path: Path, name: str) -> None:
    """Decisions, loadings, targets, provenance and problems come back equal from the files."""
    given = dataclasses.replace(study(runs), problems=("a sentence",))
    export(given, tmp_path / name)
    found = open_study(tmp_path / name)
    assert found.decisions.equals(given.decisions)
    assert found.loadings is not None and given.loadings is not None
    assert same(found.loadings, given.loadings)
    assert found.targets == given.targets
    assert found.provenance == given.provenance
    assert found.problems == ("a sentence",)


def test_all_that_loadings_hold_survives_a_table() -> None:
    """SDs, gold rows, inclusion, topics, covariates, and values nobody knows come back from the wide table."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (4, 3))
    gold = np.where(np.arange(4)[:, None] < 2, x / 2, np.nan)
    given = Loadings(
        items=("a", "b", "07", "d"),
        values=("Wit", "SD", "Courage"),
        x=x,
        sd=rng.uniform(0, 1, (4, 3)),
        source="judges: x, y",
        covariates={"platform=shorts": np.array([0.0, 1, 0, 1]), "length": rng.normal(size=4)},
        topic=("t", None, "u", "t"),
        gold=gold,
        inclusion=np.array([0.5, 0.25, 1, 1]),
    )
    assert same(read_loadings(loadings_frame(given)), given)


def test_targets_are_read_and_checked(tmp_path: Path) -> None:
    """A table of targets comes back as it was written; faults are one line."""
    targets = {"me": dict.fromkeys(VALUES, 0.0) | {"HE": 1.0, "TR": -0.5}}
    assert read_targets(targets_frame(targets)) == targets
    assert read_targets(pl.DataFrame({"persona": ["p"], "HE": [None], "UN": [1]})) == {"p": {"HE": 0.0, "UN": 1.0}}
    for frame, message in (
        (pl.DataFrame({"HE": [1]}), "column persona is missing"),
        (pl.DataFrame({"persona": ["p"]}), "no column is a value"),
        (pl.DataFrame({"persona": ["p", "p"], "HE": [1, 0]}), "row 1 .*one row a persona"),
        (pl.DataFrame({"persona": ["p"], "HE": [1], "SDD": [1]}), "column 'SDD' holds numbers and is no value"),
        (pl.DataFrame({"persona": ["p"], "HE": [3]}), "row 1: HE is 3; a weight is from -1 to 1"),
    ):
        with pytest.raises(UserError, match=message):
            read_targets(frame)


def test_given_loadings_and_targets_replace_those_of_the_sessions(runs: Path) -> None:
    """A table of loadings replaces the traces' labels; targets are added; "embedding" reads the items' words."""
    items = study(runs).decisions["item"].unique().sort()
    own = pl.DataFrame({"item": items, "HE": [1.0] + [0.0] * (len(items) - 1)})
    found = open_study(runs, loadings=own, targets=pl.DataFrame({"persona": ["me"], "HE": [1.0]}))
    assert found.loadings is not None
    assert found.loadings.values == ("HE",)
    assert set(found.targets) == {"default", "hedonist", "me"}
    baseline = open_study(runs, loadings="embedding").loadings
    assert baseline is not None
    assert baseline.source == "embedding baseline"


def test_decisions_without_loadings_are_left_out_with_a_sentence(runs: Path) -> None:
    """Items that the loadings do not name are counted; when none is left, the error shows both kinds of ids."""
    given = study(runs)
    loadings = given.required_loadings()
    assert measurable(given.decisions, loadings) == (given.decisions, None)
    kept, sentence = measurable(given.decisions, loadings.of(loadings.items[:15]))
    assert kept["item"].n_unique() == 15
    assert sentence is not None and sentence.startswith("5 of 20 items have no loadings (")
    with pytest.raises(UserError, match="none of the items has loadings"):
        measurable(given.decisions, Loadings(("zz",), ("HE",), np.ones((1, 1))))


def test_what_cannot_be_written_or_read_is_one_line(runs: Path, tmp_path: Path) -> None:
    """A foreign ending, a folder that is a file, several tables at once, and a damaged provenance."""
    given = study(runs)
    with pytest.raises(UserError, match=r"\.parquet or \.csv"):
        export(given, tmp_path / "d.xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot write"):
        export(given, tmp_path / "file" / "d.csv")
    with pytest.raises(UserError, match="one table of decisions, or folders"):
        open_study([tmp_path / "a.csv", runs])
    export(given, tmp_path / "d.csv")
    (tmp_path / "d.provenance.json").write_text("[]")
    with pytest.raises(UserError, match="does not say where decisions come from"):
        open_study(tmp_path / "d.csv")


def test_a_table_of_ones_own_is_a_study(tmp_path: Path) -> None:
    """A bare decisions table without anything beside it opens as a study without loadings, sessions or targets."""
    (tmp_path / "mine.csv").write_text("respondent,item,y\na,x,1\nb,x,2\n")
    found = open_study(tmp_path / "mine.csv")
    assert isinstance(found, Study)
    assert (found.loadings, found.targets, found.provenance.sessions) == (None, {}, ())


def test_pyvalues_scores_become_loadings() -> None:
    """Attained less constrained is the loading, by name and not by place; refined scores fold into the ten; anything else is refused."""
    both = OriginalValuesWithAttainment(tradition=AttainmentScore(attained=0.25, constrained=0.75))
    refined = RefinedValuesWithAttainment(self_direction_action=AttainmentScore(attained=0.5))
    found = pyvalues_loadings(["a", "b", "c"], [both, OriginalValues(conformity=0.5), refined])
    rows = [{code: x for code, x in zip(VALUES, row, strict=True) if x} for row in found.x]
    assert rows == [{"TR": -0.5}, {"CO": 0.5}, {"SD": 0.5}]
    with pytest.raises(UserError, match="no scores of Schwartz's ten values"):
        pyvalues_loadings(["a"], [{"Hedonism": 1.0}])
    with pytest.raises(UserError, match="2 items and 0 scores"):
        pyvalues_loadings(["a", "b"], [])


def test_the_examples_in_the_docs_run(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python of docs/decisions.md runs beside an exported table and a run folder."""
    page = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    export(study(runs), tmp_path / "decisions.parquet")
    (tmp_path / "runs").symlink_to(runs)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "docs/decisions.md", "exec"), {})
    assert "planted/persona" in capsys.readouterr().out


def test_the_docs_name_every_column() -> None:
    """docs/decisions.md has a row for each column and channel of the table."""
    page = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    for name in [*COLUMNS, *CHANNELS]:
        assert re.search(rf"^\|.*`{name}`", page, flags=re.MULTILINE), name
    for name in OPTIONAL:
        assert f"`{name}`" in page
