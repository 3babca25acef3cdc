"""How likely given texts are, over Chat Completions as vLLM speaks it.

Each text is sent as the last message of the conversation, which the model would continue: `continue_final_message` (and no
`add_generation_prompt`), `prompt_logprobs` 0, which tells of each token of the prompt how likely it was and nothing else, `max_tokens` 1
because a server writes at least one (https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html). The server's own template
stands around the text, and it says nowhere where the text begins. That is found by comparing: of conversations that differ in their last
message alone, the tokens that all have in common are the prompt. If all texts begin with the same byte, one more is sent that does not.

Where the first letters of a text form a token together with the end of the prompt (a space before a word), that token is counted as the
text's, for all texts of the prompt alike: each is then the probability of everything after the same tokens. It is marked as merged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from agent.models.base import Likelihood, Prompt, Reply, Turn, Usage
from agent.models.bounds import most_usd
from agent.models.chat import ChatCompletions
from agent.models.http_model import Answer, HttpModel, read_json
from agent.models.limiter import limiter_for
from agent.models.prices import FREE
from agent.models.retry import Answered, with_retries
from agent.models.scoring import added, count, probes
from personas.errors import ModelError, ModelSetupError, Unavailable

__all__ = ["GivenTexts", "ScoringHttpModel"]


class _PromptToken(BaseModel):
    # One that is no number would make a sum that is larger than none; vLLM itself writes -9999 for minus infinity.
    logprob: Annotated[float, Field(le=0.001, allow_inf_nan=False)]
    decoded_token: str | None = None


class _Scored(BaseModel):
    prompt_logprobs: list[dict[str, _PromptToken] | None] | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the prompt; its own log-probability is None where nothing stands before it."""

    id: str
    logprob: float | None
    text: str | None


@dataclass(frozen=True)
class TokensRead(Answer):
    """An answer with the tokens of the prompt that it followed."""

    tokens: tuple[Token, ...] = ()


class GivenTexts(ChatCompletions):
    """Chat Completions; a conversation that ends with a message of the assistant is scored and not answered."""

    def body(self, prompt: Prompt) -> dict[str, Any]:
        if not _ends_given(prompt):
            return super().body(prompt)
        system: list[dict[str, Any]] = [{"role": "system", "content": prompt.system}] if prompt.system else []
        return {
            "model": self._endpoint.model,
            "messages": system + [self._message(turn) for turn in prompt.turns],
            "max_tokens": 1,
            "temperature": 1.0,
            "prompt_logprobs": 0,
            "add_generation_prompt": False,
            "continue_final_message": True,
        }

    def read(self, content: bytes, prompt: Prompt) -> Answer:
        answer = super().read(content, prompt)
        if not _ends_given(prompt) or answer.refusal is not None:
            return answer
        scored = read_json(content, _Scored)
        if not scored.prompt_logprobs:
            failure = ModelSetupError(
                f"{self._endpoint.name}: the server gives no prompt_logprobs, so it cannot score given texts: use a vLLM server"
            )
            failure.possibly_paid = 1  # it answered, of what was asked
            raise failure
        return TokensRead(**vars(answer), tokens=tuple(map(_token, scored.prompt_logprobs)))


def _ends_given(prompt: Prompt) -> bool:
    return bool(prompt.turns) and prompt.turns[-1].role == "assistant"


def _token(entry: dict[str, _PromptToken] | None) -> Token:
    """The token that stands there: the first one told of, should a server tell of likelier ones as well."""
    if not entry:
        return Token("", None, None)
    name, told = next(iter(entry.items()))
    return Token(name, told.logprob, told.decoded_token)


class ScoringHttpModel(HttpModel):
    """A `ScoringModel` over HTTP; its dialect is `GivenTexts`."""

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Reply:
        """One call a text, and one more where their beginnings do not show where the prompt ends. Raises as `ask`."""
        if self._ready is not None:
            await self._ready()
        texts = [*continuations, *probes(continuations)]
        got = await asyncio.gather(*(self._read(_ending(prompt, text)) for text in texts), return_exceptions=True)
        failed = [each for each in got if isinstance(each, BaseException)]
        replied = [each for each in got if not isinstance(each, BaseException)]
        if failed:
            raise _failure(failed, replied)
        together = added([self._reply(each) for each in replied])
        refusal = next((each.value.refusal for each in replied if each.value.refusal is not None), None)
        if refusal is not None:
            return replace(together, refusal=refusal)
        rows = [each.value.tokens for each in replied if isinstance(each.value, TokensRead)]
        try:
            return replace(together, likelihoods=tuple(likelihoods(continuations, rows)))
        except Unavailable as error:
            count(error, attempts=together.attempts, possibly_paid=together.possibly_paid + 1)
            raise

    def most_usd(self, prompt: Prompt) -> Decimal | None:
        """As of any prompt; of given texts that of all calls together, after the neutral conversation as well."""
        if not prompt.given or self._endpoint.price is FREE:
            return super().most_usd(prompt)
        price = self._endpoint.price if self.price_known else None
        ways = [prompt, *([replace(prompt, system="", turns=prompt.neutral)] if prompt.neutral else [])]
        texts = [*prompt.given, *probes(prompt.given)]
        found = [most_usd(_ending(way, text), price, 1) for way in ways for text in texts]
        known = [each for each in found if each is not None]
        return sum(known, Decimal(0)) if len(known) == len(found) else None

    async def _read(self, prompt: Prompt) -> Answered[Answer]:
        settings = self._endpoint.settings
        limiter = limiter_for(self._endpoint.base_url, self._endpoint.model, settings.concurrency)
        # Made when its turn has come: the pictures of all texts of all items that wait would fill the memory.
        return await with_retries(lambda: self._call(self._dialect.body(prompt), prompt), limiter, self._policy)

    def _reply(self, got: Answered[Answer]) -> Reply:
        return Reply(
            text="",
            usage=got.value.usage or Usage(),
            cost_usd=self._cost(got.value),
            latency_s=got.latency_s,
            attempts=got.attempts,
            possibly_paid=got.possibly_paid,
            finish_reason="scored",
            model_version=got.value.model_version,
        )


def _ending(prompt: Prompt, text: str) -> Prompt:
    """The conversation with `text` as the assistant's last words."""
    return replace(prompt, turns=(*prompt.turns, Turn("assistant", text)), given=(), neutral=())


def likelihoods(texts: Sequence[str], rows: Sequence[Sequence[Token]]) -> list[Likelihood]:
    """Of each text by the tokens of its conversation in `rows`, which may hold one more that only shows where the prompt ends.

    Raises Unavailable where the conversations have no token in common but the last, or a text has none of its own.
    """
    border = _common([[token.id for token in row] for row in rows])
    found = []
    for text, row in zip(texts, rows, strict=False):
        own = row[border:]
        if border == 0 or not own or any(token.logprob is None for token in own):
            raise Unavailable("the tokens of the prompt do not show where the given text begins")
        told = "".join(token.text or "" for token in own)
        found.append(Likelihood(min(0.0, sum(token.logprob or 0.0 for token in own)), len(own), merged=told != text))
    return found


def _common(rows: Sequence[Sequence[str]]) -> int:
    """How many tokens all rows begin with alike."""
    for place, tokens in enumerate(zip(*rows, strict=False)):
        if len(set(tokens)) > 1:
            return place
    return min(map(len, rows))


def _failure(failed: Sequence[BaseException], replied: Sequence[Answered[Answer]]) -> BaseException:
    """The failure to raise: a bug first, then what the user can mend, each with the calls of all."""
    errors = [error for error in failed if isinstance(error, ModelError | ModelSetupError)]
    if len(errors) < len(failed):
        return next(error for error in failed if error not in errors)
    first = next((error for error in errors if isinstance(error, ModelSetupError)), errors[0])
    attempts = sum(each.attempts for each in replied) + sum(each.attempts for each in errors)
    paid = max([*(each.possibly_paid + 1 for each in replied), *(error.possibly_paid for error in errors)])
    count(first, attempts=attempts, possibly_paid=paid)
    return first
