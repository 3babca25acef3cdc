"""Option log-probabilities from token log-probabilities."""

import math
from typing import Any, Literal

from pydantic import BaseModel

from agent.models.base import Prompt, Turn
from agent.models.option_logprobs import Token, option_logprobs
from agent.models.registry import ModelOptions, make_model
from tests.agent.models.provider_server import ProviderServer, ok
from tests.agent.models.test_http_providers import Answer


class Scale(BaseModel):
    """A rating as a closed list of numbers."""

    note: str
    score: Literal[1, 2, 10]


def token(text: str, **alternatives: float) -> Token:
    """A token with probabilities of what could stand in its place."""
    top = [{"token": name, "logprob": math.log(share)} for name, share in alternatives.items()]
    return Token.model_validate({"token": text, "logprob": 0.0, "top_logprobs": top})


def test_alternatives_are_summed_by_the_option_they_begin() -> None:
    """`like` and `li` both begin "like"; `s` could only be "skip"; what begins no option is left out."""
    tokens = [token('{"action"'), token(': "'), token("li", li=0.5, like=0.2, s=0.1, skip=0.1, w=0.05, x=0.05), token('ke"')]
    found = option_logprobs(tokens, Answer)
    assert found is not None
    assert {option: round(math.exp(value), 6) for option, value in found.items()} == {"skip": 0.2, "watch": 0.05, "like": 0.7}


def test_a_token_that_begins_with_the_quote_is_read_through() -> None:
    """Where the quote and the value share a token, alternatives count only when they begin with the same quote."""
    top: dict[str, float] = {' "like': 0.6, ' "skip': 0.3, "like": 0.1}
    found = option_logprobs([token('{"action":'), token(' "like', **top), token('"}')], Answer)
    assert found is not None
    assert {option: round(math.exp(value), 6) for option, value in found.items()} == {"skip": 0.3, "like": 0.6}


def test_numbers_are_options_too_and_ambiguous_beginnings_count_for_none() -> None:
    """`1` could be 1 or 10: it is assigned to neither."""
    tokens = [token('{"note": "x", "score": '), token("2", **{"2": 0.6, "10": 0.1, "1": 0.3}), token("}")]
    found = option_logprobs(tokens, Scale)
    assert found is not None and {option: round(math.exp(value), 6) for option, value in found.items()} == {"2": 0.6}


def test_what_is_no_log_probability_tells_nothing() -> None:
    """NaN, infinities and numbers above 0, which some servers send, are left out; the others count, and nothing raises."""
    begun = Token(token='{"action": "', logprob=0.0)
    for bad in (float("nan"), float("inf"), float("-inf"), 7.0, 1e6):
        tops = [{"token": "like", "logprob": bad}, {"token": "skip", "logprob": -1.0}]
        found = option_logprobs([begun, Token.model_validate({"token": "like", "logprob": bad, "top_logprobs": tops})], Answer)
        assert found == {"skip": -1.0}
        assert option_logprobs([begun, Token(token="like", logprob=bad)], Answer) is None


async def test_broken_ones_cost_no_answer() -> None:
    """Where a server sends null for one, the answer stands without them."""
    broken: tuple[dict[str, Any], ...] = ({"token": "like", "logprob": None, "top_logprobs": []},)
    with ProviderServer(ok({"action": "like", "watch_fraction": 1}, logprobs=broken)) as server:
        model = make_model("compatible/m", ModelOptions(server.url("chat"), extra={"logprobs": "true"}))
        reply = await model.ask(Prompt("feed", "", (Turn("user", "?"),), Answer, 1))
        await model.close()
    assert reply.logprobs is None and "like" in reply.text and len(server.requests) == 1


def test_no_options_or_no_value_give_none() -> None:
    """An answer without a closed list, or a text that stops before it, has no option probabilities."""

    class Free(BaseModel):
        words: str

    assert option_logprobs([token('{"words": "a"}')], Free) is None
    assert option_logprobs([token("I would"), token(" rather not")], Answer) is None
    assert option_logprobs([token('{"action": "')], Answer) is None


async def test_they_arrive_over_http() -> None:
    """Asked for with `logprobs=true`, they are in the reply."""
    listed: tuple[dict[str, Any], ...] = tuple(
        entry.model_dump() for entry in (token('{"action": "'), token("like", like=0.75, skip=0.25), token('", "watch_fraction": 1}'))
    )
    with ProviderServer(ok({"action": "like", "watch_fraction": 1}, logprobs=listed)) as server:
        model = make_model("compatible/m", ModelOptions(server.url("chat"), extra={"logprobs": "true"}))
        reply = await model.ask(Prompt("feed", "", (Turn("user", "?"),), Answer, 1))
        await model.close()
    assert reply.logprobs is not None and math.isclose(reply.logprobs["like"], math.log(0.75))
