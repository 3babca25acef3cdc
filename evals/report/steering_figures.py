"""The plots of contrasts: the matrix of steering effects, gain, leakage and transfer, and a panel for each persona."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from evals.report.dots import Panel, dot_panels
from evals.report.estimates import Estimate, estimates_of, how, limit_of
from evals.report.figure import Figure, figure
from evals.report.forest import forest
from evals.report.heat import Matrix, heat
from evals.report.style import values_of
from evals.report.words import level_text
from evals.values.decompose import Decomposition
from evals.values.findings import Analysis

__all__ = ["Steering"]

MODELS_A_MATRIX, MODELS_A_FOREST, PANELS, DOTS = 3, 4, 60, 8
WHOLE = 5
"""A target of so many values is a whole profile: frames around all of it would say nothing."""


class Steering:
    """One analysis, with what its steering plots share."""

    def __init__(self, analysis: Analysis) -> None:
        self.findings, self.found = analysis.personas, analysis.primary
        panel = self.found.panel
        self.codes, self.values = panel.values, values_of(panel.values)
        self.persona: dict[str, str] = {}
        alike = Counter((model, persona) for _, model, persona in _people(self.found))
        self.who = {name: (model, self._row(name, model, persona, alike[model, persona])) for name, model, persona in _people(self.found)}
        self.targets: Mapping[str, Mapping[str, float]] = {one.persona: one.target for one in analysis.personas}
        self.framed = {name: target for name, target in self.targets.items() if sum(weight != 0 for weight in target.values()) < WHOLE}
        self.effects = {name: one for name, one in estimates_of(self.found.profiles, "steering").items() if name in self.who}
        self.models = [model for model in dict.fromkeys(panel.models) if any(self.who[name][0] == model for name in self.effects)]
        self.personas = sorted({self.who[name][1] for name in self.effects}, key=self.place)

    def place(self, row: str) -> tuple[int, int, str]:
        """Personas that raise one value come first, in the order of the circle; then those that lower one, then the others."""
        given = self.targets.get(self.persona.get(row, row), {})
        target = {code: weight for code, weight in given.items() if weight and code in self.codes}
        if len(target) != 1:
            return 2 if target else 3, 0, row
        code, weight = next(iter(target.items()))
        return (0 if weight > 0 else 1), self.codes.index(code), row

    def _row(self, respondent: str, model: str, persona: str, alike: int) -> str:
        """What its row is called: the persona, or with several respondents of one model and persona, what tells them apart."""
        row = persona if alike == 1 else respondent.removeprefix(f"{model} · ")
        self.persona[row] = persona
        return row

    def row(self, respondent: str, persona: str) -> str:
        """What the row of that respondent is called."""
        return self.who[respondent][1] if respondent in self.who else persona

    def _aims(self, rows: Sequence[str]) -> dict[str, Mapping[str, float]]:
        """The targets that are framed, by row."""
        return {row: self.framed.get(self.persona.get(row, row), {}) for row in rows}

    def matrices(self) -> tuple[Figure, ...]:
        """Personas × values; where there is no reference persona, respondents × values against the panel."""
        if not self.effects:
            return self._relative()
        cells = {(*self.who[name], code): one for name, series in self.effects.items() for code, one in series.by_value.items()}
        caption = "Shift of each value against the same model's reference persona on the same clips."
        found = []
        for number, at in enumerate(range(0, len(self.models), MODELS_A_MATRIX), 1):
            models = self.models[at : at + MODELS_A_MATRIX]
            matrix = Matrix(cells, self._aims(self.personas), models, self.personas, _largest(cells), self.found.unit)
            draw = partial(heat, matrix, self.values, self.codes)
            found.append(figure(f"steering-{number}", "Steering effects", draw, caption, 720))
        return tuple(found)

    def pooled(self) -> tuple[Figure, ...]:
        """What a persona does, pooled over models and wordings: dots, or a matrix where there are many."""
        effects = estimates_of(self.found.profiles, "persona")
        if not effects:
            return ()
        named = {self._pooled(name): one for name, one in effects.items()}
        names = sorted(named, key=self.place)
        caption = "Shift against the reference persona, models weighing equally."
        if len(names) <= DOTS:
            limit = limit_of(list(named.values())) * 1.04
            panels = [Panel(name, (named[name],), "", self._aim(name), (-limit, limit)) for name in names]
            draw = partial(dot_panels, panels, self.values, self.codes, columns=min(4, max(2, len(panels))))
            caption = f"In {self.found.unit}. A shaded row is the persona's target. {caption} {how(self.found.profiles, 'persona')}"
            return (figure("pooled", "Each persona over all its models and wordings", draw, caption, 860),)
        block = "all models and wordings"
        cells = {(block, name, code): one for name in names for code, one in named[name].by_value.items()}
        matrix = Matrix(cells, self._aims(names), [block], names, _largest(cells), self.found.unit)
        draw = partial(heat, matrix, self.values, self.codes)
        return (figure("pooled", "Each persona over all its models and wordings", draw, caption, 720),)

    def _pooled(self, respondent: str) -> str:
        """The persona whose pooled effect goes under that name, such as "guardian, all models"."""
        known = [name for name in dict.fromkeys(self.found.panel.personas) if respondent.startswith(name)]
        return max(known, key=len, default=respondent)

    def _relative(self) -> tuple[Figure, ...]:
        relative = estimates_of(self.found.profiles, "relative")
        if not relative:
            return ()
        block = "against the mean of all"
        cells = {(block, name, code): one for name, series in relative.items() for code, one in series.by_value.items()}
        matrix = Matrix(cells, {}, [block], list(relative), _largest(cells), self.found.unit)
        caption = "Each respondent against the mean of all, on the same clips. Adding a respondent changes these figures."
        return (figure("relative", "Relative preferences", partial(heat, matrix, self.values, self.codes), caption, 720),)

    def metrics(self) -> tuple[Figure, ...]:
        """Gain, leakage and transfer of the personas with a target."""
        aimed = [replace(one, persona=self.row(one.respondent, one.persona)) for one in self.findings if one.gain is not None]
        models = [model for model in self.models if any(one.model == model for one in aimed)]
        personas = [name for name in self.personas if any(one.persona == name for one in aimed)]
        caption = (
            "Gain: shift along the persona's target. Leakage: size of the shift in directions that the target does not name, freed of "
            "estimation error. Transfer: slope on the cosine of the angle to the target, its own values left out."
        )
        for name in ("gain", "leakage", "transfer"):
            one = next((found for each in aimed if (found := getattr(each, name)) is not None), None)
            caption += f" {name.capitalize()}: {level_text(one.level)}, {one.method}, n = {one.n}." if one else ""
        return tuple(
            figure(
                f"personas-{number}",
                "Gain, leakage, transfer",
                partial(forest, aimed, personas, models[at : at + MODELS_A_FOREST]),
                caption,
                860,
            )
            for number, at in enumerate(range(0, len(models), MODELS_A_FOREST), 1)
        )

    def panels(self) -> tuple[Figure, ...]:
        """A dot plot for each persona, one figure a model."""
        limit = limit_of(list(self.effects.values())) * 1.04
        found = []
        for number, model in enumerate(self.models, 1):
            own = sorted((name for name in self.effects if self.who[name][0] == model), key=lambda name: self.place(self.who[name][1]))
            panels = [
                Panel(self.who[name][1], (self.effects[name],), "", self._aim(self.who[name][1]), (-limit, limit)) for name in own[:PANELS]
            ]
            draw = partial(dot_panels, panels, self.values, self.codes, columns=min(4, max(2, len(panels))))
            left = f" {len(own) - PANELS} more are in profiles.csv." if len(own) > PANELS else ""
            caption = f"In {self.found.unit}. A shaded row is the persona's target. {how(self.found.profiles, 'steering')}{left}"
            found.append(figure(f"steering-by-persona-{number}", model, draw, caption, 860))
        return tuple(found)

    def _aim(self, row: str) -> frozenset[str]:
        return frozenset(code for code, weight in self.framed.get(self.persona.get(row, row), {}).items() if weight)


def _people(found: Decomposition) -> list[tuple[str, str, str]]:
    """Respondent, model, persona."""
    return list(zip(found.panel.respondents, found.panel.models, found.panel.personas, strict=True))


def _largest(cells: Mapping[tuple[str, str, str], Estimate]) -> float:
    return max((abs(one.estimate) for one in cells.values()), default=1.0) or 1.0
