"""The commands of docs/corpus_walkthrough.md, run as they stand, on the catalogue and on real footage."""

from __future__ import annotations

import csv
import json
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOOTAGE = ROOT.parent / "shared" / "data" / "videos"
PAGE = (ROOT / "docs" / "corpus_walkthrough.md").read_text(encoding="utf-8")
BLOCKS = [block.strip().splitlines() for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)]


def run(commands: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What each command printed; each is run by its `main`, in this process (starting one takes longer than most of them), and succeeds."""
    printed = []
    for command in commands:
        python, flag, name, *arguments = shlex.split(command)
        assert (python, flag) == ("python", "-m")
        module = import_module(name)
        main = import_module(f"{name}.__main__").main if hasattr(module, "__path__") else module.main
        code = main(arguments)
        out, err = capsys.readouterr()
        assert code == 0, f"{command}\n{out[-2000:]}\n{err[-2000:]}"
        printed.append(out)
    return printed


def fill_in(sheet: Path) -> None:
    """A rater who codes every video by the design of the catalogue."""
    from environments.catalogue.specs import load_clips
    from evals.labels.gold_table import blind_key
    from personas.schwartz import VALUES

    design = {blind_key(clip.id): clip.values for clip in load_clips()}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        names = list(reader.fieldnames or ())
    for row in rows:
        for value in VALUES:
            row[value] = str(round(2 * design[row["video"]].get(value, 0.0)))
            row[value] = "-1" if row[value] == "-2" else row[value]
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the real footage (../shared/data/videos) is not beside the project")
def test_the_walkthrough_works_as_written(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of the page succeeds, in its order, and leaves what the page says."""
    pytest.importorskip("lancedb", reason="the extra `corpus` is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "videos").symlink_to(FOOTAGE, target_is_directory=True)
    taking, labelling, people, browsing, spectrum = BLOCKS
    added, found, stats = run(taking, capsys)
    assert "76 added" in added
    assert found.strip()
    assert "catalogue" in stats
    run(labelling, capsys)
    for rater in ("anna", "ben"):
        fill_in(tmp_path / f"gold-{rater}.csv")
    *_, agreement = run(people, capsys)
    assert "people" in agreement
    run(browsing, capsys)
    values = json.loads((tmp_path / "values" / "results.json").read_text(encoding="utf-8"))
    assert values
    run(spectrum, capsys)
    report = (tmp_path / "first" / "report.html").read_text(encoding="utf-8")
    assert "GPT-4o" in report
    assert "homogeneity" in report or "one rate" in report
