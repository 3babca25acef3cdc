"""How likely given texts are: who can say it, and one question of a session put to them, after the prompt and after a neutral one."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from agent.models.base import Model, Prompt, Reply, ScoringModel, Usage
from agent.models.registry import split_name
from agent.protocols.choice import LETTERS
from personas.errors import ModelError, ModelSetupError, Unavailable
from personas.one_line import one_line

__all__ = ["SCORING_PROVIDERS", "added", "answered", "calls_of", "check_provider", "check_scores", "count", "probes"]

SCORING_PROVIDERS = ("vllm", "compatible", "keyed")
"""Those whose models score given texts (`compatible`: where the server is vLLM)."""


_PROBES = string.ascii_letters + string.digits


def probes(texts: Sequence[str]) -> list[str]:
    """A letter that none of `texts` begins with, where all of them begin with the same byte; nothing where two differ."""
    first = {text.encode("utf-8", "replace")[:1] for text in texts}
    return [] if len(first) > 1 else [next(letter for letter in _PROBES if letter.encode() not in first)]


def calls_of(prompt: Prompt) -> int:
    """How many calls one answer takes where none has to be made again: of given texts one each, after both prompts."""
    if not prompt.given:
        return 1
    return (2 if prompt.neutral else 1) * (len(prompt.given) + len(probes(prompt.given)))


def check_provider(name: str) -> None:
    """Raises ModelSetupError, before a key is asked for, for `provider/name` of a provider whose models cannot score given texts."""
    provider = split_name(name)[0]
    if provider not in SCORING_PROVIDERS:
        raise _cannot(name)


def check_scores(model: Model) -> None:
    """Raises ModelSetupError, before anything is asked, for a model that cannot score given texts."""
    if not isinstance(model, ScoringModel):
        raise _cannot(model.name)


def _cannot(name: str) -> ModelSetupError:
    return ModelSetupError(
        f"{one_line(name, 120)} cannot say how likely a given text is, which --protocol likelihood needs: the providers that can are "
        f"{', '.join(SCORING_PROVIDERS)} (compatible where the server is vLLM)"
    )


async def answered(model: Model, prompt: Prompt) -> Reply:
    """The reply to a prompt; where it gives texts, one with their likelihoods. Raises as `Model.ask`.

    A failure after some of the calls were answered says that all of it may have been paid once more; its kind stays what it was, so that a
    server which is gone halfway stops the session, and the item waits.
    """
    if not prompt.given:
        return await model.ask(prompt)
    if not isinstance(model, ScoringModel):
        raise ModelSetupError(f"{model.name} cannot say how likely a given text is")
    after = await _scored(model, prompt)
    if after.refusal is not None or not prompt.neutral:
        return _lettered(after)
    try:
        alone = await _scored(model, replace(prompt, system="", turns=prompt.neutral, neutral=()))
    except (ModelError, ModelSetupError) as error:
        count(error, attempts=after.attempts + error.attempts, possibly_paid=max(after.possibly_paid + 1, error.possibly_paid))
        raise
    if alone.refusal is not None:
        return replace(added((after, alone)), refusal=alone.refusal)
    both = zip(after.likelihoods, alone.likelihoods, strict=True)
    found = tuple(replace(one, alone=two.total, merged=one.merged or two.merged) for one, two in both)
    return _lettered(replace(added((after, alone)), likelihoods=found))


def _lettered(reply: Reply) -> Reply:
    """The mean log-probability of a token of each text by the letter of its place: what the confidence of a choice among them rests on."""
    means = {letter: each.total / each.tokens for letter, each in zip(LETTERS, reply.likelihoods, strict=False)}
    return replace(reply, logprobs=means or None)


def count(error: ModelError | ModelSetupError, *, attempts: int, possibly_paid: int) -> None:
    """Note on the failure of one of several calls what all of them made and may have cost."""
    error.attempts, error.possibly_paid = attempts, possibly_paid


async def _scored(model: ScoringModel, prompt: Prompt) -> Reply:
    """As `ScoringModel.score`, of all given texts or none."""
    reply = await model.score(prompt, prompt.given)
    if reply.refusal is None and len(reply.likelihoods) != len(prompt.given):
        error = Unavailable(f"{len(reply.likelihoods)} of {len(prompt.given)} texts were scored")
        count(error, attempts=reply.attempts, possibly_paid=reply.possibly_paid + 1)
        raise error
    return reply


def added(replies: Sequence[Reply]) -> Reply:
    """Several calls as one reply: tokens, cost and calls in all; the longest latency. Its cost is unknown where one of theirs is.

    `possibly_paid` is the largest of theirs: the bound of what the whole costs holds each call once.
    """
    costs = [reply.cost_usd for reply in replies]
    known = [cost for cost in costs if cost is not None]
    usages = [reply.usage for reply in replies]
    return Reply(
        text="",
        usage=Usage(**{name: sum(getattr(usage, name) for usage in usages) for name in Usage.__dataclass_fields__}),
        cost_usd=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        latency_s=max(reply.latency_s for reply in replies),
        attempts=sum(reply.attempts for reply in replies),
        possibly_paid=max(reply.possibly_paid for reply in replies),
        finish_reason=replies[0].finish_reason,
        model_version=replies[0].model_version,
    )
