"""What respondents said that images show: a fold over traces of the protocol `spectrum`, whose answers hold a description as they came."""

from __future__ import annotations

from pathlib import Path

from agent.protocols.base import AnswerState
from agent.protocols.spectrum import description_of
from agent.trace.reader import find_sessions

__all__ = ["descriptions"]

LONGEST = 4000
"""Characters of a description that are put in place of an image."""


def descriptions(runs: Path) -> dict[tuple[str, str], dict[str, str]]:
    """By (model, persona as in the spec): video id → the first description that was given of it. Raises UserError for no run folder.

    Videos whose question was refused, unreadable or failed have none, nor have answers without a description.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for folder in find_sessions(runs):
        spec = folder.record()["spec"]
        if spec.get("protocol") != "spectrum":
            continue
        told = found.setdefault((str(spec["model"]), str(spec["persona"])), {})
        for step in folder.steps():
            if step.answer is not None and step.answer.outcome is AnswerState.ANSWERED:
                text = description_of(step.answer.raw)[:LONGEST]
                if text:
                    told.setdefault(step.stimulus.id, text)
    return found
