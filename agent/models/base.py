"""The contract of every respondent: a prompt goes in, a reply comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from environments.base import Frame, ItemFacts

__all__ = ["Design", "Likelihood", "Model", "Prompt", "Reply", "ScoringModel", "Turn", "Usage"]


@dataclass(frozen=True)
class Turn:
    """One message of a conversation. Images come before the text."""

    role: Literal["user", "assistant"]
    text: str
    images: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Design:
    """What the study planted, for synthetic respondents only: loadings and the persona's target by value code, what is known of an item."""

    labels: Mapping[str, float]
    persona_target: Mapping[str, float]
    item: ItemFacts | None = None


@dataclass(frozen=True)
class Prompt:
    """One question to a model.

    task      which question of which protocol, such as "feed" or "staged.glance"
    answer    the pydantic model that a good answer fits; its field order is the order in which to answer
    slots     the pieces the text was rendered from (persona, caption, author, hashtags …): what embedded respondents read
    design    given to synthetic respondents only (`Model.synthetic`), else None: a real model never sees labels
    seed      for backends that take one; derived from (session seed, step, stage, attempt)
    step_seed derived from (session seed, step): the same in all stages and attempts of a stimulus
    given     texts that might follow, whose likelihood is asked for in place of an answer (`ScoringModel`)
    neutral   where texts are given: the conversation, without the system message, after which they are scored a second time, so that
              what makes a text likely by itself can be taken off
    """

    task: str
    system: str
    turns: tuple[Turn, ...]
    answer: type[BaseModel]
    seed: int
    step_seed: int = 0
    slots: Mapping[str, str] = field(default_factory=dict)
    design: Design | None = None
    stimulus_id: str = ""
    max_output_tokens: int = 500
    given: tuple[str, ...] = ()
    neutral: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Usage:
    """Tokens, as billed. `input` counts fresh tokens only: without `cached` (read) and `cache_written`. `output` includes `reasoning`."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class Likelihood:
    """Of one given text after a prompt: the sum of the log-probabilities of its tokens (natural logarithm, at most 0), and their number.

    alone   the sum after the neutral conversation, None where that was not asked for
    merged  whether its first token holds something of the prompt as well, or what stands before it cannot be told from it
    """

    total: float
    tokens: int
    alone: float | None = None
    merged: bool = False


@dataclass(frozen=True)
class Reply:
    """One answer as it arrived.

    `text` is what the model wrote, whole. `refusal` is the provider's own mark of a refusal (its text, or the name of the
    mark), None otherwise. `cost_usd` is None when the price is unknown. `attempts` counts HTTP calls including this one;
    `possibly_paid` counts those that ended without an answer after the request was sent. `latency_s` is of the last of
    them. `logprobs` holds the log-probability of each option where the backend has them. `likelihoods`: of the given texts, in order.
    """

    text: str
    refusal: str | None = None
    usage: Usage = Usage()
    cost_usd: Decimal | None = None
    latency_s: float = 0.0
    attempts: int = 1
    possibly_paid: int = 0
    finish_reason: str = "stop"
    model_version: str = ""
    logprobs: Mapping[str, float] | None = None
    likelihoods: tuple[Likelihood, ...] = ()


class Model(Protocol):
    """A respondent. `name` is `provider/name`. `synthetic` is true only for respondents that answer from labels.

    `ask` raises `personas.errors.ModelError` when no reply can be had, after its retries. `close` releases connections and processes.
    `most_usd` bounds what one call with this prompt can cost, in US dollars (0 where it is free, None where the price is unknown).
    `price_known` says whether `Reply.cost_usd` will be a number.
    """

    name: str
    synthetic: bool
    price_known: bool

    async def ask(self, prompt: Prompt) -> Reply: ...

    def most_usd(self, prompt: Prompt) -> Decimal | None: ...

    async def close(self) -> None: ...


@runtime_checkable
class ScoringModel(Model, Protocol):
    """A respondent that can also say how likely given texts are.

    `score` gives a reply without text whose `likelihoods` are those of `continuations`, in order, each as an answer that begins where the
    prompt ends; `Prompt.neutral` is not its matter. Raises as `ask`. `most_usd` of a prompt with `given` texts bounds all that they cost.
    """

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Reply: ...
