"""Makes events from what was shown and answered, in a form that can be stored whatever a page or a model wrote."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from decimal import Decimal
from typing import Any

from agent.models.base import Reply
from agent.protocols.base import AnswerState, Interpretation
from agent.trace.events import AnswerEvent, DecisionRecord, ExampleRecord, FrameRef, ItemRecord, StimulusEvent, TokenUsage
from environments.base import Example, Frame, ItemFacts, Stimulus, StimulusText
from personas.errors import ModelError, ModelSetupError

__all__ = ["answer_event", "failure_event", "now", "stimulus_event", "storable", "storable_text"]


def storable(stimulus: Stimulus) -> Stimulus:
    """The stimulus with texts that can be stored: what is asked about is what the trace says."""
    whole = {"frames", "text", "item", "examples"}
    kept = {each.name: _clean(getattr(stimulus, each.name)) for each in fields(stimulus) if each.name not in whole}
    if stimulus.item is not None:
        kept["item"] = ItemFacts(**{each.name: _clean(getattr(stimulus.item, each.name)) for each in fields(ItemFacts)})
    examples = tuple(Example(_clean(each.id), each.frames, _storable_words(each.text), each.place) for each in stimulus.examples)
    return Stimulus(frames=stimulus.frames, text=_storable_words(stimulus.text), examples=examples, **kept)


def _storable_words(text: StimulusText) -> StimulusText:
    return StimulusText(**{each.name: _clean(getattr(text, each.name)) for each in fields(StimulusText)})


def _clean(value: Any) -> Any:
    """`value` with every text in it as it can be stored."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {_clean(name): _clean(held) for name, held in value.items()}
    return tuple(_clean(held) for held in value) if isinstance(value, tuple) else value


def stimulus_event(stimulus: Stimulus, step: int) -> StimulusEvent:
    """A stimulus as it is recorded; its frames by hash."""
    text = asdict(stimulus.text)
    return StimulusEvent(
        at=now(),
        step=step,
        id=stimulus.id,
        frames=_refs(stimulus.frames),
        text={name: list(value) if isinstance(value, tuple) else value for name, value in text.items() if value},
        duration_s=round(stimulus.duration_s, 4),
        source=stimulus.source,
        ad=stimulus.ad,
        propensity=stimulus.propensity,
        request_id=stimulus.request_id,
        labels=None if stimulus.labels is None else dict(stimulus.labels),
        labels_source=stimulus.labels_source,
        cluster=stimulus.cluster,
        stratum=stimulus.stratum,
        topic=stimulus.topic,
        item=None if stimulus.item is None else ItemRecord(**asdict(stimulus.item)),
        examples=tuple(_example(each) for each in stimulus.examples) or None,
    )


def _refs(frames: tuple[Frame, ...]) -> tuple[FrameRef, ...]:
    return tuple(FrameRef(sha256=frame.sha256, t=round(frame.t, 4)) for frame in frames)


def _example(example: Example) -> ExampleRecord:
    words = example.text
    return ExampleRecord(id=example.id, frames=_refs(example.frames), caption=words.caption, options=words.options, place=example.place)


def answer_event(reply: Reply, found: Interpretation, *, step: int, stage: str, attempt: int, final: bool) -> AnswerEvent:
    """A reply, with what it was taken for."""
    decision = found.decision
    return AnswerEvent(
        at=now(),
        step=step,
        stage=stage,
        attempt=attempt,
        outcome=found.state,
        final=final,
        decision=None if decision is None else DecisionRecord(**asdict(replace(decision, reason=storable_text(decision.reason)))),
        raw=storable_text(reply.text),
        fault=storable_text(found.fault) or None,
        refusal=None if reply.refusal is None else storable_text(reply.refusal),
        usage=TokenUsage(**asdict(reply.usage)),
        cost_usd=reply.cost_usd,
        latency_s=round(reply.latency_s, 4),
        attempts=reply.attempts,
        possibly_paid=reply.possibly_paid,
        finish_reason=storable_text(reply.finish_reason),
        model_version=storable_text(reply.model_version),
        logprobs=None if reply.logprobs is None else dict(reply.logprobs),
    )


def failure_event(error: ModelError | ModelSetupError, *, step: int, stage: str, attempt: int) -> AnswerEvent:
    """No reply could be had: the stimulus has failed."""
    return AnswerEvent(
        at=now(),
        step=step,
        stage=stage,
        attempt=attempt,
        outcome=AnswerState.FAILED,
        final=True,
        error=storable_text(str(error)),
        attempts=error.attempts,
        possibly_paid=error.possibly_paid,
        cost_usd=Decimal(0),
    )


def storable_text(text: str) -> str:
    """Text as it can be stored: lone surrogates, which UTF-8 cannot hold, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def now() -> float:
    """Unix seconds, to the millisecond."""
    return round(time.time(), 3)
