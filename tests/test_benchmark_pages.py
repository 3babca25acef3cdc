"""The offline commands of the benchmarks' pages work as written, and leave sessions that the viewer opens and a report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.replay import main as replay
from tests.pages import blocks_of, run_commands

pytestmark = pytest.mark.usefixtures("own_cache")
PAGES = ("ch3ef.md", "culture.md", "auto_bench.md", "mm_scale.md", "judging.md")


FEWER = {
    "evals.ch3ef run ": "--recipe few.toml",
    "evals.culture run ": "--conditions text,both",
    "evals.auto_bench run ": "--limit 20",
    "evals.mm_scale run ": "--limit 20",
}
"""What makes a run smaller: reading what stands on a hundred pictures takes longer than everything else that the commands do."""


def smaller(command: str) -> str:
    """The command with a smaller number of items, or one more option that leaves fewer."""
    for start, fewer in FEWER.items():
        if command.startswith(f"python -m {start}"):
            option = fewer.split()[0]
            return re.sub(rf" {option} \S+", "", command) + f" {fewer}"
    return command


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_offline_commands_work_as_written(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of the page's ```sh blocks succeeds, in order, and there is a report that fetches nothing and runs no script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.toml").write_text("[scenario]\nlimit = 8\n", encoding="utf-8")
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # no processes of their own, in which everything is imported again
    blocks = blocks_of(page)
    assert blocks, "a page has commands that run offline"
    for block in blocks:
        run_commands(map(smaller, block), capsys)
    reports = list(tmp_path.rglob("report.html"))
    assert reports
    for report in reports:
        text = report.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "http://" not in text.replace("http://www.w3.org", "")
    session = next(path.parent for path in sorted(tmp_path.rglob("session.json")))
    assert replay([str(session), "--export", "replay.html"]) == 0
    assert (tmp_path / "replay.html").stat().st_size > 10_000
