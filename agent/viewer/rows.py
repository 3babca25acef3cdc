"""One step of a session in the few words a list needs, from its events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agent.trace.events import ActionEvent, AnswerEvent, StimulusEvent
from agent.viewer.answers import chosen_words, item_facts, rating_of
from agent.viewer.wire import brief

__all__ = ["OpenStep", "money", "phase_name"]


@dataclass
class OpenStep:
    """A step while its events come in. `stimulus` is None where its line cannot be read; `named` is the number that the trace gives it."""

    number: int
    named: int
    stimulus: StimulusEvent | None
    answers: list[AnswerEvent] = field(default_factory=list)
    action: ActionEvent | None = None

    @property
    def final(self) -> AnswerEvent | None:
        """The answer that counts, once it is there."""
        return next((answer for answer in reversed(self.answers) if answer.final), None)

    def row(self, phase: str | None, protocol: str) -> dict[str, Any]:
        """The step as a list shows it; texts are cut. Money as text, in USD; times in seconds."""
        return {"step": self.number, **self._shown(), **self._answered(protocol), **self._done(), "phase": phase}

    def _shown(self) -> dict[str, Any]:
        stimulus = self.stimulus
        if stimulus is None:
            return {"id": "", "caption": "", "author": "", "duration_s": None, "topic": None, "labels": None, "frames": []} | {
                "propensity": None
            }
        return {
            "id": brief(stimulus.id),
            "caption": brief(str(stimulus.text.get("caption", ""))),
            "author": brief(str(stimulus.text.get("author", "")), 200),
            "duration_s": stimulus.duration_s,
            "topic": None if stimulus.topic is None else brief(stimulus.topic, 200),
            "labels": stimulus.labels,
            "frames": [{"sha256": frame.sha256, "t": frame.t} for frame in stimulus.frames[:MOST_FRAMES]],
            "propensity": stimulus.propensity,
            "ad": stimulus.ad,
        }

    def _answered(self, protocol: str) -> dict[str, Any]:
        final = self.final
        decision = final.decision if final else None
        tokens: Counter[str] = Counter()
        for answer in self.answers:
            tokens.update(answer.usage.model_dump())
        return {
            "state": final.outcome.value if final else "pending",
            "rating": rating_of(decision),
            "chosen": chosen_words(decision, self.stimulus, protocol),
            "item": item_facts(decision, self.stimulus, protocol),
            "reason": brief(decision.reason) if decision else "",
            "latency_s": round(sum(answer.latency_s for answer in self.answers), 4),
            "cost_usd": money(self.answers),
            "tokens": dict(tokens),
            "attempts": sum(answer.attempts for answer in self.answers),
            "error": _error(final, missing=self.stimulus is None),
            "cut": self._is_cut(decision.reason if decision else ""),
        }

    def _is_cut(self, reason: str) -> bool:
        caption = str(self.stimulus.text.get("caption", "")) if self.stimulus else ""
        return brief(caption) != caption or brief(reason) != reason

    def _done(self) -> dict[str, Any]:
        action = self.action
        click = action.click if action else None
        return {
            "asked": action.asked.value if action else None,
            "done": action.done.value if action else None,
            "watch_fraction": action.watch_fraction if action else None,
            "dwell_s": action.dwell_s if action else None,
            "action_error": brief(action.error) if action and action.error else None,
            "click": None if click is None else {"x": click[0], "y": click[1]},
        }


MOST_FRAMES = 64
_MISSING = "the line of this stimulus cannot be read"


def money(answers: list[AnswerEvent]) -> str | None:
    """What the answers cost, as text in USD; None where the price of one is unknown."""
    costs = [answer.cost_usd for answer in answers]
    return None if any(cost is None for cost in costs) else str(sum((cost for cost in costs if cost is not None), Decimal(0)))


def _error(final: AnswerEvent | None, *, missing: bool) -> str | None:
    """What went wrong with the question: the fault of an answer that cannot be read, the failure of a call."""
    said = (final.error or final.fault or final.refusal) if final and final.outcome != "answered" else None
    return brief(said) if said else _MISSING if missing else None


def phase_name(phases: list[tuple[str, int]], step: int) -> str | None:
    """The name of the phase in which `step` lies, of (name, videos) in order; None without phases."""
    end = 0
    for name, videos in phases:
        end += videos
        if step < end:
            return name
    return phases[-1][0] if phases else None
