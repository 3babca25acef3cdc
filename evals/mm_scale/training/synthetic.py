"""Made-up graded judgements with a known order, to try training on: pictures of a light or dark street, and what somebody does there.

True grade = 3 + how good the act is by itself + how much better it is in daylight × how light the picture is (−1 to 1) − .5 for an hour of
it, kept in 1 to 5. So the words alone give part of the order within an image, the picture the rest. Each rater has a leaning of its own and
noise, and rounds to 1–5; some scenarios of an image say the same in other words, and tie in truth. Nothing here is about real people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from environments.canonical import rng
from environments.decks.questions import ITEMS, QuestionDeck, read_questions

__all__ = ["ACTS", "Made", "synthetic_deck", "words_known"]

ACTS: Mapping[str, tuple[float, float]] = {
    "sings loudly": (-0.6, 1.3),
    "plays the drums": (-1.2, 0.9),
    "mows the lawn": (0.1, 1.7),
    "rings at doors": (-0.8, 1.2),
    "collects litter": (1.4, 0.4),
    "greets the neighbours": (1.0, 0.6),
    "reads on a bench": (0.8, 0.1),
    "walks the dog": (0.9, -0.2),
    "sets off fireworks": (-1.0, -1.0),
    "looks at the stars": (0.5, -1.2),
    "sleeps on the pavement": (-0.3, -0.9),
    "blocks the road": (-1.6, 0.0),
}
"""What is done: (how good it is by itself, how much better it is in daylight than in the dark)."""

_LASTING = {"for a minute": 0.0, "for an hour": -0.5}
_WHO = ("Somebody", "A resident")
_SIDE = 32


@dataclass(frozen=True)
class Made:
    """How much is made, and how well it is rated. `noise` and `leaning`: standard deviations of a rating and of a rater's level.

    `steps`: to how many points of the scale a rater rounds, 5 or fewer (2: only 1 and 5): fewer make more ties.
    """

    images: int = 60
    scenarios: int = 6
    raters: int = 3
    noise: float = 0.6
    leaning: float = 0.3
    steps: int = 5
    seed: int = 0


def synthetic_deck(folder: Path, made: Made = Made()) -> QuestionDeck:
    """Write such a deck into `folder` and read it. The same `made` writes the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = rng("synthetic judgements", made.seed)
    leaning = [dice.gauss(0, made.leaning) for _ in range(made.raters)]
    lines = []
    for number in range(made.images):
        light = dice.uniform(-1, 1)
        name = f"street-{number:03}"
        _draw(folder / f"{name}.png", light, dice.randrange(2**31))
        told = dice.sample([(act, lasting, who) for act in ACTS for lasting in _LASTING for who in _WHO], made.scenarios)
        for place, (act, lasting, who) in enumerate(told):
            good, in_light = ACTS[act]
            truth = min(5.0, max(1.0, 3 + good + in_light * light + _LASTING[lasting]))
            ratings = [
                {"rater": f"rater-{rater}", "score": _rounded(truth + lean + dice.gauss(0, made.noise), made.steps), "grounding": "both"}
                for rater, lean in enumerate(leaning)
            ]
            lines.append(_line(f"{name}-{place}", f"{who} {act} {lasting}.", name, ratings, truth))
    (folder / ITEMS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / "made.json").write_text(json.dumps(asdict(made)) + "\n", encoding="utf-8")
    return read_questions(folder)


def words_known() -> tuple[str, ...]:
    """All texts that a scenario can be made of."""
    return (*ACTS, *_LASTING, *_WHO)


def _line(name: str, text: str, image: str, ratings: list[dict[str, Any]], truth: float) -> str:
    item = {"id": name, "text": text, "images": [f"{image}.png"], "cluster": image, "ratings": ratings, "truth": round(truth, 4)}
    return json.dumps(item, ensure_ascii=False)


def _rounded(level: float, steps: int) -> int:
    """The nearest of `steps` points spread over 1 to 5, themselves rounded to whole numbers."""
    width = 4 / (steps - 1)
    return round(1 + width * min(steps - 1, max(0, round((level - 1) / width))))


def _draw(path: Path, light: float, seed: int) -> None:
    """A street: brightness by `light`, with grain and a few lit or unlit windows, which mean nothing."""
    import numpy as np  # noqa: PLC0415 - loads when used
    from PIL import Image  # noqa: PLC0415

    grain = np.random.default_rng(seed)
    shade = np.full((_SIDE, _SIDE), 127.5 + 95 * light) + grain.normal(0, 12, (_SIDE, _SIDE))
    for _ in range(4):
        y, x = grain.integers(0, _SIDE - 4, 2)
        shade[y : y + 3, x : x + 3] = grain.integers(0, 256)
    Image.fromarray(np.clip(shade, 0, 255).astype(np.uint8)).convert("RGB").save(path)
