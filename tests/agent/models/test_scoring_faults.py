"""What is scored in several calls under bad servers, and what those calls are counted as."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.experiments.budget import Budget, BudgetPurse
from agent.experiments.spec import ExperimentLimits
from agent.models.base import Likelihood, Prompt, Reply, Turn
from agent.models.registry import ModelOptions, make_model
from agent.models.scoring import answered, calls_of
from agent.protocols.choice import LETTERS
from agent.session import arun_session, run_session
from agent.spec import Limits, SessionSpec, make_spec
from environments.base import Frame
from personas.errors import ModelError, ModelSetupError, Unavailable, Unreachable
from tests.agent.driving import of
from tests.agent.models.bigram_server import BigramServer
from tests.agent.models.test_given_texts import TEXTS, deck, prompt, scored

pytestmark = pytest.mark.usefixtures("own_cache")


class Spoiled(BigramServer):
    """The server whose tokens are changed by `change` before they are sent: the list, and the last message's text."""

    def __init__(self, change: Callable[[list[Any], str], list[Any] | None]) -> None:
        super().__init__()
        self.change = change

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        said = super().reply(body)
        said["prompt_logprobs"] = self.change(said["prompt_logprobs"], body["messages"][-1]["content"])
        return said


def spoilt(value: float) -> Callable[[list[Any], str], list[Any]]:
    """Gives the last token of the text "a dog may sit" another log-probability."""

    def change(tokens: list[Any], text: str) -> list[Any]:
        if text == "a dog may sit":
            next(iter(tokens[-1].values()))["logprob"] = value
        return tokens

    return change


def spec_at(server: BigramServer, folder: Path, **fields: Any) -> SessionSpec:
    given = {"environment": "deck", "feed": str(folder), "protocol": "likelihood", "videos": 3, "strategy": "none"} | fields
    return make_spec(**{"model": "vllm/tiny", "base_url": server.url, "model_options": {"retry_wait_s": "0.01"}, **given})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 7.5])
def test_what_is_no_log_probability_wins_nothing(value: float) -> None:
    """NaN, infinities and numbers above 0 are no answer: a sum with one of them is not made the likeliest."""
    with Spoiled(spoilt(value)) as server, pytest.raises(Unavailable, match="not in the API's form") as caught:
        scored(server, *TEXTS, max_attempts="2")
    assert caught.value.attempts == len(server.requests) == 4
    assert caught.value.possibly_paid == 2


@pytest.mark.parametrize(
    "tokens",
    [[], [None], [None, None], [{}], [{"1": {"logprob": -1.0}}], [{"1": {"logprob": -1.0, "decoded_token": None}}] * 2000],
    ids=["empty", "one", "nothing", "no token", "one token", "all alike"],
)
def test_missing_tokens_are_no_score(tokens: list[Any]) -> None:
    """A list that does not show where the texts begin scores none of them, and the calls that were made are counted."""
    with Spoiled(lambda _, __: tokens) as server, pytest.raises((ModelError, ModelSetupError)) as caught:
        scored(server, *TEXTS)
    assert (caught.value.attempts, caught.value.possibly_paid) == (3, 1)


def test_answers_of_a_server_that_scores_nothing_may_have_been_paid(tmp_path: Path) -> None:
    """The session stops before its first item; the calls that it made stand in its budget, in the end event too, where a sweep reads it."""
    deck(tmp_path)
    with BigramServer(silent=True) as server:
        spec = spec_at(server, tmp_path)
        priced = spec.model_copy(update={"model_options": {"price_input": "3", "price_output": "15"}})
        for run in range(2):
            result = run_session(priced, runs=tmp_path / "runs", session="one", limits=Limits(max_usd=Decimal(100)))
            assert isinstance(result.error, ModelSetupError) and result.exit_code == 2
            told = of(result.path, "end")[-1]["totals"]
            assert told["possibly_paid"] == run + 1 and Decimal(told["budgeted_usd"]) > 0
            assert all(result.totals[name] == told[name] for name in ("possibly_paid", "budgeted_usd", "asks", "calls"))


def test_a_server_that_is_gone_halfway_loses_no_item(tmp_path: Path) -> None:
    """The first prompt was scored and the second could not be reached: the session stops, and the item waits."""

    class Gone:
        name, synthetic, price_known, served = "gone", False, True, 1

        async def ask(self, prompt: Prompt) -> Reply:
            raise AssertionError

        async def score(self, prompt: Prompt, continuations: Any) -> Reply:
            if not self.served:
                raise Unreachable("no server")
            self.served -= 1
            return Reply("", cost_usd=Decimal(1), attempts=2, likelihoods=tuple(Likelihood(-1.0, 1) for _ in continuations))

        def most_usd(self, prompt: Prompt) -> Decimal:
            return Decimal(4)

        async def close(self) -> None: ...

    with pytest.raises(Unreachable) as caught:
        asyncio.run(answered(Gone(), prompt("a", "b")))
    assert (caught.value.attempts, caught.value.possibly_paid) == (3, 1)
    deck(tmp_path)
    spec = make_spec(environment="deck", feed=str(tmp_path), protocol="likelihood", videos=3, strategy="none", model="keyed/right")
    budget = Budget(ExperimentLimits(max_usd=Decimal(100)), {})
    model = Gone()
    result = asyncio.run(arun_session(spec, runs=tmp_path / "runs", model=model, purse=BudgetPurse(budget, "gone")))
    assert isinstance(result.error, Unreachable) and of(result.path, "answer") == []
    assert budget.spent().usd == 4 and budget.spent().requests == 3
    model.served = 99
    result = asyncio.run(arun_session(spec, runs=tmp_path / "runs", session=result.name, model=model))
    assert result.reason == "complete" and result.totals["answers"]["answered"] == 3 and result.totals["possibly_paid"] == 1


def test_a_limit_of_requests_is_not_passed_by_an_item(tmp_path: Path) -> None:
    """All calls of an item are set aside before the first: one that would pass the limit is not begun."""
    deck(tmp_path)
    with BigramServer() as server:
        budget = Budget(ExperimentLimits(max_requests=9), {})
        result = asyncio.run(arun_session(spec_at(server, tmp_path), runs=tmp_path / "runs", purse=BudgetPurse(budget, "vllm/tiny")))
    assert result.reason == "limit" and "max_requests 9" in result.detail
    assert len(server.requests) == budget.spent().requests <= 9
    assert result.totals["steps"] >= 1


def test_pictures_are_in_memory_for_the_calls_under_way_only() -> None:
    """Twenty texts after a picture of a megabyte, one call at a time: not twenty copies of it."""

    class Forgetful(BigramServer):
        def reply(self, body: dict[str, Any]) -> dict[str, Any]:
            self.requests.clear()
            return super().reply(body)

    frame = Frame.of(b"\xff\xd8" + bytes(2**20), 0.0)
    asked = replace(prompt(*(f"{letter} cat" for letter in LETTERS)), turns=(Turn("user", "Which?", (frame,)),), neutral=())

    async def peak(server: BigramServer) -> int:
        model = make_model("vllm/tiny", ModelOptions(base_url=server.url, extra={"concurrency": "1"}))
        tracemalloc.start()
        try:
            assert len((await answered(model, asked)).likelihoods) == len(LETTERS)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            await model.close()

    with Forgetful() as server:
        assert asyncio.run(peak(server)) < 15 * 2**20


def test_the_calls_of_a_prompt_are_those_that_are_made() -> None:
    """One a text and prompt, and one more for each prompt where all texts begin alike."""
    for texts in (TEXTS, ("a cat", "a dog"), ("Yes", "No"), ("é", "è")):
        with BigramServer() as server:
            scored(server, *texts)
        assert len(server.requests) == calls_of(prompt(*texts))
    assert calls_of(prompt()) == 1


@pytest.mark.parametrize("placement", ["system", "user"])
def test_what_is_taken_off_does_not_depend_on_where_the_persona_stands(tmp_path: Path, placement: str) -> None:
    """The neutral prompt is "Answer:" and nothing else, wherever the persona was told."""
    deck(tmp_path)
    with BigramServer() as server:
        run_session(
            spec_at(server, tmp_path, persona="hedonist", strategy="narrative", placement=placement, videos=1), runs=tmp_path / "runs"
        )
    prompts = [json.dumps(body["messages"][:-1]) for body in server.requests]
    neutral = json.dumps([{"role": "user", "content": "Answer:"}])
    assert prompts.count(neutral) == len(prompts) // 2 > 0 and len(set(prompts)) == 2


def test_a_killed_item_is_asked_whole_again(tmp_path: Path) -> None:
    """Cut off within the first item's line: no half of it is kept, its calls count as possibly paid, and the rest is as without."""
    deck(tmp_path)
    with BigramServer() as server:
        spec = spec_at(server, tmp_path)
        whole = run_session(spec, runs=tmp_path / "whole")
        path = run_session(spec, runs=tmp_path / "cut", session="one", limits=Limits(max_steps=1)).path
        trace = path / "trace.jsonl"
        lines = trace.read_bytes().splitlines(keepends=True)
        at = next(number for number, line in enumerate(lines) if json.loads(line)["type"] == "answer")
        trace.write_bytes(b"".join(lines[:at]) + lines[at][: len(lines[at]) // 2])
        again = run_session(spec, runs=tmp_path / "cut", session="one")
    assert again.reason == "complete" and again.totals["possibly_paid"] == 1
    assert [each["decision"] for each in of(path, "answer")] == [each["decision"] for each in of(whole.path, "answer")]
