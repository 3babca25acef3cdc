"""Ctrl-C and SIGTERM: a session stops after the current answer, at once the second time, and carries on later."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.agent.driving import ROOT, browse_here, check_whole, command, of
from tests.agent.models.provider_server import ProviderServer, ok, slow

pytestmark = pytest.mark.usefixtures("own_cache")


def wait_for(process: subprocess.Popen[str], server: ProviderServer, requests: int) -> None:
    """Until so many requests have come in."""
    until = time.monotonic() + 60
    while len(server.requests) < requests:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "the session did not get there"
        time.sleep(0.005)


def session_command(clips: Path, runs: Path, server: ProviderServer) -> list[str]:
    options = ("--model-option", "price_input=1000", "--model-option", "price_output=1000")
    where = ("--feed", clips, "--videos", 7, "--runs", runs, "--session", "mine")
    return command("--model", "compatible/x", "--base-url", server.url(), *options, *where)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_one_signal_stops_after_the_current_answer(
    clips: Path, tmp_path: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 130, one line that says how to go on, the answer that was under way is kept; the same command completes the session."""
    with ProviderServer(slow(0.5)) as server:
        arguments = session_command(clips, tmp_path, server)
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(process, server, 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in out + err
        assert out.count("stopped by the user. To go on: the same command. run folder: ") == 1
        assert len(of(tmp_path / "mine", "answer")) == len(server.requests) == 2
        server.behave(ok())
        assert browse_here(capsys, *arguments[3:]).returncode == 0
        assert len(server.requests) == 7
    check_whole(tmp_path / "mine", 7)
    assert of(tmp_path / "mine", "end")[-1]["totals"]["possibly_paid"] == 0


def test_the_second_signal_stops_at_once(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While a model takes its time, Ctrl-C twice ends within a second or two, and the question it left counts as possibly paid."""
    with ProviderServer([ok(), slow(60)]) as server:
        arguments = session_command(clips, tmp_path, server)
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(process, server, 2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "the first one waits for the answer"
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - begun < 5
        assert process.returncode == 130
        assert "Traceback" not in out + err
        server.behave(ok())
        assert browse_here(capsys, *arguments[3:]).returncode == 0
    check_whole(tmp_path / "mine", 7)
    totals = of(tmp_path / "mine", "end")[-1]["totals"]
    assert (totals["possibly_paid"], totals["asks"]) == (1, 8)
