"""The command line of the viewer."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from agent.replay import main
from tests.agent.driving import ROOT, command
from tests.agent.viewer.traces import BEGUN, answered, done, shown, write


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two sessions."""
    for name in ("a", "b"):
        write(tmp_path / "runs" / name, BEGUN, shown(0), answered(0), done(0))
    return tmp_path / "runs"


def test_it_serves_until_interrupted(runs: Path) -> None:
    """It prints one line with an address, which answers and opens on what is to be compared; Ctrl-C ends it with 130 and no traceback."""
    child = subprocess.Popen(
        command(runs, "--no-open", "--compare", "a", "b", module="agent.replay"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        found = re.search(r"(http://127\.0\.0\.1:\d+/)(\S*)", child.stdout.readline())
        assert found and found[2] == "#/compare/a,b"
        assert len(httpx.get(f"{found[1]}api/experiment").json()["sessions"]) == 2
    finally:
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err) == (130, "", "")


def test_it_exports_and_says_so(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--export` writes the file and one line with its size."""
    assert main([str(runs / "a"), "--export", str(tmp_path / "a.html")]) == 0
    assert re.fullmatch(r"wrote .*a\.html \(0\.\d MB, 1 session\): open it in any browser\n", capsys.readouterr().out)
    block = re.search(r'id="data-export">(.*?)</script>', (tmp_path / "a.html").read_text())
    assert block and json.loads(block[1])["sessions"] == ["a"]


def test_mistakes_are_one_line(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown folder, an empty one, unknown names, a port in use, an export that does not fit: exit 2, and what to do."""
    (tmp_path / "empty").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for arguments, words in (
            (("/nowhere",), "give a run folder"),
            ((str(tmp_path / "empty"),), "holds no session"),
            ((str(runs), "--compare", "nobody", "a"), "neither a session, a persona nor a model"),
            ((str(runs), "--no-open", "--port", str(taken.getsockname()[1])), "is in use"),
            ((str(runs), "--no-open", "--port", "99999"), "cannot be used"),
            ((str(runs), "--export", str(tmp_path / "x.html"), "--max-mb", "0.01"), "raise --max-mb"),
            ((str(runs), "--export", str(tmp_path / "no" / "x.html")), "make it first"),
        ):
            assert main(list(arguments)) == 2
            said = capsys.readouterr().err
            assert words in said and said.count("\n") == 1, said


def test_help_loads_nothing_heavy() -> None:
    """`--help` is quick, and shows examples."""
    code = (
        "import sys, agent.replay as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'uvicorn', 'starlette', 'pydantic', 'langgraph', 'numpy'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.splitlines()[-1] == "[]" and "examples:" in ended.stdout


def test_the_viewer_loads_no_model_no_browser_no_decoder() -> None:
    """Serving traces needs no model SDK, no graph, no decoder and no numbers' library: that is memory for sessions."""
    code = (
        "import sys, agent.viewer.app, agent.viewer.export\n"
        "print(sorted({'langgraph', 'openai', 'anthropic', 'av', 'PIL', 'numpy', 'scipy', 'playwright'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.strip() == "[]"
