"""The curator: reads its task, drafts what can be asked, draws some of it, and plants wrong answers where it was told to."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeInt

from agent.models.base import Prompt, Reply
from agent.models.scripted_curator.reading import Task, read_task
from agent.models.scripted_curator.writing import Draft, drafts
from environments.canonical import rng
from personas.errors import ModelSetupError

__all__ = ["ScriptedCurator", "Settings", "is_flawed"]


class Settings(BaseModel):
    """flawed: the share of triplets, in [0, 1], whose answer is wrong on purpose; seed: of which are written, and which are wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flawed: Annotated[FiniteFloat, Field(ge=0, le=1)] = 0.0
    seed: NonNegativeInt = 0


def is_flawed(stimulus_id: str, place: int, settings: Settings) -> bool:
    """Whether the triplet at `place` (from 0) of what is written for a stimulus is wrong on purpose: known to tests, told to nobody."""
    return rng("planted flaw", settings.seed, stimulus_id, place).random() < settings.flawed


class ScriptedCurator:
    """See the package."""

    name = "scripted-curator"
    synthetic = False
    price_known = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def ask(self, prompt: Prompt) -> Reply:
        """Triplets as JSON; the same for the same words. Raises ModelSetupError for what is no task of a curator."""
        task = read_task(prompt.slots.get("caption", "")) if prompt.task == "curate" else None
        if task is None:
            raise ModelSetupError(
                "scripted-curator writes questions from symbols (protocol curate) and answers nothing else: use another model"
            )
        found = [self._written(draft, prompt.stimulus_id, place) for place, draft in enumerate(self._chosen(task, prompt.stimulus_id))]
        text = json.dumps({"triplets": found}, ensure_ascii=False)
        return Reply(text=text, cost_usd=Decimal(0), model_version="scripted-curator-1")

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Free."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def _chosen(self, task: Task, stimulus_id: str) -> list[Draft]:
        """As many as are wanted, whole pairs only, no question twice."""
        groups = drafts(task)
        rng("scripted curator", self._settings.seed, stimulus_id).shuffle(groups)
        chosen: list[Draft] = []
        for group in groups:
            asked = {draft.question for draft in chosen}
            if len(chosen) + len(group) <= max(task.wanted, len(group)) and not any(draft.question in asked for draft in group):
                chosen += group
        return chosen

    def _written(self, draft: Draft, stimulus_id: str, place: int) -> dict[str, Any]:
        flawed = is_flawed(stimulus_id, place, self._settings)
        question, answer, options = draft.question, draft.answer, list(draft.options)
        if flawed and draft.kind == "decline":
            question = draft.harmless
        elif flawed:
            answer = draft.wrong
            if options:
                options[0], options[1] = options[1], options[0]
        return {"question": question, "answer": answer, "reasoning": draft.why, "options": options, "kind": draft.kind}
