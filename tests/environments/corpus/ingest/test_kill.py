"""Killed at any moment, `add` completes when it is run again: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from environments.corpus.store import Corpus
from tests.environments.corpus.ingest import films

FILMS = 24
TWO_AT_A_TIME = """
import sys
from environments.corpus.__main__ import main
from environments.corpus.ingest import adding

adding._BATCH_ROWS = 2
sys.exit(main(sys.argv[1:]))
"""
"""The command with small batches, so that a kill falls between the writing of pictures and rows as often as anywhere else."""


def test_killed_runs_complete(tmp_path: Path) -> None:
    """Two kills at random moments while rows are written, then a whole run: every video once with its pictures, no process left."""
    videos, place = tmp_path / "videos", tmp_path / "corpus"
    videos.mkdir()
    for number in range(FILMS):
        films.write_film(videos / f"{number:02}.mp4", [(100 + number, 1.5)])
    options = ["add", str(place), str(videos), "--workers", "1", "--quiet", "--json"]
    command = [sys.executable, "-m", "environments.corpus", *options]
    rng = random.Random(7)
    seen: list[int] = []
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", TWO_AT_A_TIME, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        _wait_for_rows(child, place, more_than=seen[-1] if seen else 0)
        time.sleep(rng.uniform(0.0, 0.1))
        child.kill()
        child.wait()
        assert _gone(child.pid)
        seen.append(_rows(place))
    assert 0 < seen[0] < FILMS, seen
    assert seen == sorted(seen)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = Corpus.open(str(place)).table(["id", "content", "frames"])
    assert table["id"].to_list() == [f"{number:02}.mp4" for number in range(FILMS)]
    assert table["content"].n_unique() == FILMS
    corpus = Corpus.open(str(place))
    for frames in table["frames"]:
        assert len(corpus.frames_of(frames)) == 4


def _rows(place: Path) -> int:
    return len(Corpus.open(str(place))) if (place / "videos.lance").is_dir() else 0


def _wait_for_rows(child: subprocess.Popen[bytes], place: Path, more_than: int) -> None:
    """Until the run has written something, or is over."""
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None and _rows(place) <= more_than:
        time.sleep(0.01)


def _gone(group: int) -> bool:
    """Whether the decoding processes end soon after the one that started them was killed."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return False
