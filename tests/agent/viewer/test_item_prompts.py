"""Questions about items of a deck as the viewer shows them are those that went out, in all stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent.models.base import Likelihood, Prompt, Reply
from agent.protocols.registry import PROTOCOLS, asks_about_items
from environments.base import Example, Frame, ItemFacts, Stimulus, StimulusText
from tests.agent.driving import Spy, stimulus
from tests.agent.viewer.test_prompts import check_same, rebuilt
from tests.agent.viewer.traces import HOSTILE, run, session, shelf

pytestmark = pytest.mark.usefixtures("own_cache")
WORDS = [text for text in HOSTILE if "\0" not in text and len(text) < 1000]
GOOD = {
    "answer": "B",
    "reason": "so",
    "reasoning": "so",
    "description": "a room",
    "rating": 4,
    "ground": "both",
    "verdict": True,
    "better": "first",
    "option": "b",
    "triplets": [],
    "captions": [],
    "objects": [],
    "relations": [],
    "texts": [],
}


@dataclass
class Answering(Spy):
    """Fills any form; every third answer cannot be read. Of given texts it keeps which were scored, and after what."""

    scored: list[Prompt] = field(default_factory=list)

    async def ask(self, prompt: Prompt) -> Reply:
        self.asked.append(prompt)
        good = {name: GOOD[name] for name in prompt.answer.model_fields}
        return Reply("{what}" if len(self.asked) % 3 == 0 else json.dumps(good))

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Reply:
        self.scored.append(prompt)
        return Reply("", likelihoods=tuple(Likelihood(-1.0, 2) for _ in continuations))


def items() -> list[Stimulus]:
    """Questions with hostile words, with examples that have pictures of their own."""
    found = []
    for number in range(8):
        options = tuple(f"{WORDS[(number + place) % len(WORDS)]}\n{place}" for place in range(2 + number % 3))
        shown = Example(f"e{number}", (Frame.of(b"\xff\xd8 example", 0.0),), StimulusText(caption="Before?", options=("x", "y")), 1)
        text = StimulusText(caption=f"{WORDS[number % len(WORDS)]} {number}?", options=options)
        facts = ItemFacts(key=(0,), order=tuple(range(len(options))), about={"letters": str(len(options))})
        found.append(stimulus(number, text=text, item=facts, examples=(shown,) * (number % 2), duration_s=0.0))
    return found


@pytest.mark.parametrize("placement", ["system", "user"])
@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if asks_about_items(name) and "likert" not in name])
async def test_every_protocol_of_items_is_shown_as_sent(protocol: str, placement: str, tmp_path: Path) -> None:
    """System message, turns, pictures, the texts that were scored and what after, over all cells, stages and repairs."""
    model = Answering()
    await run(
        tmp_path, "s", model, stimuli=items(), persona="hedonist", environment="deck", feed="x", protocol=protocol, placement=placement
    )
    asks: list[dict[str, Any]] = rebuilt(shelf(tmp_path), "s")
    check_same(asks, model.asked or model.scored[::2])
    for ask, prompt, neutral in zip(asks, model.scored[::2], model.scored[1::2], strict=bool(model.scored)):
        assert ask["given"] == list(prompt.given) and len(ask["given"]) >= 2
        assert ask["neutral"] == [{"role": turn.role, "text": turn.text, "images": []} for turn in neutral.turns] != []
    for prompt in model.asked or model.scored[::2]:
        told = [turn.text.startswith(prompt.slots["persona"]) for turn in prompt.turns]
        assert prompt.slots["persona"] and sum(told) == (placement == "user") and (prompt.system == "") is (placement == "user")
        assert not any(each for each, turn in zip(told, prompt.turns, strict=True) if turn.text.startswith("Before?"))
    if protocol == "choice-chain":
        assert {len(ask["turns"]) for ask in asks} >= {1, 3, 5}


@pytest.mark.parametrize(
    ("protocol", "told"), [("nearest", "B"), ("curate", "found 0"), ("verdict", "true"), ("verdict-pair", "first"), ("rating", "4 of 5")]
)
async def test_a_list_of_steps_says_what_was_answered(protocol: str, told: str, tmp_path: Path) -> None:
    """Where no option was shown, the letter that a judge named, or the figures."""
    given = [replace(each, text=StimulusText(caption=each.text.caption)) for each in items()]
    await run(tmp_path, "s", Answering(), stimuli=given, environment="deck", feed="x", protocol=protocol)
    assert told in {row["chosen"] for row in session(shelf(tmp_path), "s")["steps"]} <= {told, None}
