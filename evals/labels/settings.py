"""How a label was made: pictures shown, the model's options, where it was served. Labels made otherwise are not the same labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.labels.judges import SYNTHETIC, Judge
from personas.one_line import one_line

if TYPE_CHECKING:
    from evals.labels.batches import Request

__all__ = ["Settings", "is_synthetic", "settings_of", "told_apart"]

_SECRET = re.compile(r"key|token|secret|password|header|auth", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """`frames`: pictures shown of the video, 0 for its words alone; `options`: of the model; `base_url`: None for the provider's."""

    frames: int
    options: tuple[tuple[str, str], ...] = ()
    base_url: str | None = None

    def __str__(self) -> str:
        return one_line(", ".join(self.parts().values()), 200)

    def parts(self) -> dict[str, str]:
        """What it is made of, by name, each as it is told; secrets are not."""
        found = {"frames": f"--frames {self.frames}" if self.frames else "words alone"}
        found |= {f"option {key}": f"--model-option {key}={'…' if _SECRET.search(key) else value}" for key, value in self.options}
        if self.base_url:
            found["url"] = f"at {re.sub('//[^/]*@', '//…@', self.base_url.partition('?')[0])}"
        return found


def told_apart(then: Settings, now: Settings) -> tuple[str, str]:
    """What differs, in words of both; what they have in common is left out."""
    before, after = then.parts(), now.parts()
    for key, value in then.options:
        if _SECRET.search(key) and dict(now.options).get(key, value) != value:
            before[f"option {key}"], after[f"option {key}"] = f"another --model-option {key}", "the one of now"
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    first, second = (", ".join(_alone(name, parts.get(name)) for name in names) for parts in (before, after))
    return one_line(first, 200), one_line(second, 200)


def _alone(name: str, text: str | None) -> str:
    if name == "url":
        return "the provider's own URL" if text is None else f"the URL {text.removeprefix('at ')}"
    return f"no --model-option {name.removeprefix('option ')}" if text is None else text


def settings_of(judge: Judge, request: Request, pictures: int) -> Settings:
    """How a judge's label of a video that has so many stored pictures is made. A synthetic judge looks at none and takes no options."""
    if is_synthetic(judge):
        return Settings(0)
    url = judge.base_url.rstrip("/") if judge.base_url else None
    return Settings(min(request.frames, pictures), tuple(sorted((request.model_options or {}).items())), url)


def is_synthetic(judge: Judge) -> bool:
    """Whether it answers from the design's labels, which its pools then carry."""
    return judge.model.startswith(f"{SYNTHETIC}/")
