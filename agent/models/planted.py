"""`planted/NAME`: a synthetic respondent whose value weights are known, because it answers from labels: the yardstick for measurement.

`decide` is the data-generating process as a pure function; the calibration of the estimators calls it without a session. The
variances are those of the project's measurement plan: item .36, respondent × item .32, residual .72, in squared rating points.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator, model_validator

from agent.models.base import Prompt, Reply
from agent.models.complaint import first_complaint
from agent.models.filling import RATING_MAX, fill
from agent.protocols.base import Decision
from environments.base import ActionKind
from environments.canonical import content_hash, rng
from personas.errors import ModelSetupError, Unavailable
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["BUILT_IN", "Parameters", "Planted", "Response", "build", "decide", "expected_rating", "read_parameters", "value_weights"]

Spread = Annotated[FiniteFloat, Field(ge=0)]
Rate = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Parameters(BaseModel):
    """What is planted. Rating points throughout; `*_sd` are standard deviations, `*_rate` probabilities per stimulus shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Mapping[str, FiniteFloat] = Field(default_factory=dict)
    gain: FiniteFloat = 0.0
    intercept: FiniteFloat = 2.5
    appeal_sd: Spread = 0.6
    appeal_sensitivity: FiniteFloat = 1.0
    appeal_sensitivity_sd: Spread = 0.0
    interaction_sd: Spread = math.sqrt(0.32)
    residual_sd: Spread = math.sqrt(0.72)
    skip_below: FiniteFloat = 1.5
    like_from: FiniteFloat = 3.5
    refusal_rate: Rate = 0.0
    refusal_by_value: Mapping[str, Rate] = Field(default_factory=dict)
    unparsable_rate: Rate = 0.0
    failure_rate: Rate = 0.0
    seed: int = 0

    @field_validator("weights", "refusal_by_value")
    @classmethod
    def _of_known_values(cls, given: Mapping[str, float]) -> Mapping[str, float]:
        unknown = sorted(set(given) - set(VALUES))
        if unknown:
            raise ValueError(f"no such value {', '.join(unknown)}; the values are {' '.join(VALUES)}")
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Parameters:
        if self.like_from <= self.skip_below:
            raise ValueError(f"like_from ({self.like_from}) must be above skip_below ({self.skip_below})")
        if self.refusal_rate + self.unparsable_rate + self.failure_rate > 1:
            raise ValueError("refusal_rate, unparsable_rate and failure_rate add up to more than 1")
        return self


BUILT_IN: Mapping[str, Parameters] = {"persona": Parameters(gain=1.0), "null": Parameters()}
"""`persona` plays the persona's target (one rating point per unit of target and loading); `null` has no values at all."""


@dataclass(frozen=True)
class Response:
    """What the planted process gives: the latent liking in rating points, the decision it implies, and how the answer arrives.

    `decision` is what was (or would have been) answered, also where the outcome is not "answered": missing data with the truth kept.
    """

    outcome: Literal["answered", "refused", "unparsable", "failed"]
    latent: float
    decision: Decision


def value_weights(parameters: Parameters, target: Mapping[str, float]) -> dict[str, float]:
    """The true weight of each of the ten values, rating points per unit loading: `weights + gain × target`."""
    return {v: parameters.weights.get(v, 0.0) + parameters.gain * target.get(v, 0.0) for v in VALUES}


def expected_rating(labels: Mapping[str, float], target: Mapping[str, float], parameters: Parameters) -> float:
    """The latent liking before appeal and noise, rating points: `intercept + Σ_v weight_v × loading_v`."""
    weights = value_weights(parameters, target)
    return parameters.intercept + sum(weights[v] * labels.get(v, 0.0) for v in VALUES)


def decide(
    labels: Mapping[str, float], target: Mapping[str, float], parameters: Parameters, *, respondent: str, stimulus_id: str, seed: int
) -> Response:
    """One response of the planted process to one stimulus, whatever is asked about it and however often.

    labels, target   by value code, in [-1, 1]; absent codes are 0
    respondent       who answers: their sensitivity to appeal and their taste for this one stimulus depend on it
    stimulus_id      its appeal depends on it, the same for all respondents
    seed             of this one showing: the residual, and whether the answer arrives, depend on it

    latent = intercept + Σ_v (weights_v + gain target_v) x_v + s a_i + t_ri + e,  s ~ N(appeal_sensitivity, appeal_sensitivity_sd) per
    respondent, a_i ~ N(0, appeal_sd) per stimulus, t_ri ~ N(0, interaction_sd), e ~ N(0, residual_sd). The rating is the
    latent rounded and clipped to 0..5, the watch fraction latent/5 clipped to [0, 1].
    """
    p = parameters
    sensitivity = rng("planted", "sensitivity", p.seed, respondent).gauss(p.appeal_sensitivity, p.appeal_sensitivity_sd)
    appeal = rng("planted", "appeal", p.seed, stimulus_id).gauss(0.0, p.appeal_sd)
    taste = rng("planted", "taste", p.seed, respondent, stimulus_id).gauss(0.0, p.interaction_sd)
    asked = rng("planted", "asked", p.seed, respondent, stimulus_id, seed)
    latent = expected_rating(labels, target, p) + sensitivity * appeal + taste + asked.gauss(0.0, p.residual_sd)
    return Response(_arrival(labels, p, asked.random()), latent, _decision(latent, p))


def _decision(latent: float, parameters: Parameters) -> Decision:
    kind = ActionKind.SKIP if latent < parameters.skip_below else ActionKind.LIKE if latent >= parameters.like_from else ActionKind.WATCH
    return Decision(
        action=kind,
        watch_fraction=round(min(max(latent / RATING_MAX, 0.0), 1.0), 4),
        rating=min(max(math.floor(latent + 0.5), 0), RATING_MAX),
        reason=f"planted liking {latent:.2f}",
    )


def _arrival(labels: Mapping[str, float], parameters: Parameters, drawn: float) -> Literal["answered", "refused", "unparsable", "failed"]:
    """How the answer arrives, from one uniform draw. Refusals may depend on the values that the stimulus promotes."""
    by_value = sum(rate * max(labels.get(v, 0.0), 0.0) for v, rate in parameters.refusal_by_value.items())
    failed = parameters.failure_rate
    unparsable = failed + parameters.unparsable_rate
    if drawn < failed:
        return "failed"
    if drawn < unparsable:
        return "unparsable"
    return "refused" if drawn < unparsable + parameters.refusal_rate + by_value else "answered"


class Planted:
    """The planted process as a respondent. Each persona (`slots["persona_name"]`, else the persona's text) is a respondent of its own.

    All stages and attempts of a stimulus (`Prompt.step_seed`) get the same response: asking in two stages draws nothing twice.
    """

    synthetic = True
    price_known = True

    def __init__(self, name: str, parameters: Parameters) -> None:
        self.name = name
        self.parameters = parameters
        self._version = "planted-" + content_hash(parameters.model_dump(mode="json"))[:12]

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelSetupError where the prompt carries no design, Unavailable at the planted failure rate."""
        if prompt.design is None or prompt.design.item is not None:
            raise ModelSetupError("planted needs a feed whose clips carry labels (use --feed catalogue)")
        _check_codes("label", prompt.design.labels)
        _check_codes("persona target", prompt.design.persona_target)
        persona = prompt.slots.get("persona_name") or prompt.slots.get("persona") or prompt.system
        response = decide(
            prompt.design.labels,
            prompt.design.persona_target,
            self.parameters,
            respondent=f"{Path(self.name).stem}|{persona}",
            stimulus_id=prompt.stimulus_id,
            seed=prompt.step_seed,
        )
        if response.outcome == "failed":
            raise Unavailable("planted failure: this respondent fails at the rate it was given")
        return self._reply(response, prompt)

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _reply(self, response: Response, prompt: Prompt) -> Reply:
        refused = response.outcome == "refused"
        text = "planted: not an answer" if response.outcome == "unparsable" else ""
        if response.outcome == "answered":
            text = json.dumps(fill(prompt.answer, response.decision))
        return Reply(text=text, refusal="planted refusal" if refused else None, cost_usd=Decimal(0), model_version=self._version)


def _check_codes(what: str, given: Mapping[str, float]) -> None:
    unknown = sorted(set(given) - set(VALUES))
    if unknown:
        raise ModelSetupError(f"planted cannot read the {what} {', '.join(unknown)}: the values are {' '.join(VALUES)}")


def read_parameters(path: Path) -> dict[str, Any]:
    """The parameters in a TOML file, not yet validated. Raises ModelSetupError that names the file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelSetupError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelSetupError(f"{path} is not valid TOML: {error}") from None


def build(name: str, options: ModelOptions) -> Planted:
    """The respondent `planted/name`: `persona`, `null`, or a TOML file; `--model-option KEY=VALUE` overrides one parameter.

    Raises ModelSetupError for an unknown name, a bad file or a bad parameter.
    """
    if options.base_url:
        raise ModelSetupError("planted takes no --base-url: it answers from the labels of the feed")
    if name in BUILT_IN:
        given: dict[str, Any] = BUILT_IN[name].model_dump(exclude_unset=True)
    elif name.endswith(".toml"):
        given = read_parameters(Path(name))
    else:
        raise ModelSetupError(f"no planted respondent {name!r}: the choices are {', '.join(BUILT_IN)}, or a TOML file with its parameters")
    try:
        return Planted(f"planted/{name}", Parameters.model_validate(_overridden(given, options.extra)))
    except ValidationError as error:
        known = ", ".join(Parameters.model_fields)
        raise ModelSetupError(f"planted/{name}: {first_complaint(error)}; the parameters are {known}") from None


def _overridden(given: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with the options laid over it; `weights.HE` reaches into the table `weights`."""
    merged = {key: dict(value) if isinstance(value, dict) else value for key, value in given.items()}
    for key, value in extra.items():
        table, _, code = key.partition(".")
        if code:
            inner = merged.setdefault(table, {})
            merged[table] = {**inner, code: value} if isinstance(inner, dict) else inner
        else:
            merged[key] = value
    return merged
