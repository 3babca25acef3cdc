"""The providers over HTTP against a real server that speaks their dialects and misbehaves."""

import base64
import gc
import json
import random
import socket
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from agent.models.base import Model, Prompt, Turn, Usage
from agent.models.endpoint import Endpoint
from agent.models.http_model import HttpModel
from agent.models.openai import Responses
from agent.models.prices import known_price
from agent.models.registry import ModelOptions, make_model
from agent.models.schema import sent_schema
from agent.models.settings import Settings
from environments.base import Frame
from personas.errors import AxiofeedError, ModelError, ModelSetupError, Rejected, Throttled, Unavailable, Unreachable
from tests.agent.models.provider_server import (
    SERVED_VERSION,
    Behaviour,
    ProviderServer,
    Tokens,
    dropped,
    failing,
    garbage,
    malformed,
    ok,
    refusal,
    slow,
    throttled,
    truncated,
)

CANARY = "canary-4f1d0c7e9b2a5533"
JPEG = b"\xff\xd8 pretend \xff\xd9"


class Answer(BaseModel):
    """What is asked for in these tests: words that no model is to see."""

    action: Literal["skip", "watch", "like"]
    watch_fraction: Annotated[float, Field(ge=0, le=1, description="a steering description")]


PROMPT = Prompt(
    task="feed",
    system="You are a hedonist.",
    turns=(Turn("user", "What do you do?", (Frame.of(JPEG, 0.0), Frame.of(JPEG, 1.0))),),
    answer=Answer,
    seed=2**40 + 17,
)
ANSWER = {"action": "like", "watch_fraction": 0.9}


@dataclass(frozen=True)
class Case:
    """A provider with the dialect it speaks."""

    name: str
    dialect: str
    key_variable: str

    def model(self, server: ProviderServer, **extra: str) -> Model:
        """The model at `server`, with short waits."""
        return make_model(self.name, ModelOptions(server.url(self.dialect), extra={"retry_wait_s": "0.01", **extra}))


CASES = [
    Case("openai/gpt-6-sol", "responses", "OPENAI_API_KEY"),
    Case("anthropic/claude-opus-5-5", "messages", "ANTHROPIC_API_KEY"),
    Case("vllm/org/model", "chat", "VLLM_API_KEY"),
    Case("compatible/some-model", "chat", "AXIOFEED_API_KEY"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        yield server


@pytest.fixture
def server(running: ProviderServer) -> ProviderServer:
    running.behave(ok(ANSWER))
    running.requests.clear()
    return running


@pytest.fixture(params=CASES, ids=lambda case: case.name.split("/")[0])
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "VLLM_API_KEY", "AXIOFEED_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(request.param.key_variable, CANARY)
    return request.param


async def test_an_answer_arrives_with_usage_version_and_cost_counted_once(case: Case, server: ProviderServer) -> None:
    """Each token is counted once, whatever the dialect includes where, and reasoning is not charged on top of output."""
    model = case.model(server, price_input="2", price_cached="0.2", price_cache_written="2.5", price_output="10")
    reply = await model.ask(PROMPT)
    await model.close()
    assert Answer.model_validate_json(reply.text) == Answer(**ANSWER)
    assert reply.usage == Usage(input=700, cached=200, cache_written=100, output=50, reasoning=20)
    expected = Decimal(700 * 2 + 50 * 10) / 10**6 + Decimal("0.2") * 200 / 10**6 + Decimal("2.5") * 100 / 10**6
    assert reply.cost_usd == expected and isinstance(reply.cost_usd, Decimal) and model.price_known
    assert (reply.attempts, reply.possibly_paid, reply.finish_reason, reply.refusal) == (1, 0, "stop", None)
    assert reply.model_version == SERVED_VERSION
    assert reply.latency_s > 0
    assert len(server.requests) == 1


async def test_the_request_carries_images_schema_system_and_budget(case: Case, server: ProviderServer) -> None:
    """Images come before the text as base64 JPEG, the schema is strict, the system text is in its place, seeds go where they are taken."""
    model = case.model(server)
    turns = (*PROMPT.turns, Turn("assistant", ""), Turn("user", "Answer in the form asked for."))
    await model.ask(replace(PROMPT, turns=turns))
    await model.close()
    body = server.requests[0].body
    encoded = base64.b64encode(JPEG).decode()
    if case.dialect == "responses":
        first, repaired, last = body["input"]
        assert [part["type"] for part in first["content"]] == ["input_image", "input_image", "input_text"]
        assert first["content"][0]["image_url"] == f"data:image/jpeg;base64,{encoded}"
        schema, system, budget = body["text"]["format"]["schema"], body["instructions"], body["max_output_tokens"]
        assert body["text"]["format"]["strict"] is True and body["store"] is False and "seed" not in body
    elif case.dialect == "messages":
        first, repaired, last = body["messages"]
        assert [part["type"] for part in first["content"]] == ["image", "image", "text"]
        assert first["content"][0]["source"] == {"type": "base64", "media_type": "image/jpeg", "data": encoded}
        assert first["content"][0]["transformations"] == {"oversized_image": "error"}
        schema, system, budget = body["output_config"]["format"]["schema"], body["system"], body["max_tokens"]
    else:
        _, first, repaired, last = body["messages"]
        assert [part["type"] for part in first["content"]] == ["image_url", "image_url", "text"]
        assert first["content"][0]["image_url"]["url"] == f"data:image/jpeg;base64,{encoded}"
        schema, system, budget = body["response_format"]["json_schema"]["schema"], body["messages"][0]["content"], body["max_tokens"]
        assert body["seed"] == 17
    assert repaired == {"role": "assistant", "content": "(no answer)"}
    assert "Answer in the form" in str(last)
    assert schema == sent_schema(Answer)
    assert schema["additionalProperties"] is False and schema["required"] == ["action", "watch_fraction"]
    assert system == "You are a hedonist."
    assert budget >= PROMPT.max_output_tokens


@pytest.mark.parametrize("structured", ["json_schema", "json_object", "none"])
async def test_a_request_holds_no_words_of_the_answer_class(case: Case, server: ProviderServer, structured: str) -> None:
    """Docstring, class name and descriptions are in no request, however the schema travels; the options are in the class's order."""

    class Reversed(BaseModel):
        """A docstring that argues."""

        action: Annotated[Literal["like", "watch", "skip"], Field(description="a description that argues", title="A title that argues")]
        rating: Annotated[int, Field(ge=0, le=5)]

    if structured != "json_schema" and case.dialect != "chat":
        pytest.skip("only Chat Completions has other ways")
    model = case.model(server, **({"structured": structured} if case.dialect == "chat" else {}))
    await model.ask(replace(PROMPT, answer=Reversed))
    await model.close()
    body = json.dumps(server.requests[0].body)
    assert "argues" not in body and "Reversed" not in body and "description" not in body and "at least" not in body
    sent = body.replace("\\", "")
    assert json.dumps(sent_schema(Reversed)) in sent
    assert '"enum": ["like", "watch", "skip"]' in sent


async def test_an_empty_system_text_is_not_sent(case: Case, server: ProviderServer) -> None:
    """A persona without words means no system message at all, not an empty one."""
    model = case.model(server)
    await model.ask(replace(PROMPT, system=""))
    await model.close()
    body = server.requests[0].body
    assert "instructions" not in body and "system" not in body
    assert all(message["role"] != "system" for message in body.get("messages", []))


async def test_a_429_is_asked_again_after_what_the_server_asked_for(case: Case, server: ProviderServer) -> None:
    """After a 429 the next call waits at least Retry-After, and only one layer retries: two calls reach the server."""
    server.behave([throttled("0.2"), ok(ANSWER)])
    model = case.model(server)
    reply = await model.ask(PROMPT)
    await model.close()
    assert len(server.requests) == reply.attempts == 2
    assert server.requests[1].at - server.requests[0].at >= 0.2
    assert reply.possibly_paid == 0
    assert reply.latency_s < 0.2


@pytest.mark.parametrize(
    ("behaviour", "error", "paid"),
    [
        (throttled("0"), Throttled, 0),
        (throttled(None), Throttled, 0),
        (failing(529), Throttled, 0),
        (failing(500), Unavailable, 0),
        (failing(503), Unavailable, 0),
        (failing(408), Unavailable, 0),
        (failing(409), Unavailable, 0),
        (dropped(), Unavailable, 3),
        (garbage(), Unavailable, 3),
    ],
    ids=["429", "429-bare", "529", "500", "503", "408", "409", "dropped", "garbage"],
)
async def test_passing_faults_are_retried_exactly_max_attempts_times(
    case: Case, server: ProviderServer, behaviour: Behaviour, error: type[ModelError], paid: int
) -> None:
    """The server sees `max_attempts` calls, no more; those that vanished after being sent count as possibly paid."""
    server.behave(behaviour)
    model = case.model(server, max_attempts="3")
    with pytest.raises(error) as raised:
        await model.ask(PROMPT)
    await model.close()
    assert len(server.requests) == raised.value.attempts == 3
    assert raised.value.possibly_paid == paid


async def test_after_faults_the_answer_counts_all_attempts(case: Case, server: ProviderServer) -> None:
    """A reply that came at the fourth call says so, and that two of the others may have been billed."""
    server.behave([failing(500), dropped(), garbage(), ok(ANSWER)])
    model = case.model(server)
    reply = await model.ask(PROMPT)
    await model.close()
    assert (reply.attempts, reply.possibly_paid, len(server.requests)) == (4, 2, 4)


async def test_a_call_that_takes_too_long_is_given_up(case: Case, server: ProviderServer) -> None:
    """A deadline ends the call; the server may have done the work, so it is possibly paid."""
    server.behave(slow(5))
    model = case.model(server, timeout_s="0.15", max_attempts="2")
    began = time.perf_counter()
    with pytest.raises(Unavailable) as raised:
        await model.ask(PROMPT)
    await model.close()
    assert time.perf_counter() - began < 2
    assert (raised.value.attempts, raised.value.possibly_paid) == (2, 2)


async def test_nobody_listening_is_not_paid(case: Case) -> None:
    """Where no connection could be made nothing was sent: unreachable, not possibly paid, and the message says where it looked."""
    url = "http://127.0.0.1:9/v1"
    model = make_model(case.name, ModelOptions(url, extra={"retry_wait_s": "0", "max_attempts": "2"}))
    with pytest.raises(Unreachable, match=r"is a server listening at http://127\.0\.0\.1:9") as raised:
        await model.ask(PROMPT)
    await model.close()
    assert (raised.value.attempts, raised.value.possibly_paid) == (2, 0)


async def test_no_such_host_is_unreachable(case: Case) -> None:
    """A name that leads nowhere (the domain `.invalid` never does, RFC 2606): nothing was sent."""
    model = make_model(case.name, ModelOptions("http://nowhere.invalid/v1", extra={"max_attempts": "1"}))
    with pytest.raises(Unreachable, match="is a server listening") as raised:
        await model.ask(PROMPT)
    await model.close()
    assert raised.value.possibly_paid == 0


@pytest.mark.parametrize("case", CASES[:2], indirect=True, ids=lambda case: case.name)
async def test_a_host_that_answers_no_packet_is_unreachable(case: Case) -> None:
    """A full queue drops the first packet of a connection: no connection in time, told apart from no answer in time."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        model = make_model(case.name, ModelOptions(f"http://127.0.0.1:{port}/v1", extra={"max_attempts": "1", "timeout_s": "3"}))
        with pytest.raises(Unreachable) as raised:
            await model.ask(PROMPT)
        await model.close()
        for client in waiting:
            client.close()
    assert raised.value.possibly_paid == 0


async def test_what_is_lost_after_it_was_sent_is_not_unreachable(case: Case, server: ProviderServer) -> None:
    """A dropped connection and a late answer may have been paid for: the stimulus was asked about."""
    model = case.model(server, max_attempts="1", timeout_s="0.3")
    for behaviour in (dropped(), slow(2)):
        server.behave(behaviour)
        with pytest.raises(Unavailable) as raised:
            await model.ask(PROMPT)
        assert not isinstance(raised.value, Unreachable) and raised.value.possibly_paid == 1
    await model.close()


async def test_calls_before_a_setup_error_are_counted(case: Case, server: ProviderServer) -> None:
    """A key that is withdrawn between two attempts ends the question, and what the lost ones may have cost is not forgotten."""
    server.behave([dropped(), garbage(), failing(401)])
    model = case.model(server)
    with pytest.raises(ModelSetupError) as raised:
        await model.ask(PROMPT)
    await model.close()
    assert (raised.value.attempts, raised.value.possibly_paid) == (3, 2)


async def test_a_rejected_request_is_not_asked_again(case: Case, server: ProviderServer) -> None:
    """400 and 422 will never work: one call each."""
    model = case.model(server)
    for status in (400, 413, 422):
        server.requests.clear()
        server.behave(failing(status, "the image is too large"))
        with pytest.raises(Rejected, match="the image is too large") as raised:
            await model.ask(PROMPT)
        assert len(server.requests) == raised.value.attempts == 1
    await model.close()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (failing(401, f"Incorrect key provided: {CANARY}"), "does not accept the key in"),
        (failing(403), "does not accept the key in"),
        (failing(404, "no such model"), "check the model's name and the base URL"),
        (failing(429, "quota", code="insufficient_quota"), "no credit left"),
    ],
    ids=["401", "403", "404", "quota"],
)
async def test_what_the_user_must_fix_stops_at_once(case: Case, server: ProviderServer, behaviour: Behaviour, words: str) -> None:
    """A wrong key, a wrong model and an empty account are the user's to fix: one call, and the message names the model."""
    if behaviour.code and case.dialect == "messages":
        behaviour = failing(402)  # Anthropic's way to say it
    server.behave(behaviour)
    model = case.model(server)
    with pytest.raises(ModelSetupError, match=words) as raised:
        await model.ask(PROMPT)
    await model.close()
    assert len(server.requests) == 1
    assert str(raised.value).startswith(case.name)
    if "key" in words:
        assert case.key_variable in str(raised.value)


async def test_a_refusal_is_an_answer(case: Case, server: ProviderServer) -> None:
    """The provider's own mark of a refusal ends in `refusal`, with its usage, and is not retried."""
    server.behave(refusal("I cannot help with that."))
    model = case.model(server)
    reply = await model.ask(PROMPT)
    await model.close()
    assert reply.refusal == "I cannot help with that."
    assert (reply.text, reply.finish_reason, reply.attempts) == ("", "refusal", 1)
    assert reply.usage.output == 50


async def test_a_policy_block_of_the_request_is_a_refusal(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 400 whose code says content policy is the provider declining, told by the code and not by words."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    server.behave(failing(400, "blocked", code="content_policy_violation"))
    model = CASES[0].model(server)
    reply = await model.ask(PROMPT)
    await model.close()
    assert (reply.refusal, reply.finish_reason) == ("content_policy_violation", "refusal")


async def test_a_truncated_answer_keeps_its_text_and_says_length(case: Case, server: ProviderServer) -> None:
    """What was written before the limit was paid for: it is kept, with the reason."""
    server.behave(truncated('{"action": "li'))
    model = case.model(server)
    reply = await model.ask(PROMPT)
    await model.close()
    assert (reply.text, reply.finish_reason, reply.refusal) == ('{"action": "li', "length", None)


async def test_malformed_json_is_passed_on_as_it_came(case: Case, server: ProviderServer) -> None:
    """Whether an answer parses is for the protocol to say; the text arrives whole and unretried."""
    server.behave(malformed())
    model = case.model(server)
    reply = await model.ask(PROMPT)
    await model.close()
    assert reply.text == malformed().text and reply.attempts == 1


async def test_no_error_shows_the_key(case: Case, server: ProviderServer) -> None:
    """Whatever the server echoes, the key and its beginning stay out of message, traceback and repr; messages are one short line."""
    echoes = f"bad {CANARY} / {CANARY[:14]}**** / Bearer {CANARY}\n\x1b[31mred " + "x" * 1000
    model = case.model(server, max_attempts="1")
    for behaviour in (
        failing(400, echoes),
        failing(401, echoes),
        failing(404, echoes),
        failing(500, echoes),
        failing(429, echoes),
        dropped(),
    ):
        server.behave(behaviour)
        with pytest.raises(AxiofeedError) as raised:
            await model.ask(PROMPT)
        shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
        assert CANARY not in shown and CANARY[:14] not in shown and "canary" not in str(raised.value)
        assert "\n" not in str(raised.value) and "\x1b" not in str(raised.value) and len(str(raised.value)) <= 300
        assert raised.value.__cause__ is None and raised.value.__context__ is None
    await model.close()
    assert CANARY not in repr(model) + repr(vars(model))


async def test_unknown_price_and_unknown_usage_make_an_unknown_cost(server: ProviderServer) -> None:
    """A compatible server's price is unknown unless given, and without token counts no cost is made up."""
    free = CASES[3].model(server)
    assert not free.price_known
    assert (await free.ask(PROMPT)).cost_usd is None
    await free.close()
    priced = CASES[3].model(server, price_input="1", price_output="1")
    server.behave(ok(ANSWER, tokens=None))
    reply = await priced.ask(PROMPT)
    assert priced.price_known and reply.cost_usd is None and reply.usage == Usage()
    await priced.close()


@pytest.mark.parametrize("usage", [{}, {"total_tokens": 9}, {"input_tokens": -5, "prompt_tokens": -5}, "none", None, []], ids=repr)
async def test_usage_without_counts_is_unknown_and_not_zero(case: Case, server: ProviderServer, usage: object) -> None:
    """Whatever stands in place of the counts, the answer is kept, not asked for again, and its cost is unknown."""
    server.behave(ok(ANSWER, usage=(usage,)))
    model = case.model(server, price_input="1", price_output="1")
    reply = await model.ask(PROMPT)
    await model.close()
    assert (reply.cost_usd, reply.usage, reply.attempts) == (None, Usage(), 1)
    assert Answer.model_validate_json(reply.text)


async def test_another_service_tier_has_no_listed_price(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """List prices hold for the standard tier: a tier asked for, or named by the server, makes the cost unknown unless prices are given."""
    monkeypatch.delenv("AXIOFEED_PRICES", raising=False)

    def model(**settings: str) -> HttpModel:
        name, price = "gpt-6-sol", known_price("openai/gpt-6-sol")
        endpoint = Endpoint("openai", name, server.url("responses"), CANARY, "OPENAI_API_KEY", Settings(**settings), price)  # type: ignore[arg-type]
        return HttpModel(endpoint, Responses(endpoint))

    listed, flexible = model(), model(service_tier="flex")
    assert listed.price_known and not flexible.price_known
    server.behave(ok(ANSWER, tier="priority"))
    assert (await listed.ask(PROMPT)).cost_usd is None
    server.behave(ok(ANSWER, tokens=Tokens(1_000_000 - 728_000, 0, 0, 0, 0)))
    assert (await listed.ask(PROMPT)).cost_usd == Decimal("0.544")
    await listed.close()
    await flexible.close()


async def test_a_listed_name_at_another_address_has_no_listed_price(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway bills as it likes: the price of a listed model is known at the provider's own address only, unless given."""
    for case in CASES[:2]:
        monkeypatch.setenv(case.key_variable, CANARY)
        assert make_model(case.name).price_known
        elsewhere = case.model(server)
        assert not elsewhere.price_known and (await elsewhere.ask(PROMPT)).cost_usd is None
        await elsewhere.close()
        given = case.model(server, price_input="1", price_output="1")
        assert given.price_known and (await given.ask(PROMPT)).cost_usd is not None
        await given.close()


async def test_a_local_server_is_free(server: ProviderServer) -> None:
    """vLLM on this machine costs nothing, and that is known."""
    model = CASES[2].model(server)
    assert model.price_known and (await model.ask(PROMPT)).cost_usd == 0
    await model.close()


async def test_other_servers_get_nothing_of_the_openai_account(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key no Authorization header is sent, and organisation, project and admin key never leave for other servers."""
    for variable in ("OPENAI_API_KEY", "AXIOFEED_API_KEY", "VLLM_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(variable, CANARY)
    for case in CASES[2:]:
        model = case.model(server)
        await model.ask(PROMPT)
        await model.close()
    assert len(server.requests) == 2
    for request in server.requests:
        assert "authorization" not in request.headers
        assert CANARY not in str(request.headers)


async def test_vllm_does_not_send_the_openai_key(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of another company's service is not for a vLLM server."""
    for variable in ("AXIOFEED_API_KEY", "VLLM_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    model = CASES[2].model(server)
    await model.ask(PROMPT)
    await model.close()
    assert "authorization" not in server.requests[0].headers


async def test_options_reach_the_request(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temperature, effort, budget and the rest go where each dialect takes them."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)
    limits = {"max_output_tokens": "77", "reasoning_effort": "low"}
    models = [
        CASES[0].model(server, **limits, reasoning_tokens="100", temperature="0", service_tier="default", image_detail="low"),
        CASES[1].model(server, **limits, reasoning_tokens="0"),
        CASES[3].model(server, **limits, temperature="0.5", top_p="0.9", send_seed="false", structured="json_object", logprobs="true"),
    ]
    for model in models:
        await model.ask(PROMPT)
        await model.close()
    responses, messages, chat = (request.body for request in server.requests)
    assert (responses["max_output_tokens"], responses["reasoning"], responses["temperature"]) == (177, {"effort": "low"}, 0)
    assert (responses["service_tier"], responses["input"][0]["content"][0]["detail"]) == ("default", "low")
    assert (messages["max_tokens"], messages["output_config"]["effort"]) == (77, "low")
    assert (chat["max_tokens"], chat["temperature"], chat["top_p"], chat["reasoning_effort"]) == (77, 0.5, 0.9, "low")
    assert "seed" not in chat and chat["response_format"] == {"type": "json_object"} and chat["logprobs"] is True
    assert '"additionalProperties": false' in chat["messages"][0]["content"]


async def test_retries_do_not_disturb_a_seeded_generator(server: ProviderServer) -> None:
    """The jitter of the waits comes from elsewhere: Python's global generator stands where it stood."""
    random.seed(7)
    state = random.getstate()
    server.behave([throttled("0"), failing(500), ok(ANSWER)])
    model = CASES[2].model(server)
    assert (await model.ask(PROMPT)).attempts == 3
    await model.close()
    assert random.getstate() == state


async def test_closing_twice_or_unused_is_fine_and_leaves_no_connection(case: Case, server: ProviderServer) -> None:
    """`close` may come without any question, and again."""
    unused = case.model(server)
    await unused.close()
    used = case.model(server)
    await used.ask(PROMPT)
    await used.close()
    await used.close()
    del used, unused
    gc.collect()
