"""Who judges: names as they are typed, and the families that judges and respondents should not share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.models.registry import split_name
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["SYNTHETIC", "TWO_STEP", "Judge", "families", "family_of", "parsed_judges"]

SYNTHETIC = "noisy-judge"
"""The provider of judges that answer from the design's labels."""

TWO_STEP = "+script"
"""How a judge is called that labels by way of a script: a rater of its own beside the same model without one."""

_FAMILIES = (
    ("claude", r"claude"),
    ("gpt", r"\bgpt|chatgpt|\bo[1-9]\b"),
    ("gemini", r"gemini|gemma"),
    ("llama", r"llama"),
    ("qwen", r"qwen|qwq|qvq"),
    ("mistral", r"mi[sx]tral|pixtral|ministral|magistral"),
    ("deepseek", r"deepseek|janus"),
    ("internvl", r"internvl|internlm"),
    ("phi", r"\bphi-?\d"),
    ("glm", r"\bglm|cogvlm"),
    ("minicpm", r"minicpm"),
    ("molmo", r"molmo|olmo"),
    ("smolvlm", r"smolvlm|smollm|idefics"),
    ("llava", r"llava"),
    ("grok", r"grok"),
)


@dataclass(frozen=True)
class Judge:
    """One judge: the model's name, and where it is served, None for the provider's own address."""

    model: str
    base_url: str | None = None

    def rater(self, *, two_step: bool) -> str:
        """What it is called among the raw labels."""
        return f"{self.model}{TWO_STEP}" if two_step else self.model


def parsed_judges(given: Sequence[str]) -> tuple[Judge, ...]:
    """The judges of `--judges NAME,NAME@URL …`, in order. Raises UserError for none, one named twice, or an unknown provider."""
    names = [name.strip() for part in given for name in part.split(",") if name.strip()]
    if not names:
        raise UserError("name at least one judge, such as --judges openai/NAME,anthropic/NAME")
    found: dict[str, Judge] = {}
    for name in names:
        model, at, rest = name.partition("@http")
        split_name(model)
        if model in found:
            raise UserError(f"the judge {one_line(model)} is named twice: name each once, and use --orders to have it judge again")
        found[model] = Judge(model, f"http{rest}" if at else None)
    return tuple(found.values())


def family_of(model: str) -> str:
    """The family a model belongs to, by its name, such as "claude"; "synthetic"; the whole name where that tells none."""
    plain = model.lower()
    if plain.startswith(f"{SYNTHETIC}/"):
        return "synthetic"
    return next((family for family, pattern in _FAMILIES if re.search(pattern, plain)), model)


def families(judges: Sequence[Judge]) -> dict[str, list[str]]:
    """Family → its judges, in order."""
    found: dict[str, list[str]] = {}
    for judge in judges:
        found.setdefault(family_of(judge.model), []).append(judge.model)
    return found
