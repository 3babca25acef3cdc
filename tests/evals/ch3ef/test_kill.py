"""A run that is killed with kill -9 again and again carries on: what was answered is not asked again, and the scores are the same."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.ch3ef.__main__ import main
from evals.ch3ef.sample_items import sample_folder, sample_items
from tests.agent.driving import of
from tests.agent.models.bigram_server import BigramServer
from tests.agent.models.provider_server import Behaviour, ProviderServer, Recorded, failing, ok, refusal
from tests.evals.killing import carried_on

pytestmark = pytest.mark.usefixtures("own_cache")
TASKS = ("Chart", "Noisy QA", "Sycophancy", "Theft", "OCR", "Art")


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve items of six tasks."""
    return sample_folder([item for item in sample_items() if item.task in TASKS], tmp_path_factory.mktemp("items"))


def slowly(request: Recorded) -> Behaviour:
    """By the question alone: a letter, a refusal, words that say nothing, an outage; after a while in which a kill may come."""
    kind = request.body["seed"] % 9
    answer = {0: refusal(), 1: ok("mumble"), 2: failing(400)}.get(kind, ok({"answer": "AB"[kind % 2], "reason": "so"}))
    return Behaviour(**{**answer.__dict__, "delay_s": 0.04})


def command(items: Path, url: str, runs: Path, *more: str) -> list[str]:
    """A run of one model in one process."""
    asked = [
        "--items",
        str(items),
        "--model",
        f"compatible/x@{url}",
        "--model-option",
        "max_attempts=1",
        "--workers",
        "1",
        "--concurrency",
        "1",
    ]
    return [sys.executable, "-m", "evals.ch3ef", "run", *asked, "--runs", str(runs), "--quiet", *more]


def scores(runs: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The folder of the only run, and its scores."""
    (report,) = runs.glob("*/report/results.json")
    return report.parents[1], json.loads(report.read_bytes())["scores"]


def same_session(run: Path, other: Path) -> list[dict[str, Any]]:
    """The answers of the only session, each final once, with the same outcome as in the run that nobody killed."""
    found = []
    for folder in (run, other):
        (trace,) = folder.glob("*/trace.jsonl")
        finals = [answer for answer in of(trace.parent, "answer") if answer["final"]]
        assert Counter(answer["step"] for answer in finals) == Counter(range(12))
        found.append([(each["step"], each["outcome"], each.get("decision", {}).get("scores")) for each in finals])
    assert found[0] == found[1]
    (trace,) = run.glob("*/trace.jsonl")
    return of(trace.parent, "ask")


def test_a_killed_run_asks_nothing_twice_and_scores_the_same(items: Path, tmp_path: Path) -> None:
    """Killed three times while questions are out: no request without an ask of its own, no more lost than kills, equal scores."""
    with ProviderServer(slowly) as server:
        whole = command(items, server.url(), tmp_path / "whole")
        assert main(whole[3:]) == 0
        needed = len(server.requests)
        server.requests.clear()
        killed = carried_on(main, command(items, server.url(), tmp_path / "killed"), lambda: len(server.requests), 4)
        requests = Counter(request.body["seed"] for request in server.requests)
    (run, got), (other, wanted) = scores(tmp_path / "killed"), scores(tmp_path / "whole")
    assert got == wanted and run.name == other.name
    asks = Counter(ask["seed"] % 2**31 for ask in same_session(run, other))
    assert killed > 0 and all(requests[seed] <= asks[seed] for seed in requests)
    assert needed <= requests.total() <= asks.total() <= needed + killed
    assert sum(requests[seed] > 1 for seed in requests) <= killed, "only what was out when it was killed is asked again"


def test_a_killed_run_scores_no_item_twice(items: Path, tmp_path: Path) -> None:
    """Likelihoods, each of several calls: an item whose figures are in the trace is never scored again."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('inferencer = "likelihood"\nnormalise = "pmi"\n', encoding="utf-8")
    lock = threading.Lock()

    def wait(number: int, body: dict[str, Any]) -> None:
        with lock:
            time.sleep(0.01)

    with BigramServer(fault=wait) as server:
        more = ("--recipe", str(recipe))
        whole = command(items, server.url, tmp_path / "whole", *more)
        assert main(whole[3:]) == 0
        needed = Counter(_said(body) for body in server.requests)
        server.requests.clear()
        killed = carried_on(main, command(items, server.url, tmp_path / "killed", *more), lambda: len(server.requests), 20)
        requests = Counter(_said(body) for body in server.requests)
    (run, got), (other, wanted) = scores(tmp_path / "killed"), scores(tmp_path / "whole")
    assert got == wanted
    asks = same_session(run, other)
    assert killed > 0 and 12 < len(asks) <= 12 + killed
    again = {question for question, _ in requests if requests[question, _] > needed[question, _] and question != "Answer:"}
    assert len(again) <= killed and set(needed) == set(requests)


def _said(body: dict[str, Any]) -> tuple[str, str]:
    """The question and the text that is scored, in words."""
    asked = body["messages"][-2]["content"]
    words = asked if isinstance(asked, str) else asked[-1]["text"]
    return re.sub(r"\s+", " ", words), body["messages"][-1]["content"]
