"""Who can judge, curate or look: respondents that answer by rule do what they were written for; others are refused before anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["BY_RULE", "SYNTHETIC", "can", "check_able", "synthetic"]

BY_RULE: Mapping[str, frozenset[str]] = {
    "keyed": frozenset(),
    "polled": frozenset(),
    "rated": frozenset(),
    "planted": frozenset(),
    "noisy-judge": frozenset(),  # judges labels, not answers
    "scripted-judge": frozenset({"judge"}),
    "scripted-curator": frozenset({"curate"}),
    "reader": frozenset({"judge"}),
}
"""By provider that answers by rule, what it can do here; every other provider is a model, or a script that the user wrote."""
SYNTHETIC = frozenset(BY_RULE) - {"reader"}
"""Providers whose answers come from labels, keys or rules about them: they measure no model."""
_INSTEAD = {
    "judge": "a model, scripted-judge/exact or reader",
    "curate": "a model or scripted-curator",
    "look": "a model that sees pictures",
}


def can(model: str, what: str) -> bool:
    """Whether `model` (PROVIDER/NAME) can do `what`: judge, curate or look. Names that no provider knows can: others say what is wrong."""
    provider, _, name = model.partition("/")
    if provider == "scripted":
        return Path(name).is_file() or not _decides_by_rule(name)
    return what in BY_RULE.get(provider, frozenset({what}))


def _decides_by_rule(script: str) -> bool:
    """Whether it is a script of the package that likes or skips: its verdicts would be of nothing."""
    from agent.models.scripted import BUILT_IN  # noqa: PLC0415 - pydantic loads when used

    return any(entry.decide is not None for entry in BUILT_IN.get(script, ()))


def check_able(models: Iterable[str], what: str, option: str) -> None:
    """Raises SpecError for the first of `models` that cannot do `what`, before anything is asked."""
    for model in models:
        if not can(model, what):
            verb = {"look": "list what pictures show"}.get(what, what)
            raise SpecError(f"{option} {one_line(model, 80)} cannot {verb}, since it answers by rule; give {_INSTEAD[what]}")


def synthetic(respondents: Iterable[str], judges: Iterable[str], *, curated: bool) -> str | None:
    """A sentence that names what is synthetic among respondents, judges and questions (`curated`: by scripted-curator); else None."""
    answering, judging = _made_up(respondents), _made_up(judges)
    parts = ["questions written by scripted-curator"] if curated else []
    parts += [f"answers of {', '.join(answering)}"] if answering else []
    parts += [f"verdicts of {', '.join(judging)}"] if judging else []
    if not parts:
        return None
    return f"Synthetic data, made by rule: {'; '.join(parts)}. What rests on them shows that the whole path works, and measures no model."


def _made_up(models: Iterable[str]) -> list[str]:
    return sorted({one_line(model, 80) for model in models if model.partition("/")[0] in SYNTHETIC})
