"""How a label was made: pictures shown, the model's options, where it was served. Labels made otherwise are not the same labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.labels.judges import SYNTHETIC, Judge
from personas.one_line import one_line

if TYPE_CHECKING:
    from evals.labels.batches import Request

__all__ = ["Settings", "is_synthetic", "settings_of"]

_SECRET = re.compile(r"key|token|secret|password|header|auth", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """`frames`: pictures shown of the video, 0 for its words alone; `options`: of the model; `base_url`: None for the provider's."""

    frames: int
    options: tuple[tuple[str, str], ...] = ()
    base_url: str | None = None

    def __str__(self) -> str:
        shown = [f"--frames {self.frames}" if self.frames else "words alone"]
        shown += [f"--model-option {key}={'…' if _SECRET.search(key) else value}" for key, value in self.options]
        shown += [f"at {re.sub('//[^/]*@', '//…@', self.base_url.partition('?')[0])}"] if self.base_url else []
        return one_line(", ".join(shown), 200)


def settings_of(judge: Judge, request: Request, pictures: int) -> Settings:
    """How a judge's label of a video that has so many stored pictures is made. A synthetic judge looks at none and takes no options."""
    if is_synthetic(judge):
        return Settings(0)
    url = judge.base_url.rstrip("/") if judge.base_url else None
    return Settings(min(request.frames, pictures), tuple(sorted((request.model_options or {}).items())), url)


def is_synthetic(judge: Judge) -> bool:
    """Whether it answers from the design's labels, which its pools then carry."""
    return judge.model.startswith(f"{SYNTHETIC}/")
