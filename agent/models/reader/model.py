"""The reader as a model: gathers the words and the look of a post, reads the persona, decides, fills in the answer asked for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import get_args

from agent.models.base import Prompt, Reply
from agent.models.filling import fill
from agent.models.reader.deciding import Evidence, decide
from agent.models.reader.items import is_item, item_answer, pictures_of
from agent.models.reader.pixels import appeal, thumbnail
from agent.models.reader.screen import VERSION, ScreenReader
from agent.models.reader.taste import Taste, read_taste
from agent.models.reader.traits import deciding_sentence
from agent.models.reader.values import ValueScale, value_scale
from agent.models.reader.words import words
from agent.protocols.strategies.simple import told_sentences
from environments.base import Frame
from environments.cache import default_cache_dir
from personas.schwartz import VALUES

__all__ = ["Reader"]

_TASTES = 256
_LOOKS = 8192


class Reader:
    """See `docs/reader.md`. Weights load with the first question; OCR with the first frame that was not read before."""

    name = "reader"
    synthetic = False
    price_known = True

    def __init__(self, cache_dir: Path | None = None) -> None:
        """`cache_dir` is where OCR results are kept; None is the cache folder of the package."""
        self._screen = ScreenReader(cache_dir or default_cache_dir())
        self._scale: ValueScale | None = None
        self._tastes: dict[str, Taste] = {}
        self._looks: dict[tuple[str, ...], float] = {}

    async def ask(self, prompt: Prompt) -> Reply:
        """The answer in JSON; seeded, free, never refused. Raises ModelSetupError where the answer asked for has a field it cannot fill."""
        start = time.perf_counter()
        if is_item(prompt):
            return await asyncio.to_thread(self._about_item, prompt, start)
        frames = tuple(frame for turn in prompt.turns for frame in turn.images)
        # What may take long is done in a thread: OCR, and the first time loading the weights.
        lines = await asyncio.to_thread(self._screen.read, frames) if frames else ()
        if self._scale is None:
            self._scale = await asyncio.to_thread(value_scale)
        scale = self._scale
        evidence = self.evidence(prompt.slots, lines, frames, scale)
        persona = prompt.slots.get("persona", prompt.system)
        told = told_sentences(persona) if "trait_num" in prompt.answer.model_fields else ()
        decision = decide(
            evidence,
            self.taste(" ".join(told) or persona, scale),
            step_seed=prompt.step_seed,
            stimulus_id=prompt.stimulus_id,
            persona=persona,
            options=_options(prompt),
        )
        known = {"trait_num": deciding_sentence(told, evidence, decision, lambda text: self.taste(text, scale))} if told else {}
        return Reply(
            text=json.dumps(fill(prompt.answer, decision, **known), ensure_ascii=False),
            cost_usd=Decimal(0),
            latency_s=time.perf_counter() - start,
            model_version=f"reader-2+{scale.version}+{VERSION}",
        )

    def _about_item(self, prompt: Prompt, start: float) -> Reply:
        """The answer about an item of a deck. No persona counts: it compares words."""
        from environments.embed import wordllama_embedder  # noqa: PLC0415 - loads the weights

        embedder = wordllama_embedder()
        answer = item_answer(prompt, self._screen.read(pictures_of(prompt)), embedder)
        return Reply(
            text=json.dumps(answer, ensure_ascii=False),
            cost_usd=Decimal(0),
            latency_s=time.perf_counter() - start,
            model_version=f"reader-2+{embedder.name}+{VERSION}",
        )

    def most_usd(self, prompt: Prompt) -> Decimal:
        """Nothing, whatever is asked."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""

    def evidence(self, slots: Mapping[str, str], lines: Sequence[str], frames: Sequence[Frame], scale: ValueScale) -> Evidence:
        """What the words of the post, the `lines` on its screen and the look of its `frames` amount to."""
        texts = {
            "caption": words((slots.get("caption", ""),), 60),
            "on-screen text": words(lines, 60),
            "hashtags": words((slots.get("hashtags", ""),), 20),
            "transcript": words((slots.get("transcript", ""),), 60),
        }
        sources = tuple(name for name, found in texts.items() if found)
        read = tuple(word for found in texts.values() for word in found)
        degrees = dict(zip(VALUES, map(float, scale.degrees(read)), strict=True))
        return Evidence(degrees, self._look(frames), sources, len(frames))

    def taste(self, persona: str, scale: ValueScale) -> Taste:
        """What the persona cares about; read once a text."""
        found = self._tastes.get(persona)
        if found is None:
            if len(self._tastes) >= _TASTES:
                self._tastes.clear()
            found = self._tastes[persona] = read_taste(persona, scale)
        return found

    def _look(self, frames: Sequence[Frame]) -> float:
        key = tuple(frame.sha256 for frame in frames)
        found = self._looks.get(key)
        if found is None:
            if len(self._looks) >= _LOOKS:
                self._looks.clear()
            found = self._looks[key] = appeal([small for frame in frames if (small := thumbnail(frame)) is not None])
        return found


def _options(prompt: Prompt) -> tuple[str, ...]:
    """The actions that the answer may name, where it asks for one."""
    field = prompt.answer.model_fields.get("action")
    return tuple(str(option) for option in get_args(field.annotation)) if field else ()
