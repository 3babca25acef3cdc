"""What an experiment will take, before it runs: decisions, tokens, US dollars. Estimates, for a limit holds whatever they say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent.experiments.matrix import Planned
from agent.experiments.plan import Plan
from agent.models.base import Prompt, Usage
from agent.models.prices import FREE, Price, cost, known_price
from agent.models.registry import PROVIDERS, ModelOptions, make_model, split_name
from agent.models.scoring import calls_of, probes
from agent.protocols.base import Decision, FeedbackProtocol, Question, opening, stimulus_slots
from agent.protocols.strategies.registry import asked_protocol, make_strategy
from environments.base import ActionKind, Frame, Stimulus
from environments.request import FeedRequest, open_environment
from personas.errors import AxiofeedError
from personas.persona import load_persona

__all__ = ["ModelEstimate", "estimates"]

LETTERS_A_TOKEN = 4
PIXELS_A_TOKEN = 750
"""Anthropic's published rule for pictures; other providers count between half and twice as many."""
FIELD_TOKENS = 20
"""Of one field of an answer: 80 for a decision, how far to watch, a rating and a sentence."""
_LONG = 1_000
"""Letters from which a field is text of its own, or a list: such an answer is taken at as many tokens as it may have."""
_MOST_STAGES = 10


@dataclass(frozen=True)
class ModelEstimate:
    """Of one model. `usd` is None where the price is unknown; `problem` says why the model cannot be made as things are, else ""."""

    model: str
    sessions: int
    decisions: int
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    problem: str = ""


def estimates(plan: Plan) -> tuple[ModelEstimate, ...]:
    """One a model. Shows one clip of each feed to find out how long a prompt is. Raises FeedError where a feed cannot be opened."""
    samples: dict[Any, tuple[int, int, int]] = {}
    found: list[ModelEstimate] = []
    for model, sessions in plan.models.items():
        price, problem = _price(sessions[0])
        free = PROVIDERS[split_name(model)[0]].urls is None
        usages: list[tuple[int, Usage]] = []
        for planned in sessions:
            spec = planned.spec
            key = (spec.environment, spec.feed, spec.frames, spec.protocol, spec.strategy, spec.placement, spec.condition, spec.examples)
            if key not in samples:
                samples[key] = _sample(planned)
            letters, pixels, written = samples[key]
            taken = Usage(input=letters // LETTERS_A_TOKEN + pixels // PIXELS_A_TOKEN, output=written)
            usages.append((spec.videos, Usage() if free else taken))
        costs = [cost(usage, FREE if free else price) for _, usage in usages]
        usd = None if None in costs else sum((n * each for (n, _), each in zip(usages, costs, strict=True) if each), Decimal(0))
        inputs, outputs = (sum(n * getattr(usage, kind) for n, usage in usages) for kind in ("input", "output"))
        found.append(ModelEstimate(model, len(sessions), sum(n for n, _ in usages), inputs, outputs, usd, problem))
    return tuple(found)


def _sample(planned: Planned) -> tuple[int, int, int]:
    """Letters and pixels of all that is asked about an item, tokens of the answers; what only a browser shows is taken as a usual clip."""
    spec = planned.spec
    if spec.environment not in {"simulated", "recorded", "deck"}:
        return 2_000, spec.frames * 360 * 640, 4 * FIELD_TOKENS
    protocol = asked_protocol(spec.protocol, spec.strategy, spec.placement)
    request = FeedRequest(
        spec.feed,
        policy=spec.policy,
        videos=1,
        seed=spec.seed,
        frames=spec.frames,
        condition=spec.condition,
        examples=spec.examples,
    )

    async def first() -> Stimulus | None:
        environment = await asyncio.to_thread(open_environment, spec.environment, request)
        await environment.open()
        try:
            return await environment.observe()
        finally:
            await environment.close()

    stimulus = asyncio.run(first())
    if stimulus is None:
        return 0, 0, 0
    persona = load_persona(spec.persona)
    slots = stimulus_slots(stimulus) | {
        "persona": make_strategy(spec.strategy).persona_text(persona, spec.paraphrase),
        "persona_name": persona.name,
        "memory": "",
    }
    found = [(*_sent(prompt), _written(prompt)) for prompt in _asked(protocol, stimulus, slots)]
    letters, pixels, written = (sum(column) for column in zip(*found, strict=True))
    return letters, pixels, written


def _asked(protocol: FeedbackProtocol, stimulus: Stimulus, slots: Mapping[str, str]) -> Iterator[Prompt]:
    """The questions about a stimulus that is looked at to the end, one a stage; each answer as long as it is taken to be."""
    stage: str | None = opening(protocol, stimulus)
    replies: dict[str, str] = {}
    while stage is not None and len(replies) < _MOST_STAGES:
        prompt = protocol.prompt(Question(stage, 0, dict(replies)), stimulus, slots, 0)
        yield prompt
        names = prompt.answer.model_fields
        replies[stage] = json.dumps(dict.fromkeys(names, "." * (LETTERS_A_TOKEN * _written(prompt) // max(1, len(names)))))
        stage = protocol.next_stage(stage, Decision(ActionKind.WATCH, 1.0))


def _sent(prompt: Prompt) -> tuple[int, int]:
    """Letters and pixels of the calls of one prompt: texts that are scored are read one by one, after the prompt and the neutral one."""
    texts = [*prompt.given, *probes(prompt.given)] if prompt.given else [""]
    letters, pixels = len(texts) * len(prompt.system), 0
    for turns in (prompt.turns, prompt.neutral) if prompt.neutral else (prompt.turns,):
        letters += len(texts) * sum(len(turn.text) for turn in turns) + sum(map(len, texts))
        pixels += len(texts) * sum(_pixels(frame) for turn in turns for frame in turn.images)
    return letters, pixels


def _written(prompt: Prompt) -> int:
    """Tokens of the answer; where texts are scored, the one that a server writes after each."""
    if prompt.given:
        return calls_of(prompt)
    fields = prompt.answer.model_json_schema().get("properties", {}).values()
    if any(field.get("maxLength", 0) > _LONG or field.get("type") == "array" for field in fields):
        return prompt.max_output_tokens
    return FIELD_TOKENS * len(fields)


def _pixels(frame: Frame) -> int:
    import io  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415 - Pillow loads when used

    with Image.open(io.BytesIO(frame.jpeg)) as picture:
        return picture.width * picture.height


def _price(planned: Planned) -> tuple[Price | None, str]:
    """The price of a model, None where it is unknown, and why the model cannot be made."""
    spec = planned.spec
    try:
        made: Any = make_model(spec.model, ModelOptions(spec.base_url, spec.serve, spec.model_options))
    except AxiofeedError as error:
        return known_price(spec.model), str(error)
    return getattr(made, "price", None), ""
