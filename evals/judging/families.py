"""Which models are of one family, for the question whether a judge favours its own: by the names that makers give, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from personas.errors import SpecError

__all__ = ["family_of", "given_families"]

_NAMES: tuple[tuple[str, str], ...] = (
    (r"gpt|chatgpt|o[134](?=-|$)|davinci", "gpt"),
    (r"claude", "claude"),
    (r"gemini|gemma|palm", "gemini"),
    (r"qwen|qwq|qvq", "qwen"),
    (r"internvl|internlm", "intern"),
    (r"llava", "llava"),
    (r"llama", "llama"),
    (r"mistral|mixtral|pixtral|ministral", "mistral"),
    (r"deepseek", "deepseek"),
    (r"phi(?=-|\d)", "phi"),
    (r"minicpm", "minicpm"),
    (r"molmo|olmo", "olmo"),
    (r"smolvlm|smollm|idefics", "smol"),
    (r"glm|cogvlm", "glm"),
    (r"command|aya", "cohere"),
    (r"grok", "grok"),
    (r"kimi|moonshot", "kimi"),
)


def family_of(model: str, given: Mapping[str, str] | None = None) -> str:
    """The family of a judge or respondent: as given (the longest beginning of its name that is), else by name, else the provider's.

    A name that two families claim, such as a model distilled from another's, is of the one that stands first in it.
    """
    told = [name for name in given or {} if model == name or model.startswith(name)]
    if told and given:
        return given[max(told, key=len)]
    provider, _, name = model.partition("/")
    base = name.partition(" ")[0].rpartition("/")[2].casefold()
    found = [(match.start(), family) for form, family in _NAMES if (match := re.search(rf"(?<![a-z])(?:{form})", base))]
    return min(found)[1] if found else provider


def given_families(given: Sequence[str]) -> dict[str, str]:
    """Families by name from NAME=FAMILY, as typed. Raises SpecError."""
    found = {}
    for each in given:
        name, equals, family = each.rpartition("=")
        if not equals or not name.strip() or not family.strip():
            raise SpecError(f"--family takes NAME=FAMILY, such as compatible/judge=qwen, not {each[:80]!r}")
        found[name.strip()] = family.strip()
    return found
