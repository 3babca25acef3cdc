"""Runs of the benchmarks that are killed with kill -9 carry on: no more is asked again than was out, and the report is the same."""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from tests.agent.driving import of
from tests.agent.models.provider_server import Behaviour, ProviderServer, Recorded, failing, ok, refusal
from tests.evals.killing import carried_on

pytestmark = pytest.mark.usefixtures("own_cache")

RUNS = {
    "evals.auto_bench": ["--items", "sample", "--limit", "14"],
    "evals.culture": ["--questions", "sample", "--images", "sample", "--countries", "Sunari", "--conditions", "both"],
    "evals.mm_scale": ["--items", "sample", "--limit", "12"],
}


def slowly(request: Recorded) -> Behaviour:
    """By the question alone: an answer that fits every protocol, a refusal, words that say nothing, an outage; after a while."""
    kind = request.body["seed"] % 9
    said = {"answer": "AB"[kind % 2], "rating": 1 + kind % 5, "ground": "text", "reason": "so"}
    answer = {0: refusal(), 1: ok("mumble"), 2: failing(400)}.get(kind, ok(said))
    return Behaviour(**{**answer.__dict__, "delay_s": 0.03})


@pytest.mark.parametrize("module", RUNS)
def test_a_killed_run_asks_nothing_twice_and_reports_the_same(module: str, tmp_path: Path) -> None:
    """Killed three times: each step has one final answer, at most one question a kill was sent again, and all figures are equal."""
    main = import_module(f"{module}.__main__").main

    def command(url: str, name: str) -> list[str]:
        model = ["--model", f"compatible/x@{url}", "--model-option", "max_attempts=1"]
        how = ["--workers", "1", "--concurrency", "1", "--runs", str(tmp_path / name), "--name", "run", "--quiet"]
        return [sys.executable, "-m", module, "run", *RUNS[module], *model, *how]

    with ProviderServer(slowly) as server:
        assert main(command(server.url(), "whole")[3:]) == 0
        needed = Counter(request.body["seed"] for request in server.requests)
        server.requests.clear()
        killed = carried_on(main, command(server.url(), "killed"), lambda: len(server.requests), 4)
        asked = Counter(request.body["seed"] for request in server.requests)
    assert killed > 0
    assert set(asked) == set(needed)
    assert (asked - needed).total() <= killed
    assert needed.total() >= 12
    for folder in (tmp_path / "killed" / "run").glob("*/session.json"):
        finals = Counter(answer["step"] for answer in of(folder.parent, "answer") if answer["final"])
        assert set(finals.values()) == {1}
    got, wanted = (json.loads((tmp_path / name / "run" / "report" / "results.json").read_bytes()) for name in ("killed", "whole"))
    assert got == wanted
