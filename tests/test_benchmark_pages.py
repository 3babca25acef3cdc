"""The offline commands of the benchmarks' pages work as written, and leave sessions that the viewer opens and a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.replay import main as replay
from tests.pages import blocks_of, run_commands

PAGES = ("ch3ef.md", "culture.md", "auto_bench.md", "mm_scale.md", "judging.md")


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_offline_commands_work_as_written(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of the page's ```sh blocks succeeds, in order, and there is a report that fetches nothing and runs no script."""
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of(page)
    assert blocks, "a page has commands that run offline"
    for block in blocks:
        run_commands(block, capsys)
    reports = list(tmp_path.rglob("report.html"))
    assert reports
    for report in reports:
        text = report.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "http://" not in text.replace("http://www.w3.org", "")
    session = next(path.parent for path in sorted(tmp_path.rglob("session.json")))
    assert replay([str(session), "--export", "replay.html"]) == 0
    assert (tmp_path / "replay.html").stat().st_size > 10_000
