"""How likely given texts are: a real HTTP server in vLLM's form, whose sums are known, and sessions that ask it."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.models.base import Likelihood, Model, Prompt, Reply, ScoringModel, Turn
from agent.models.given_texts import probes
from agent.models.registry import PROVIDERS, ModelOptions, make_model
from agent.models.scoring import SCORING_PROVIDERS, answered
from agent.protocols.likelihood import NoForm
from agent.session import run_session
from agent.spec import Limits, make_spec
from personas.errors import ModelError, ModelSetupError, Rejected, Unreachable
from tests.agent.driving import of
from tests.agent.models.bigram_server import PLAIN, SPACED, BigramServer, logprob_of

pytestmark = pytest.mark.usefixtures("own_cache")
TEXTS = ("a cat", "a dog may sit", "No, it is a cat that sits.")


def prompt(*given: str) -> Prompt:
    turns = (Turn("user", "Is it a cat?"),)
    return Prompt("likelihood", "", turns, NoForm, seed=1, given=given, neutral=(Turn("user", "Answer:"),))


def model_at(server: BigramServer, provider: str = "vllm", **options: str) -> Model:
    return make_model(f"{provider}/tiny", ModelOptions(base_url=server.url, extra={"retry_wait_s": "0.01", **options}))


def scored(server: BigramServer, *given: str, **options: str) -> Reply:
    """The reply to the prompt with these texts, from a model that is closed after it."""

    async def ask() -> Reply:
        model = model_at(server, **options)
        try:
            return await answered(model, prompt(*given))
        finally:
            await model.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("provider", ["vllm", "compatible"])
def test_sums_and_tokens_are_those_of_the_model(provider: str) -> None:
    """Each text has the sum and number of its own tokens, after the question and after the neutral prompt."""
    with BigramServer() as server:
        found = scored(server, *TEXTS, provider=provider)
    assert [each.total for each in found.likelihoods] == pytest.approx([logprob_of(text, "\n") for text in TEXTS])
    assert [each.alone for each in found.likelihoods] == pytest.approx([logprob_of(text, "\n") for text in TEXTS])
    assert [each.tokens for each in found.likelihoods] == [2, 4, 9]
    assert not any(each.merged for each in found.likelihoods)
    assert found.logprobs == pytest.approx(
        {"A": found.likelihoods[0].total / 2, "B": found.likelihoods[1].total / 4, "C": found.likelihoods[2].total / 9}
    )
    assert (found.attempts, len(server.requests)) == (6, 6)
    assert found.usage.output == 6


def test_what_is_sent_is_a_message_to_be_continued() -> None:
    """vLLM's own options, one token to write, no schema; the neutral prompt is the second conversation."""
    with BigramServer() as server:
        scored(server, *TEXTS, logprobs="true", temperature="0")
    body = server.requests[0]
    given = {"prompt_logprobs": 0, "add_generation_prompt": False, "continue_final_message": True, "max_tokens": 1, "temperature": 1.0}
    assert {name: body[name] for name in given} == given
    assert not {"response_format", "logprobs", "top_logprobs"} & body.keys()
    first = {request["messages"][0]["content"] for request in server.requests[:3]}
    assert first == {"Is it a cat?"} and server.requests[-1]["messages"][0]["content"] == "Answer:"


def test_texts_that_begin_alike_are_told_from_the_prompt_by_another() -> None:
    """Where all share their first token, comparing them would count it as the prompt's: one more text shows where it ends."""
    with BigramServer() as server:
        found = scored(server, "a cat", "a dog")
    assert [each.total for each in found.likelihoods] == pytest.approx([logprob_of("a cat", "\n"), logprob_of("a dog", "\n")])
    assert [each.tokens for each in found.likelihoods] == [2, 2]
    assert len(server.requests) == 6
    assert {request["messages"][-1]["content"] for request in server.requests} == {"a cat", "a dog", "b"}
    assert probes(["a", "a b"]) == ["b"] and probes(["a", "b"]) == [] and probes(["“x”", "”y"]) == ["a"]


def test_a_token_shared_with_the_prompt_is_the_texts_and_is_marked() -> None:
    """A template that ends in a space, which the words take with them: counted for all texts alike, and said."""
    with BigramServer(SPACED) as server:
        found = scored(server, "Yes", "No")
    assert [each.total for each in found.likelihoods] == pytest.approx([logprob_of(" Yes", ":"), logprob_of(" No", ":")])
    assert all(each.merged for each in found.likelihoods)
    with BigramServer(SPACED) as server:
        mixed = scored(server, "?", "No")
    assert [each.tokens for each in mixed.likelihoods] == [2, 1]
    assert mixed.likelihoods[0].total == pytest.approx(logprob_of(" ?", ":"))


def test_a_server_that_scores_nothing_is_named() -> None:
    """One line that says what is missing, and no retry."""
    with BigramServer(silent=True) as server, pytest.raises(ModelSetupError, match=r"vllm/tiny: the server gives no prompt_logprobs.*vLLM"):
        scored(server, "Yes", "No")


def test_calls_that_fail_are_made_again_and_counted() -> None:
    """A 503 is asked again; after a 400 the texts are without likelihood, and what was answered may have been paid."""
    with BigramServer(fault=lambda number, _: 503 if number == 1 else None) as server:
        found = scored(server, *TEXTS)
    assert len(found.likelihoods) == 3 and found.attempts == len(server.requests) == 7

    def refused(_: int, body: dict[str, Any]) -> int | None:
        return 400 if body["messages"][-1]["content"] == "No" else None

    with BigramServer(fault=refused) as server, pytest.raises(Rejected) as caught:
        scored(server, "Yes", "No")
    assert (caught.value.attempts, caught.value.possibly_paid) == (2, 1)

    def second(_: int, body: dict[str, Any]) -> int | None:
        return 400 if body["messages"][0]["content"] == "Answer:" else None

    with BigramServer(fault=second) as server, pytest.raises(ModelError) as later:
        scored(server, "Yes", "No")
    assert (later.value.attempts, later.value.possibly_paid) == (4, 1)


def test_a_server_that_is_not_there_costs_nothing() -> None:
    """Nothing was sent: the item waits, and is not counted as possibly paid."""
    with BigramServer() as server:
        pass
    with pytest.raises(Unreachable) as caught:
        scored(server, "Yes", "No", max_attempts="1")
    assert caught.value.possibly_paid == 0


def test_the_cost_is_bounded_before() -> None:
    """The bound of a prompt with texts holds all its calls; on this machine it is free."""
    with BigramServer() as server:
        priced = {"price_input": "3", "price_output": "15"}
        found = scored(server, *TEXTS, **priced)
        model = model_at(server, **priced)
        bound = model.most_usd(prompt(*TEXTS))
        one = model.most_usd(prompt())
        assert model_at(server).most_usd(prompt(*TEXTS)) == 0
        assert make_model("compatible/x", ModelOptions(base_url=server.url)).most_usd(prompt(*TEXTS)) is None
    read = sum(len(str(request["messages"])) for request in server.requests)
    assert found.cost_usd is not None and bound is not None and one is not None
    assert Decimal(0) < found.cost_usd < Decimal(3 * read) / 10**6 < bound and bound > 5 * (one - Decimal(500 * 15) / 10**6)


def test_only_some_providers_score_given_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot is refused before anything starts, with those that can named; all that are named can."""
    deck(tmp_path)
    spec = {"environment": "deck", "feed": str(tmp_path), "protocol": "likelihood", "videos": 2, "strategy": "none"}
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    for name in ("scripted/like", "openai/gpt-6.2-sol"):
        with pytest.raises(ModelSetupError, match=r"cannot say how likely .* vllm, compatible, keyed"):
            run_session(make_spec(model=name, **spec), runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    for provider in SCORING_PROVIDERS:
        url = "http://127.0.0.1:9/v1" if PROVIDERS[provider].urls else None
        assert isinstance(make_model(PROVIDERS[provider].example, ModelOptions(base_url=url)), ScoringModel)


QUESTIONS = (
    ("q1", "Is it a cat?", ("a cat", "a dog"), 0),
    ("q2", "Is it a dog?", ("Yes, a dog may sit.", "No", "Umbrella"), 1),
    ("q3", "What is it?", ("cat", "No, it is a cat that sits."), 0),
)


def deck(folder: Path) -> None:
    """Three questions without pictures."""
    rows = [{"id": name, "text": text, "options": list(options), "key": [key]} for name, text, options, key in QUESTIONS]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_a_session_scores_each_item_once_and_records_all_rules(tmp_path: Path) -> None:
    """Stopped after one item and carried on: as many calls as texts and prompts; sum, tokens, mean and PMI of each option in the trace."""
    deck(tmp_path)
    with BigramServer() as server:
        spec = make_spec(
            model="vllm/tiny",
            base_url=server.url,
            environment="deck",
            feed=str(tmp_path),
            protocol="likelihood",
            videos=3,
            strategy="none",
        )
        runs = tmp_path / "runs"
        assert run_session(spec, runs=runs, limits=Limits(max_steps=1)).reason == "limit"
        asked = len(server.requests)
        result = run_session(spec, runs=runs)
        assert result.reason == "complete" and result.resumed
    texts = {name: len(options) + (name == "q1") for name, _, options, _ in QUESTIONS}
    assert 0 < asked < len(server.requests) == 2 * sum(texts.values()) == result.totals["calls"]
    shown = {event["step"]: event for event in of(result.path, "stimulus")}
    answers = of(result.path, "answer")
    assert len(answers) == 3
    for answer in answers:
        options, scores = shown[answer["step"]]["text"]["options"], answer["decision"]["scores"]
        means = {}
        for letter, option in zip("ABC", options, strict=False):
            total, tokens = logprob_of(option, "\n"), scores[f"tokens.{letter}"]
            assert scores[f"sum.{letter}"] == pytest.approx(total)
            assert scores[f"mean.{letter}"] == pytest.approx(total / tokens)
            assert scores[f"pmi.{letter}"] == pytest.approx(0, abs=1e-9)  # a bigram forgets the question
            means[letter] = total / tokens
        assert scores["choice"] == max(range(len(options)), key=lambda place: list(means.values())[place])
        assert answer["logprobs"] == pytest.approx(means)
        assert scores["merged"] == 0


def test_keyed_respondents_score_by_the_key(tmp_path: Path) -> None:
    """`right` finds the key's option likeliest by every rule, `first` the first place; refusals and failures are as when asked."""
    deck(tmp_path)
    for kind in ("right", "first"):
        spec = make_spec(model=f"keyed/{kind}", environment="deck", feed=str(tmp_path), protocol="likelihood", videos=3, strategy="none")
        path = run_session(spec, runs=tmp_path / kind).path
        keys = {event["step"]: event["item"]["key"] for event in of(path, "stimulus")}
        for answer in of(path, "answer"):
            scores = answer["decision"]["scores"]
            place = keys[answer["step"]][0] if kind == "right" else 0
            for rule in ("mean", "sum", "pmi"):
                by_letter = {name[-1]: value for name, value in scores.items() if name.startswith(f"{rule}.")}
                assert max(by_letter, key=lambda letter: by_letter[letter]) == "ABC"[place]


def test_a_failure_between_the_two_prompts_keeps_no_half(tmp_path: Path) -> None:
    """A model that gives fewer figures than texts is at fault: nothing is recorded as an answer."""

    class Half:
        name, synthetic, price_known = "half", False, True

        async def ask(self, prompt: Prompt) -> Reply:
            raise AssertionError

        async def score(self, prompt: Prompt, continuations: Any) -> Reply:
            return Reply("", likelihoods=(Likelihood(-1.0, 1),))

        def most_usd(self, prompt: Prompt) -> Decimal:
            return Decimal(0)

        async def close(self) -> None: ...

    with pytest.raises(ModelError, match="1 of 2 texts were scored"):
        asyncio.run(answered(Half(), prompt("a", "b")))


def test_the_border_holds_under_both_templates() -> None:
    """The same texts differ between templates by their first token alone."""
    found = {}
    for told in (PLAIN, SPACED):
        with BigramServer(told) as server:
            found[told] = scored(server, "Yes, a dog", "No, a dog").likelihoods[0]
    rest = logprob_of(", a dog", "Yes")
    assert found[PLAIN].total - rest == pytest.approx(logprob_of("Yes", "\n"))
    assert found[SPACED].tokens == found[PLAIN].tokens
