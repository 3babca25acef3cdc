"""Whole sessions with what runs on one machine: a real VLM server on a tiny random model, the embedded reader on real footage."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from agent import SessionSpec, run_session
from agent.models.gguf_files import find_files
from agent.models.llamacpp_server import LlamaServer, LlamaSettings
from tests.agent.driving import ROOT, browse_here, check_whole, of
from tests.agent.models.tiny_gguf import TinyVlm

FOOTAGE = ROOT.parent / "shared" / "data" / "videos"
THREADS = 1
"""Of llama.cpp: several wait for each other in a busy loop, which takes minutes where other tests are at work."""


@pytest.mark.parametrize("protocol", ["feed", "staged"])
def test_a_real_vlm_browses_in_process(protocol: str, clips: Path, tiny_vlm: TinyVlm, tmp_path: Path, own_cache: Path) -> None:
    """llama.cpp looks at every clip of a session and every answer fits the schema; random weights, so what it decides means nothing."""
    options = {"n_threads": str(THREADS)}
    spec = SessionSpec(model=f"llamacpp/{tiny_vlm.model}", model_options=options, feed=str(clips), videos=3, frames=2, protocol=protocol)
    result = run_session(spec, runs=tmp_path)
    assert result.reason == "complete", result.detail
    check_whole(result.path, 3)
    assert result.totals["answers"]["answered"] == 3
    answers = of(result.path, "answer")
    assert all(answer["usage"]["input"] > 0 and answer["cost_usd"] == "0" for answer in answers)


def test_the_same_server_answers_over_http(
    clips: Path, tiny_vlm: TinyVlm, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`compatible` on a real llama.cpp server: a whole session, each stimulus in one state, most of them answered."""
    server = LlamaServer(find_files(str(tiny_vlm.model), None), LlamaSettings(n_threads=THREADS))
    monkeypatch.setenv("AXIOFEED_API_KEY", server.key)
    try:
        result = run_session(
            SessionSpec(model="compatible/tiny", base_url=f"{server.base_url}", feed=str(clips), videos=7, frames=2), runs=tmp_path
        )
    finally:
        server.stop()
    assert result.reason == "complete", result.detail
    check_whole(result.path, 7)
    states = result.totals["answers"]
    assert states["failed"] == states["refused"] == 0
    assert states["answered"] > 0


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the real footage (../shared/data/videos) is not on this machine")
def test_the_reader_browses_real_footage(tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every sound clip is shown once, the damaged files are named, and every stored frame opens."""
    done = browse_here(capsys, "--persona", "hedonist", "--feed", FOOTAGE, "--frames", 1, "--runs", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    session = Path(summary["path"])
    shown = [event["id"] for event in of(session, "stimulus")]
    assert sorted(shown) == sorted(
        path.name for path in FOOTAGE.iterdir() if path.suffix in {".mp4", ".mkv", ".webm"} and "broken" not in path.name
    )
    assert len(shown) == 16
    assert {event["name"] for event in of(session, "problem")} == {"broken-not-a-video.mp4", "broken-truncated.mp4"}
    assert "broken-truncated.mp4" in done.stderr
    for stimulus in of(session, "stimulus"):
        for frame in stimulus["frames"]:
            stored = (tmp_path / "frames" / frame["sha256"][:2] / f"{frame['sha256']}.jpg").read_bytes()
            with Image.open(io.BytesIO(stored)) as picture:
                picture.load()
                assert max(picture.size) <= 768
    check_whole(session, 16)
