"""`keyed/NAME`: a synthetic respondent that answers a benchmark's questions from their key, with a true score that is known beforehand.

    right          every question rightly            first          always the first place shown (letter A)
    uniform        any place, each equally likely    refuses-half   refuses half of the questions, the rest rightly
    fails-some     one call in five fails, the rest rightly

`--model-option accuracy=0.7` sets how often `right`, `refuses-half` and `fails-some` are right; else they choose among the wrong places.
All draws are by the item alone, and by the seed of the step where `draws=fresh` is given. Of given texts the one at the place of the
answer is likeliest, by the sum, the mean and the gain over the neutral prompt alike.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.models.base import Likelihood, Prompt, Reply
from agent.models.complaint import first_complaint
from agent.models.filling import fill
from agent.models.lapses import fails, refuses
from agent.protocols.base import Decision
from agent.protocols.choice import LETTERS
from environments.base import ActionKind, ItemFacts
from environments.canonical import rng
from personas.errors import ModelSetupError, Unavailable

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["KINDS", "Keyed", "build", "place_chosen"]

KINDS = ("right", "first", "uniform", "refuses-half", "fails-some")
NO_IDEA = "no answer"
LIKELY = -0.5
"""The log-probability of the text at the place of the answer; of another it is -1 and -1 a token."""
ALONE = -5.0


class Settings(BaseModel):
    """accuracy in [0, 1]; draws: by the `item` alone, or `fresh` in each session."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accuracy: Annotated[float, Field(ge=0, le=1)] = 1.0
    draws: Literal["item", "fresh"] = "item"


def place_chosen(kind: str, item_id: str, facts: ItemFacts, settings: Settings, seed: int = 0) -> int:
    """The place of the answer, from 0. Whether a question is answered rightly does not depend on where its options stand."""
    if kind == "first":
        return 0
    dice, options = rng("keyed", kind, item_id, seed), len(facts.order)
    if kind == "uniform" or not facts.key:
        return dice.randrange(options)
    wrong = [place for place in range(options) if place not in facts.key]
    if dice.random() < settings.accuracy or not wrong:
        return facts.key[0]
    return dice.choice(wrong)


class Keyed:
    """See the module's docstring. Open questions get the reference as the answer."""

    synthetic = True
    answers_from = "key"
    price_known = True

    def __init__(self, kind: str, settings: Settings) -> None:
        self.name = f"keyed/{kind}"
        self._kind, self._settings = kind, settings

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelSetupError where the prompt carries no item of a benchmark, Unavailable where it is to fail."""
        facts, seed = self._facts(prompt)
        if self._refuses(prompt, seed):
            return Reply(text="", refusal="keyed refusal", cost_usd=Decimal(0), model_version=self.name)
        return Reply(text=self._text(prompt, facts, seed), cost_usd=Decimal(0), model_version=self.name)

    async def score(self, prompt: Prompt, continuations: Sequence[str]) -> Reply:
        """The likelihood of each text, a token a word; after the neutral prompt, which has no neutral one itself, all are alike."""
        facts, seed = self._facts(prompt)
        if self._refuses(prompt, seed):
            return Reply(text="", refusal="keyed refusal", cost_usd=Decimal(0), model_version=self.name)
        tokens = [max(1, len(text.split())) for text in continuations]
        chosen = place_chosen(self._kind, prompt.stimulus_id, facts, self._settings, seed)
        totals = [ALONE if not prompt.neutral else LIKELY if place == chosen else -1.0 - count for place, count in enumerate(tokens)]
        found = tuple(Likelihood(total, count) for total, count in zip(totals, tokens, strict=True))
        return Reply(text="", cost_usd=Decimal(0), model_version=self.name, likelihoods=found)

    def _facts(self, prompt: Prompt) -> tuple[ItemFacts, int]:
        """What is known of the item, and the seed of draws."""
        if prompt.design is None or prompt.design.item is None:
            raise ModelSetupError("keyed answers a benchmark's questions: use --environment deck with a folder or .jsonl file of questions")
        seed = prompt.step_seed if self._settings.draws == "fresh" else 0
        if self._kind == "fails-some" and fails("keyed", prompt.stimulus_id, seed):
            raise Unavailable("keyed: this respondent fails one call in five")
        return prompt.design.item, seed

    def _refuses(self, prompt: Prompt, seed: int) -> bool:
        return self._kind == "refuses-half" and refuses("keyed", prompt.stimulus_id, seed)

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _text(self, prompt: Prompt, facts: ItemFacts, seed: int) -> str:
        known: dict[str, object] = {}
        if facts.order:
            known["answer"] = LETTERS[place_chosen(self._kind, prompt.stimulus_id, facts, self._settings, seed)]
        elif "answer" in prompt.answer.model_fields:
            lucky = rng("keyed", self._kind, prompt.stimulus_id, seed).random() < self._settings.accuracy
            knows = lucky and self._kind not in {"first", "uniform"}
            known["answer"] = facts.reference if knows and facts.reference else NO_IDEA
        return json.dumps(fill(prompt.answer, Decision(ActionKind.PASS, 0.0, 0, self.name), **known))


def build(name: str, options: ModelOptions) -> Keyed:
    """The respondent `keyed/name`. Raises ModelSetupError for an unknown name or option."""
    if options.base_url:
        raise ModelSetupError("keyed takes no --base-url: it answers from the key of the questions")
    if name not in KINDS:
        raise ModelSetupError(f"no keyed respondent {name!r}: the choices are {', '.join(KINDS)}")
    try:
        return Keyed(name, Settings.model_validate(dict(options.extra)))
    except ValidationError as error:
        raise ModelSetupError(f"keyed/{name}: {first_complaint(error)}; the options are {', '.join(Settings.model_fields)}") from None
