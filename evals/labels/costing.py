"""What a batch of labels will take, before it runs: calls, tokens, US dollars. Estimates: the limits hold whatever they say."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.experiments.estimate import LETTERS_A_TOKEN, PIXELS_A_TOKEN
from agent.models.base import Prompt, Usage
from agent.models.prices import FREE, Price, cost, known_price
from agent.models.registry import PROVIDERS, ModelOptions, make_model, split_name
from agent.protocols.base import Question, stimulus_slots
from agent.protocols.registry import make_protocol
from environments.base import Stimulus, StimulusText
from environments.corpus.feed import feed_items, stored_pictures
from evals.labels.batches import Batch, Task
from personas.errors import AxiofeedError

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["JudgeCost", "costs_of"]

SAMPLED = 6
"""Videos from which the length of a prompt is found."""
ANSWER_TOKENS = {"values": 300, "script": 250}
"""Of an answer of each stage: ten codes with evidence for the few that are not 0; a script of some five sentences."""
_SCRIPT = '{"scene": "' + "a person in a place does things with something " * 12 + '"}'


@dataclass(frozen=True)
class JudgeCost:
    """Of one judge. `usd` is None where the price is unknown; `problem` says why the judge cannot be asked as things are, else ""."""

    judge: str
    videos: int
    calls: int
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    problem: str = ""


def costs_of(batch: Batch, corpus: Corpus) -> tuple[JudgeCost, ...]:
    """One a judge, from the prompts about a few of the videos. Raises CorpusError, FeedError where their pictures cannot be read."""
    found: list[JudgeCost] = []
    for judge in dict.fromkeys(task.judge for task in batch.tasks):
        mine = [task for task in batch.tasks if task.judge == judge]
        options = ModelOptions(judge.base_url, extra={} if PROVIDERS[split_name(judge.model)[0]].urls is None else _options(batch))
        price, problem = _price(judge.model, options)
        asked = [(len(task.videos) * len(task.cells), call) for task in mine for call in _calls(batch, task, corpus)]
        each = [cost(call, price) for _, call in asked]
        usd = None if None in each else sum((times * one for (times, _), one in zip(asked, each, strict=True) if one), Decimal(0))
        inputs, outputs = (sum(times * getattr(call, kind) for times, call in asked) for kind in ("input", "output"))
        videos = len({name for task in mine for name in task.videos})
        found.append(JudgeCost(judge.model, videos, sum(times for times, _ in asked), inputs, outputs, usd, problem))
    return tuple(found)


def _options(batch: Batch) -> dict[str, str]:
    return dict(batch.request.model_options or {})


def _calls(batch: Batch, task: Task, corpus: Corpus) -> list[Usage]:
    """What one call of each stage takes: the mean over a few videos."""
    protocol = make_protocol(batch.request.protocol)
    stages = ["script", "values"] if batch.request.two_step else ["values"]
    stimuli = _stimuli(corpus, task, batch.request.frames)
    told: list[Usage] = []
    for stage in stages:
        question = Question(stage, task.cells[0], {"script": _SCRIPT})
        tokens = [_tokens(protocol.prompt(question, each, _slots(each), 0)) for each in stimuli]
        told.append(Usage(input=round(sum(tokens) / len(tokens)) if tokens else 0, output=ANSWER_TOKENS[stage]))
    return told


def _slots(stimulus: Stimulus) -> dict[str, str]:
    return stimulus_slots(stimulus) | {"persona": "", "persona_name": "", "memory": ""}


def _stimuli(corpus: Corpus, task: Task, frames: int) -> list[Stimulus]:
    """A few of the task's videos, as they will be shown."""
    items = feed_items(corpus, task.videos[:SAMPLED], labels=False)
    most = max((len(item.stored) for item in items), default=0)
    pictures = stored_pictures(corpus, items, min(frames, most), first_moment=False) if most else None
    found: list[Stimulus] = []
    for item in items:
        shown = pictures(item) if pictures and item.stored else ()
        text = item.text if item.stored else StimulusText(caption=item.text.caption)
        found.append(Stimulus(item.id, 0, () if isinstance(shown, str) else shown, text, item.duration_s, item.source))
    return found


def _tokens(prompt: Prompt) -> int:
    from PIL import Image  # noqa: PLC0415 - Pillow loads when used

    letters = len(prompt.system) + sum(len(turn.text) for turn in prompt.turns)
    pixels = 0
    for frame in _frames(prompt):
        with Image.open(io.BytesIO(frame)) as picture:
            pixels += picture.width * picture.height
    return letters // LETTERS_A_TOKEN + pixels // PIXELS_A_TOKEN


def _frames(prompt: Prompt) -> Sequence[bytes]:
    return [frame.jpeg for turn in prompt.turns for frame in turn.images]


def _price(model: str, options: ModelOptions) -> tuple[Price | None, str]:
    """The price of a model, None where it is unknown, and why the model cannot be made."""
    if PROVIDERS[split_name(model)[0]].urls is None:
        return FREE, ""
    try:
        made: Any = make_model(model, options)
    except AxiofeedError as error:
        return known_price(model), str(error)
    return getattr(made, "price", None), ""
