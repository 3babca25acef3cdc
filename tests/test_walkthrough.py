"""The commands of docs/corpus_walkthrough.md, run as they stand, on the catalogue and on real footage."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.pages import blocks_of, run_commands

ROOT = Path(__file__).parents[1]
FOOTAGE = ROOT.parent / "shared" / "data" / "videos"
BLOCKS = blocks_of("corpus_walkthrough.md")


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
    added, found, stats = run_commands(taking, capsys)
    assert "76 added" in added
    assert found.strip()
    assert "catalogue" in stats
    run_commands(labelling, capsys)
    for rater in ("anna", "ben"):
        fill_in(tmp_path / f"gold-{rater}.csv")
    *_, agreement = run_commands(people, capsys)
    assert "people" in agreement
    run_commands(browsing, capsys)
    values = json.loads((tmp_path / "values" / "results.json").read_text(encoding="utf-8"))
    assert values
    run_commands(spectrum, capsys)
    report = (tmp_path / "first" / "report.html").read_text(encoding="utf-8")
    assert "GPT-4o" in report
    assert "homogeneity" in report or "one rate" in report
