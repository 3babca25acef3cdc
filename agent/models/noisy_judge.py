"""`noisy-judge/sensitivity=0.8:specificity=0.95`: a synthetic judge of known accuracy, because it answers from the design's labels.

It answers the protocols `judge` and `judge-script`. What is present is found with probability `sensitivity`, what is absent is left at 0
with probability `specificity`; a code that is found has the right degree with probability `degree`. Evidence is invented from the caption.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator, model_validator

from agent.models.base import Prompt, Reply
from agent.models.complaint import first_complaint
from agent.models.planted import read_parameters
from agent.protocols.judging import SEEN, ScriptAnswer, field_of
from environments.canonical import content_hash, rng
from personas.errors import ModelSetupError, Unavailable
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["Accuracy", "NoisyJudge", "build", "noisy_code"]

Rate = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Accuracy(BaseModel):
    """How well it judges. All are probabilities.

    sensitivity, specificity   of every value; `sensitivities`, `specificities`: of single values, by code
    degree         that a value which is found has the right code, 1 or 2; and that a false alarm is 1 and not 2 (or, one in ten, -1)
    wavering       that a label is drawn anew in each order of the values, instead of once for all of them
    shared         that an error is drawn together with all other judges of this seed: what is hard is hard for everybody
    invented       that evidence is quoted which stands nowhere
    refusal_rate, unparsable_rate, failure_rate   of an answer
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensitivity: Rate = 0.8
    specificity: Rate = 0.95
    sensitivities: Mapping[str, Rate] = Field(default_factory=dict)
    specificities: Mapping[str, Rate] = Field(default_factory=dict)
    degree: Rate = 0.8
    wavering: Rate = 0.2
    shared: Rate = 0.0
    invented: Rate = 0.0
    refusal_rate: Rate = 0.0
    unparsable_rate: Rate = 0.0
    failure_rate: Rate = 0.0
    seed: int = 0

    @field_validator("sensitivities", "specificities")
    @classmethod
    def _of_known_values(cls, given: Mapping[str, float]) -> Mapping[str, float]:
        unknown = sorted(set(given) - set(VALUES))
        if unknown:
            raise ValueError(f"no such value {', '.join(unknown)}; the values are {' '.join(VALUES)}")
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Accuracy:
        if self.refusal_rate + self.unparsable_rate + self.failure_rate > 1:
            raise ValueError("refusal_rate, unparsable_rate and failure_rate add up to more than 1")
        return self


def noisy_code(loading: float, accuracy: Accuracy, value: str, dice: random.Random) -> int:
    """One code in {-1, 0, 1, 2} of a video whose true loading of `value` is in [-1, 1]."""
    truth = max(-1, min(2, round(2 * loading)))
    found, degree, kind = dice.random(), dice.random(), dice.random()
    if truth == 0:
        if found < accuracy.specificities.get(value, accuracy.specificity):
            return 0
        return -1 if kind < 0.1 else 1 if degree < accuracy.degree else 2
    if found >= accuracy.sensitivities.get(value, accuracy.sensitivity):
        return 0
    return truth if truth < 0 or degree < accuracy.degree else 3 - truth


class NoisyJudge:
    """See the module's docstring. What it says depends on its parameters, its name, the video, and on the order only where it wavers."""

    synthetic = True
    price_known = True

    def __init__(self, name: str, accuracy: Accuracy) -> None:
        self.name = name
        self.accuracy = accuracy
        self._version = "noisy-judge-" + content_hash(accuracy.model_dump(mode="json"))[:12]

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelSetupError where the prompt asks for no labels or carries none, Unavailable at the failure rate."""
        if prompt.task.partition(".")[0] not in {"judge", "judge-script"}:
            raise ModelSetupError(f"{self.name} answers the protocols judge and judge-script only: use another model")
        if prompt.design is None:
            raise ModelSetupError(f"{self.name} answers from the design's labels, and this feed has none: use --feed catalogue")
        drawn = rng("noisy-judge", "arrival", self.accuracy.seed, self.name, prompt.stimulus_id, prompt.step_seed).random()
        outcome = self._outcome(drawn)
        if outcome == "failed":
            raise Unavailable("planted failure: this judge fails at the rate it was given")
        text = "not a label" if outcome == "unparsable" else "" if outcome == "refused" else json.dumps(self._answer(prompt))
        refusal = "planted refusal" if outcome == "refused" else None
        return Reply(text=text, refusal=refusal, cost_usd=Decimal(0), model_version=self._version)

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _outcome(self, drawn: float) -> str:
        rates = (
            ("failed", self.accuracy.failure_rate),
            ("unparsable", self.accuracy.unparsable_rate),
            ("refused", self.accuracy.refusal_rate),
        )
        reached = 0.0
        for outcome, rate in rates:
            reached += rate
            if drawn < reached:
                return outcome
        return "answered"

    def _answer(self, prompt: Prompt) -> dict[str, Any]:
        caption = prompt.slots.get("caption", "")
        if prompt.answer is ScriptAnswer:
            return {"scene": "people and things", "speech": prompt.slots.get("transcript", ""), "caption": caption, "sound": ""}
        labels = self._labels(prompt)
        return {name: labels[name] for name in prompt.answer.model_fields if name in labels}

    def _labels(self, prompt: Prompt) -> dict[str, dict[str, Any]]:
        assert prompt.design is not None, "checked before"
        unknown = sorted(set(prompt.design.labels) - set(VALUES))
        if unknown:
            raise ModelSetupError(f"{self.name} cannot read the label {', '.join(unknown)}: the values are {' '.join(VALUES)}")
        found: dict[str, dict[str, Any]] = {}
        for value in VALUES:
            dice = self._dice(prompt, value)
            code = noisy_code(prompt.design.labels.get(value, 0.0), self.accuracy, value, dice)
            found[field_of(value)] = {"evidence": self._evidence(prompt, dice) if code else "", "code": code}
        return found

    def _dice(self, prompt: Prompt, value: str) -> random.Random:
        """What decides on one value of one video: of all judges together, of this one, or of this one in this order."""
        seed, video = self.accuracy.seed, prompt.stimulus_id
        which = rng("noisy-judge", "which", seed, self.name, video, value, prompt.step_seed)
        if which.random() < self.accuracy.wavering:
            return which
        if rng("noisy-judge", "shared", seed, self.name, video, value).random() < self.accuracy.shared:
            return rng("noisy-judge", "all", seed, video, value)
        return rng("noisy-judge", "own", seed, self.name, video, value)

    def _evidence(self, prompt: Prompt, dice: random.Random) -> str:
        if dice.random() < self.accuracy.invented:
            return "as everybody can see in this wonderful moment"
        words = prompt.slots.get("caption", "").split(" ")
        start = dice.randrange(len(words))
        return " ".join(words[start : start + 4]) or f"{SEEN} what is in the picture"


def build(name: str, options: ModelOptions) -> NoisyJudge:
    """The judge `noisy-judge/NAME`: KEY=VALUE pairs joined by ":" (`sensitivities.HE=0.5` for one value), or a TOML file with them.

    Raises ModelSetupError for a bad file or a bad parameter.
    """
    if options.base_url:
        raise ModelSetupError("noisy-judge takes no --base-url: it answers from the labels of the feed")
    given = read_parameters(Path(name)) if name.endswith(".toml") else {}
    pairs = [] if name.endswith(".toml") else [part.partition("=") for part in name.split(":")]
    if any(not (key and equals and value) for key, equals, value in pairs):
        raise ModelSetupError(f"noisy-judge/{name[:80]}: write KEY=VALUE, joined by colons, such as sensitivity=0.8:specificity=0.95")
    for key, value in [*((key, value) for key, _, value in pairs), *options.extra.items()]:
        table, _, code = key.partition(".")
        given[table] = {**given.get(table, {}), code: value} if code else value
    try:
        return NoisyJudge(f"noisy-judge/{name}", Accuracy.model_validate(given))
    except ValidationError as error:
        known = ", ".join(Accuracy.model_fields)
        raise ModelSetupError(f"noisy-judge/{name[:80]}: {first_complaint(error)}; the parameters are {known}") from None
