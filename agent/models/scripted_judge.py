"""`scripted-judge/NAME`: a synthetic judge of known accuracy and known faults, for the protocols `verdict`, `verdict-pair` and `nearest`.

    exact    an answer is true where it says the reference, letter case, marks and articles aside   longer   the longer answer wins;
    lenient  also where the reference stands among other words                                               alone, one of over five words
    strict   only where it is the reference, to the letter                                          self     as `exact`, but answers of its
    first    true, and of two the first                                                                      own `family` are right, and win

It reads what the deck knows of a judgement (`about`: prediction, answered_by …; the reference), and never the prompt. Options, all of them
probabilities drawn by the judgement: sensitivity, specificity (1); unjudged: it gives no verdict; position: the first of two wins whatever
they say; length: it judges as `longer`; favour: it judges as `self`; wavering: errors are drawn anew for each wording. `seed` sets judges
apart; `family`: a name that the respondents of its family begin with.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from agent.models.base import Prompt, Reply
from agent.models.complaint import first_complaint
from agent.protocols.choice import LETTERS
from agent.protocols.nearest import NO_OPTION
from environments.canonical import content_hash, rng
from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["KINDS", "LONG", "ScriptedJudge", "ScriptedSettings", "build", "plain_words", "right_answer"]

KINDS = ("exact", "lenient", "strict", "first", "longer", "self")
LONG = 5
"""Words that an answer has to exceed to be right for `longer`."""
_NO_VERDICT = "That cannot be said."
_ARTICLES = frozenset({"a", "an", "the"})
Rate = Annotated[FiniteFloat, Field(ge=0, le=1)]


class ScriptedSettings(BaseModel):
    """See the module's docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensitivity: Rate = 1.0
    specificity: Rate = 1.0
    unjudged: Rate = 0.0
    position: Rate = 0.0
    length: Rate = 0.0
    favour: Rate = 0.0
    wavering: Rate = 0.0
    family: str = ""
    seed: int = 0


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without marks and articles."""
    return [word for word in re.findall(r"\w+", text.casefold()) if word not in _ARTICLES]


def right_answer(kind: str, prediction: str, reference: str) -> bool:
    """Whether an answer is right by the rule `exact`, `lenient` or `strict`; any other kind judges as `exact`. An empty reference is met by
    nothing."""
    if kind == "strict":
        return bool(reference.strip()) and prediction.strip() == reference.strip()
    said, wanted = plain_words(prediction), plain_words(reference)
    if kind == "lenient":
        return bool(wanted) and any(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1))
    return bool(wanted) and said == wanted


class ScriptedJudge:
    """See the module's docstring."""

    synthetic = True
    answers_from = "reference"
    price_known = True

    def __init__(self, kind: str, settings: ScriptedSettings) -> None:
        self.name = f"scripted-judge/{kind}"
        self._kind, self._settings = kind, settings

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelSetupError where the prompt carries no judgement."""
        about = dict(prompt.design.item.about) if prompt.design is not None and prompt.design.item is not None else {}
        if about.get("kind") not in {"open", "pair", "nearest"} or prompt.design is None or prompt.design.item is None:
            raise ModelSetupError("scripted-judge judges answers: use python -m evals.judging")
        wording = content_hash(prompt.turns[0].text) if self._draw(prompt, "wavers") < self._settings.wavering else ""
        dice = rng("scripted judge", self._settings.seed, prompt.stimulus_id, wording)
        text = self._said(about, prompt.design.item.reference, dice)
        return Reply(text=text, cost_usd=Decimal(0), model_version=self.name)

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _draw(self, prompt: Prompt, what: str) -> float:
        return rng("scripted judge", what, self._settings.seed, prompt.stimulus_id).random()

    def _said(self, about: Mapping[str, str], reference: str, dice: random.Random) -> str:
        # All are drawn always, so that one option does not change what another does.
        silent, swayed, erring = dice.random(), dice.random(), dice.random()
        kind = self._swayed(swayed)
        if silent < self._settings.unjudged:
            return _NO_VERDICT
        if about["kind"] == "nearest":
            return json.dumps({"reason": self.name, "option": _meant(about)})
        if about["kind"] == "pair":
            return json.dumps({"reason": self.name, "better": self._better(about, reference, kind, dice)})
        verdict = self._true(about["prediction"], reference, kind, own=self._own(about.get("answered_by", "")))
        if kind not in {"first", "longer"}:
            verdict = self._erred(verdict, erring)
        return json.dumps({"reason": self.name, "verdict": verdict})

    def _swayed(self, drawn: float) -> str:
        """The kind, or what a planted fault makes of it for this judgement."""
        for name, fault in (("first", self._settings.position), ("longer", self._settings.length), ("self", self._settings.favour)):
            if drawn < fault:
                return name
            drawn -= fault
        return self._kind

    def _erred(self, verdict: bool, drawn: float) -> bool:
        return verdict is (drawn < (self._settings.sensitivity if verdict else self._settings.specificity))

    def _own(self, respondent: str) -> bool:
        return bool(self._settings.family) and respondent.startswith(self._settings.family)

    def _true(self, prediction: str, reference: str, kind: str, *, own: bool) -> bool:
        if kind == "first" or (kind == "self" and own):
            return True
        return len(prediction.split()) > LONG if kind == "longer" else right_answer(kind, prediction, reference)

    def _better(self, about: Mapping[str, str], reference: str, kind: str, dice: random.Random) -> str:
        first, second = about["first_answer"], about["second_answer"]
        if kind == "first":
            return "first"
        if kind == "longer":
            values: list[float] = [len(first), len(second)]
        else:
            values = [
                self._erred(right_answer(kind, answer, reference), dice.random()) + 2 * (kind == "self" and self._own(by))
                for answer, by in ((first, about["first_by"]), (second, about["second_by"]))
            ]
        return "equal" if values[0] == values[1] else "first" if values[0] > values[1] else "second"


def _meant(about: Mapping[str, str]) -> str:
    """The letter of the one option whose words stand in the reply; none where there is not exactly one."""
    said = plain_words(about["prediction"])
    found = []
    for place, option in enumerate(json.loads(about["shown_options"])):
        words = plain_words(option)
        if words and any(said[at : at + len(words)] == words for at in range(len(said) - len(words) + 1)):
            found.append(LETTERS[place])
    return found[0] if len(found) == 1 else NO_OPTION


def build(name: str, options: ModelOptions) -> ScriptedJudge:
    """The judge `scripted-judge/name`. Raises ModelSetupError for an unknown name or option."""
    if options.base_url:
        raise ModelSetupError("scripted-judge takes no --base-url: it judges by rule")
    if name not in KINDS:
        raise ModelSetupError(f"no scripted judge {name!r}: the choices are {', '.join(KINDS)}")
    try:
        return ScriptedJudge(name, ScriptedSettings.model_validate(dict(options.extra)))
    except ValidationError as error:
        told = f"scripted-judge/{name}: {first_complaint(error)}"
        raise ModelSetupError(f"{told}; the options are {', '.join(ScriptedSettings.model_fields)}") from None
