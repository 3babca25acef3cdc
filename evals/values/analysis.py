"""`analyse`: a study in, an Analysis out: all channels, controls, persona metrics, structure, and what can and cannot be concluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from evals.value_spectrum.scoring import score
from evals.values.controls import Context, all_controls
from evals.values.decisions import SCALES
from evals.values.decompose import Decomposition, IntervalKind, decompose
from evals.values.estimator_a import errors_uncorrected
from evals.values.findings import Analysis, Control, PersonaFinding
from evals.values.loadings import Loadings
from evals.values.panel import BINARY, REVERSED
from evals.values.steering import persona_findings
from evals.values.structure import test as structure_test
from evals.values.studies import Study
from evals.values.tables import listed
from personas.errors import UserError
from personas.one_line import one_line
from personas.schwartz import NAMES, VALUES

__all__ = ["analyse"]

FEWEST_TOGETHER = 4
"""From so many personas with a target on they are judged as a group too."""
FULL_PROFILE = 5
"""A persona with weights on this many values is a full profile; one with fewer is made of the value it plays."""
NO_MODEL = {
    "planted": "synthetic data, drawn from a formula; no model was asked.",
    "scripted": "synthetic data, written beforehand; no model was asked.",
    "reader": "the embedded baseline, which compares words; it is no vision-language model.",
}
"""What has to be said of respondents that are no models, by how their names begin."""
TITLE = "Value-consistent preferences under this elicitation"


def analyse(
    study: Study,
    *,
    channel: str | None = None,
    contrast: str = "default",
    interval: IntervalKind = "hc3",
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    command: str = "",
) -> Analysis:
    """Everything about a study. `channel` is the primary one (None: the first of rating, like, skip, watch, dwell with answers); the others
    come beside it. Raises UserError when nothing can be decomposed."""
    loadings = study.required_loadings()
    options = {"contrast": contrast, "interval": interval, "draws": draws, "seed": seed, "level": level}
    found, silent = _decompositions(study, loadings, channel, options)
    primary = next(iter(found.values()))
    controls = all_controls(Context(study.decisions, found, study.targets, seed=seed, level=level))
    spectrum, unscored = _spectrum(study, loadings, primary.channel, level)
    personas = persona_findings(primary, study.targets, level=level, seed=seed)
    return Analysis(
        title=TITLE,
        decompositions=found,
        spectrum=spectrum,
        personas=personas,
        controls=controls,
        structure=_structure(primary, study.targets, seed, level),
        shown=_shown(study.decisions, primary.channel),
        provenance=study.provenance.as_dict()
        | {"loadings": loadings.source, "items": len(primary.panel.items)}
        | {"within_sd": {name: one.panel.within_sd for name, one in found.items() if name not in BINARY}},
        conclusions=tuple(_conclusions(primary, personas, controls, level)),
        caveats=(*_caveats(found, controls, loadings, level), *_unaimed(primary, study.targets), *silent, *unscored, *study.problems),
        command=command,
    )


def _decompositions(
    study: Study, loadings: Loadings, channel: str | None, options: dict[str, Any]
) -> tuple[dict[str, Decomposition], list[str]]:
    """The primary channel first; of others that cannot be decomposed, sentences that say why."""
    answered = set(study.decisions.filter(pl.col("state") == "answered")["channel"].unique().to_list())
    known = [name for name in SCALES if name in answered] + sorted(answered - set(SCALES))
    first = channel or (known[0] if known else "rating")
    found, silent = {first: decompose(study.decisions, loadings, channel=first, **options)}, []
    for name in known:
        if name != first:
            try:
                found[name] = decompose(study.decisions, loadings, channel=name, **(options | {"interval": "hc3"}))
            except UserError as error:
                silent.append(f"There is nothing on {name}: {error}")
    return found, silent


def _spectrum(study: Study, loadings: Loadings, primary: str, level: float) -> tuple[pl.DataFrame | None, list[str]]:
    """Value-Spectrum's own score, of likes where there are any; without one, why."""
    channels = set(study.decisions["channel"].unique().to_list())
    channel = "like" if "like" in channels else primary
    if channel not in SCALES:
        return None, []
    try:
        return score(study.decisions, loadings, channel=channel, level=level), []
    except UserError as error:
        return None, [f"Value-Spectrum's own score is not there: {error}."]


def _structure(found: Decomposition, targets: Mapping[str, Mapping[str, float]], seed: int, level: float) -> Mapping[str, Any]:
    """The structure tests; where there are too few respondents, why. Personas of a few values would write the circle in themselves."""
    fit = found.fits["absolute"]
    named = np.array([sum(weight != 0 for weight in targets.get(persona, {}).values()) for persona in found.panel.personas])
    rows = np.flatnonzero(np.isfinite(fit.theta).all(axis=1) & (named >= FULL_PROFILE))
    if set(fit.values) != set(VALUES):
        return {"enough": False, "sentence": "The circle of the ten values is tested only where all ten can be estimated."}
    if not len(rows):
        return {"enough": False, "sentence": "No persona here is known to have a full profile, so there is no circle to test."}
    models = [found.panel.models[row] for row in rows]
    fit = found.fits["priority"]
    # What all respondents share on an item cancels when the model's mean goes, so the errors are those of the relative preferences.
    shared = found.fits["relative"].over_values(np.eye(len(fit.values)) - 1 / len(fit.values)) if "relative" in found.fits else fit
    errors = np.stack([shared.covariance(int(row)) for row in rows])
    result = structure_test(fit.theta[rows], values=fit.values, groups=models, errors=errors, seed=seed, level=level)
    told = {"enough": result.enough, "sentence": result.sentence, "notes": list(result.notes), "respondents": len(rows), "result": result}
    return told | {"names": [found.panel.respondents[row] for row in rows], "models": models}


def _shown(decisions: pl.DataFrame, channel: str) -> pl.DataFrame:
    """One row a respondent: how many decisions in each answer state, on the primary channel."""
    states = ["answered", "refused", "unparsable", "failed"]
    rows = decisions.filter(pl.col("channel") == channel).group_by("respondent", "model", "persona")
    counted = rows.agg(*[(pl.col("state") == state).sum().alias(state) for state in states], pl.len().alias("shown"))
    return counted.sort("model", "persona", "respondent")


def _conclusions(found: Decomposition, personas: Sequence[PersonaFinding], controls: Sequence[Control], level: float) -> list[str]:
    """What can be said, strongest identification first."""
    told = []
    aimed = [one for one in personas if one.target]
    if aimed:
        moved = [one for one in aimed if one.steered]
        same = len([one for one in aimed if one.gain is None or one.gain.low is None])
        unsaid = f" {same} of them answered as the reference did, or could not be estimated." if same else ""
        wrong = len([one for one in aimed if one.against])
        falls = f" Of {wrong}, a main value of the target moved the other way; none of these counts." if wrong else ""
        ways = len({(one.model, one.persona) for one in aimed})
        worded = f" ({ways} in {len(aimed)} wordings)" if ways < len(aimed) else ""
        told.append(
            f"{len(moved)} of {len(aimed)} personas with a target{worded} moved their model's decisions along it (steering gain above "
            f"zero; false discovery rate {1 - level:.0%}, Benjamini–Hochberg).{falls}{unsaid}"
        )
        told += _of_the_group(found, controls)
    twins = found.profiles.filter((pl.col("estimand") == "twin") & (pl.col("p_adjusted") < 1 - level))
    told += [
        f"The same frames with {_name(row['value'])} rather than without it: {row['estimate']:+.2f} {row['unit']} (twins, by design)."
        for row in twins.sort("estimate", descending=True).iter_rows(named=True)
    ]
    common = found.profiles.filter((pl.col("estimand") == "common") & (pl.col("p_adjusted") < 1 - level)).sort("estimate", descending=True)
    if common.height:
        listed = ", ".join(f"{_name(row['value'])} {row['estimate']:+.2f}" for row in common.iter_rows(named=True))
        played = sorted({found.panel.models[row] for row in found.panel.of(found.contrast)})
        who = f"Across {len(played)} models, the" if len(played) > 1 else f"With {played[0]}, the"
        does = f"gives another rate of {found.channel}s to" if found.channel in REVERSED else "leans:"
        told.append(f"{who} {found.contrast} persona {does} {listed} ({found.unit}; given the covariates only).")
    elif found.profiles.filter(pl.col("estimand") == "common").height:
        told.append(f"No common preference of the {found.contrast} persona can be told from zero after Holm's correction.")
    told = told if aimed else [*_untargeted(found, level), *told]
    return told or ["Nothing can be told from zero with these decisions."]


def _of_the_group(found: Decomposition, controls: Sequence[Control]) -> list[str]:
    """What the personas do together, from the control that deals their targets out anew."""
    figures = next((one.figures for one in controls if one.name == "permuted personas"), {})
    if figures.get("personas", 0) < FEWEST_TOGETHER or not {"own", "permuted", "p"} <= set(figures):
        return []
    return [
        f"Together, {figures['personas']} personas move {figures['own']:+.2f} along their own targets and {figures['permuted']:+.2f} along "
        f"each other's (mean gain, {found.unit}; p = {figures['p']:.2g}, targets dealt out anew)."
    ]


def _untargeted(found: Decomposition, level: float) -> list[str]:
    """What personas without a target did, or how respondents differ where there is no reference; of one alone, what it ranks first."""
    for name, words in (("steering", "moved in"), ("relative", "differ from the panel in")):
        rows = found.profiles.filter(pl.col("estimand") == name)
        clear = rows.filter(pl.col("p_adjusted") < 1 - level)["respondent"].n_unique()
        if rows.height:
            return [f"{clear} of {rows['respondent'].n_unique()} respondents {words} at least one value (Holm over the values of each)."]
    own = found.profiles.filter((pl.col("estimand") == "priority") & (pl.col("p_adjusted") < 1 - level)).sort("estimate", descending=True)
    if own.is_empty() or "common" in found.fits:
        return []
    listed = ", ".join(f"{_name(row['value'])} {row['estimate']:+.2f}" for row in own.iter_rows(named=True))
    return [f"Against the mean of its own values: {listed} ({found.unit}; given the covariates only)."]


def _caveats(found: Mapping[str, Decomposition], controls: Sequence[Control], loadings: Loadings, level: float) -> list[str]:
    """What cannot be concluded, and why."""
    primary = next(iter(found.values()))
    told = ["These are value-consistent preferences under this elicitation, not values that a model holds."]
    told += [
        f"{model}: {what}" for model in sorted(set(primary.panel.models)) for prefix, what in NO_MODEL.items() if model.startswith(prefix)
    ]
    common = primary.profiles.filter(pl.col("estimand") == "common")
    if common.height:
        weakest = common.filter(pl.col("p_adjusted") < 1 - level).sort("robustness")
        words = (
            "Common, absolute and priority preferences are not identified by the design: appeal that goes with a value and is not among "
            "the covariates would look the same."
        )
        if weakest.height:
            row = weakest.row(0, named=True)
            words += (
                f" A confounder that explains {row['robustness']:.0%} of what is left of both outcome and loading would erase the weakest, "
                f"{_name(row['value'])}."
            )
        told.append(words)
    if primary.channel in REVERSED:
        told.append(f"A {primary.channel} points the other way: preferences are negative, and gains count {primary.channel}s not made.")
    if errors_uncorrected(loadings):
        told.append(f"Loadings are judgements ({loadings.source}) whose errors no gold sample corrects: slopes are those on these labels.")
    if not loadings.covariates:
        told.append("There are no item covariates: length, popularity and amount of text are not held constant.")
    told += [f"Control not passed: {control.name}. {control.finding}" for control in controls if control.passed is False]
    for name, decomposition in found.items():
        prefix = "" if decomposition is primary else f"On {name}: "
        told += [prefix + note for note in decomposition.notes if decomposition is primary or note not in primary.notes]
    return told


def _unaimed(found: Decomposition, targets: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What of the personas' targets cannot be judged, for want of an estimate."""
    if "steering" not in found.fits:
        return []
    parts = []
    for persona in sorted(set(found.panel.personas) - {found.contrast}):
        weighted = [value for value, weight in targets.get(persona, {}).items() if weight]
        lost = [value for value in weighted if value not in found.panel.values]
        if lost:
            parts.append(f"{one_line(persona, 60)} ({'all of it' if len(lost) == len(weighted) else ' '.join(lost)})")
    return [f"Parts of targets have no estimate and do not count: {listed(parts, 6)}."] if parts else []


def _name(value: str) -> str:
    return NAMES.get(value, value)
