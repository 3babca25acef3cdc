"""`rated/NAME`: a synthetic respondent to items that people rated on a scale, whose distance to the people is known to the digit.

    truth     as the people: the share of each point is its probability         reversed      the same scale turned round: 6 − rating
    noisy     about the people's mean, off by an error drawn for each item      constant      always the middle point
    sees      as the people where the picture is the item's own, else uniform   uniform       every point alike
    refuses-half  refuses half of the items, as the people in the rest          fails-some    one call in five fails, the rest as the people

It gives the log-probability of every point, and the ground that most people named (`uniform`: any; `constant`: both; `sees` without the
picture: the text).
With `--model-option logprobs=false` it gives none, and draws a point by the step's seed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.models.base import Prompt, Reply
from agent.models.complaint import first_complaint
from agent.models.filling import fill
from agent.models.lapses import fails, refuses
from agent.protocols.base import Decision
from agent.protocols.rating import GROUNDS, POINTS
from environments.base import ActionKind, ItemFacts
from environments.canonical import rng
from personas.errors import ModelSetupError, Unavailable

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["IMPOSSIBLE", "KINDS", "Rated", "Settings", "build", "error_of", "shares_of"]

KINDS = ("truth", "noisy", "constant", "reversed", "uniform", "sees", "refuses-half", "fails-some")
IMPOSSIBLE = -1000.0
"""The log-probability of what is never answered: its exponential is 0, and JSON can hold it."""
_NEEDS_PEOPLE = frozenset(KINDS) - {"constant", "uniform"}


class Settings(BaseModel):
    """logprobs: whether replies carry them; noise: standard deviation of the error of `noisy`, in points of the scale."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    logprobs: bool = True
    noise: Annotated[float, Field(ge=0, le=10)] = 0.8


def error_of(item: str, noise: float) -> float:
    """By how much `noisy` is off, in points, before its rating is held within the scale."""
    return rng("rated noise", item).gauss(0, noise)


def shares_of(kind: str, item: str, people: Sequence[float], settings: Settings, *, own_picture: bool = True) -> list[float]:
    """The probability of each point, from the people's shares. Its mean is the expected rating."""
    count = len(people)
    if kind == "uniform" or (kind == "sees" and not own_picture):
        return [1 / count] * count
    if kind == "constant":
        return [float(place == count // 2) for place in range(count)]
    shares = [share / sum(people) for share in people]
    if kind == "reversed":
        return shares[::-1]
    if kind == "noisy":
        mean = sum(place * share for place, share in enumerate(shares))
        return _about(min(max(mean + error_of(item, settings.noise), 0.0), count - 1.0), count)
    return shares


def _about(place: float, count: int) -> list[float]:
    """The two points around a place from 0 to count − 1, so that their mean is the place."""
    below = min(math.floor(place), count - 2)
    return [1 - (place - below) if each == below else place - below if each == below + 1 else 0.0 for each in range(count)]


class Rated:
    """See the module's docstring."""

    synthetic = True
    answers_from = "distribution"
    price_known = True

    def __init__(self, kind: str, settings: Settings) -> None:
        self.name = f"rated/{kind}"
        self._kind, self._settings = kind, settings

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelSetupError where the prompt asks for no rating, or the item's people are not known; Unavailable where it fails."""
        if prompt.design is None or prompt.design.item is None or "rating" not in prompt.answer.model_fields:
            raise ModelSetupError(
                f"{self.name} rates items that people rated: use it with evals.mm_scale, or another deck and --protocol rating"
            )
        facts = prompt.design.item
        shares = self._shares(prompt, facts)
        if self._kind == "fails-some" and fails("rated", prompt.stimulus_id):
            raise Unavailable("rated: this respondent fails one call in five")
        if self._kind == "refuses-half" and refuses("rated", prompt.stimulus_id):
            return Reply(text="", refusal="rated refusal", cost_usd=Decimal(0), model_version=self.name)
        place = self._place(shares, prompt.step_seed)
        known = {"rating": place + 1, "ground": self._ground(prompt, facts)}
        answer = fill(prompt.answer, Decision(ActionKind.PASS, 0.0, 0, self.name), **known)
        logprobs = {str(point): math.log(share) if share > 0 else IMPOSSIBLE for point, share in zip(POINTS, shares, strict=True)}
        given = logprobs if self._settings.logprobs else None
        return Reply(text=json.dumps(answer), cost_usd=Decimal(0), model_version=self.name, logprobs=given)

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _shares(self, prompt: Prompt, facts: ItemFacts) -> list[float]:
        people = facts.distribution
        if len(people) != len(POINTS) or not sum(people) > 0:
            if self._kind in _NEEDS_PEOPLE:
                raise ModelSetupError(f"{self.name} answers as people did: the items need ratings of people, and one has none")
            people = (1.0,) * len(POINTS)
        return shares_of(self._kind, prompt.stimulus_id, people, self._settings, own_picture=_own_picture(prompt, facts))

    def _place(self, shares: Sequence[float], seed: int) -> int:
        """The most likely place; without log-probabilities one that is drawn."""
        if self._settings.logprobs:
            return max(range(len(shares)), key=lambda place: shares[place])
        return rng("rated", self._kind, seed).choices(range(len(shares)), shares)[0]

    def _ground(self, prompt: Prompt, facts: ItemFacts) -> str:
        if self._kind == "uniform":
            return rng("rated ground", prompt.stimulus_id).choice(GROUNDS)
        if self._kind == "sees" and not _own_picture(prompt, facts):
            return "text"
        return facts.reference if facts.reference in GROUNDS and self._kind != "constant" else "both"


def _own_picture(prompt: Prompt, facts: ItemFacts) -> bool:
    return any(turn.images for turn in prompt.turns) and facts.condition == "shown"


def build(name: str, options: ModelOptions) -> Rated:
    """The respondent `rated/name`. Raises ModelSetupError for an unknown name or option."""
    if options.base_url:
        raise ModelSetupError("rated takes no --base-url: it answers from the people's ratings")
    if name not in KINDS:
        raise ModelSetupError(f"no rated respondent {name!r}: the choices are {', '.join(KINDS)}")
    try:
        return Rated(name, Settings.model_validate(dict(options.extra)))
    except ValidationError as error:
        raise ModelSetupError(f"rated/{name}: {first_complaint(error)}; the options are {', '.join(Settings.model_fields)}") from None
