"""`polled/NAME`: a synthetic respondent to questions that people were asked, with a distance to the people that is known to the digit.

    truth    as the people of the item did          uniform  every option alike
    first    always the first place shown           sees     as the people where their pictures are shown, else every option alike
    refuses-half  refuses half of the items, as the people in the rest      fails-some  one call in five fails, the rest as the people

It gives the log-probability of every option. With `--model-option logprobs=false` it gives none, and draws an answer by the step's seed.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.models.base import Prompt, Reply
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

__all__ = ["IMPOSSIBLE", "KINDS", "Polled", "build"]

KINDS = ("truth", "uniform", "first", "sees", "refuses-half", "fails-some")
IMPOSSIBLE = -1000.0
"""The log-probability of what is never answered: its exponential is 0, and JSON can hold it."""


class Settings(BaseModel):
    """logprobs: whether replies carry them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    logprobs: bool = True


class Polled:
    """See the module's docstring."""

    synthetic = True
    answers_from = "distribution"
    price_known = True

    def __init__(self, kind: str, settings: Settings) -> None:
        self.name = f"polled/{kind}"
        self._kind, self._settings = kind, settings

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelSetupError where the prompt carries no item with options, or one of which no distribution is known, Unavailable."""
        if prompt.design is None or prompt.design.item is None or not prompt.design.item.order:
            raise ModelSetupError("polled answers a survey's questions with options: use --environment deck, such as by evals.culture")
        if self._kind == "fails-some" and fails("polled", prompt.stimulus_id):
            raise Unavailable("polled: this respondent fails one call in five")
        if self._kind == "refuses-half" and refuses("polled", prompt.stimulus_id):
            return Reply(text="", refusal="polled refusal", cost_usd=Decimal(0), model_version=self.name)
        shares = self._shares(prompt, prompt.design.item)
        place = self._place(shares, prompt.step_seed)
        answer = fill(prompt.answer, Decision(ActionKind.PASS, 0.0, 0, self.name), answer=LETTERS[place])
        known = None
        if self._settings.logprobs:
            known = {LETTERS[at]: math.log(share) if share > 0 else IMPOSSIBLE for at, share in enumerate(shares)}
        return Reply(text=json.dumps(answer), cost_usd=Decimal(0), model_version=self.name, logprobs=known)

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _shares(self, prompt: Prompt, facts: ItemFacts) -> list[float]:
        """How likely each place is."""
        count = len(facts.order)
        if self._kind == "first":
            return [1.0] + [0.0] * (count - 1)
        seen = any(turn.images for turn in prompt.turns) and "wrong" not in (facts.condition, facts.about.get("condition"))
        if self._kind == "uniform" or (self._kind == "sees" and not seen):
            return [1 / count] * count
        if len(facts.distribution) != count or not sum(facts.distribution) > 0:
            raise ModelSetupError(f"{self.name} answers as people did: the questions need `distribution`, a share for each option")
        total = sum(facts.distribution)
        return [facts.distribution[option] / total for option in facts.order]

    def _place(self, shares: list[float], seed: int) -> int:
        """The most likely place; without log-probabilities one that is drawn."""
        if self._settings.logprobs:
            return max(range(len(shares)), key=lambda place: shares[place])
        return rng("polled", self._kind, seed).choices(range(len(shares)), shares)[0]


def build(name: str, options: ModelOptions) -> Polled:
    """The respondent `polled/name`. Raises ModelSetupError for an unknown name or option."""
    if options.base_url:
        raise ModelSetupError("polled takes no --base-url: it answers from the survey's own figures")
    if name not in KINDS:
        raise ModelSetupError(f"no polled respondent {name!r}: the choices are {', '.join(KINDS)}")
    try:
        return Polled(name, Settings.model_validate(dict(options.extra)))
    except ValidationError as error:
        raise ModelSetupError(f"polled/{name}: {first_complaint(error)}; the options are {', '.join(Settings.model_fields)}") from None
