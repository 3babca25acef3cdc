"""The synthetic survey: 30 questions on 15 topics, four invented countries, drawn pictures. Nobody was asked: it shows how things work.

The shares follow from a rule. A country has a position u on each of three axes, and a question reads one of them. A scale of k points has
p_j ∝ exp(−(j − m)² / 2s²) with m = (k − 1)(0.5 + 0.4 u) and s = 0.28 k. The options of other questions stand at a_j, evenly from −1 to 1
in an order drawn by the question, with p_j ∝ exp(1.3 u a_j). "Cannot say" has a share of 0.08 + 0.04 u.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from environments.cache import default_cache_dir
from environments.canonical import content_hash, rng
from evals.culture.pictures import Picture
from evals.culture.survey import Survey, SurveyQuestion

__all__ = ["CATEGORIES", "NAME", "sample_pictures", "sample_survey"]

NAME = "sample"
CATEGORIES = ("homes", "plates of food", "streets", "beds", "stoves", "toys", "shoes", "lamps", "doors", "gardens")
SIDE = 256
_VERSION = 1


@cache
def _spec() -> Mapping[str, Any]:
    return tomllib.loads(files("evals.culture").joinpath("sample.toml").read_text(encoding="utf-8"))


def sample_survey() -> Survey:
    """The synthetic survey."""
    countries = _spec()["countries"]
    questions = []
    for number, each in enumerate(_spec()["questions"]):
        scale = each.get("scale") or each.get("order")
        options = [*(scale or each["options"])]
        axis = number // 2 % 3
        answers = {}
        for country, facts in countries.items():
            u = facts["axes"][axis]
            shares = _scale(len(options), u) if scale else _choice(len(options), u, each["text"])
            silent = 0.08 + 0.04 * u if "dont_know" in each else 0.0
            answers[country] = (*(share * (1 - silent) for share in shares), *([silent] if silent else []))
        said = (*options, *([each["dont_know"]] if "dont_know" in each else []))
        places = tuple(range(len(options), len(said)))
        name = f"{each['topic'].lower().replace(' ', '-')}-{number % 2 + 1}"
        where = f"the synthetic survey, question {number + 1}"
        questions.append(SurveyQuestion(name, each["topic"], each["text"], said, bool(scale), answers, places, {}, where))
    return Survey(NAME, tuple(questions), synthetic=True)


def _scale(count: int, u: float) -> list[float]:
    middle, spread = (count - 1) * (0.5 + 0.4 * u), 0.28 * count
    return _normed([math.exp(-((place - middle) ** 2) / (2 * spread**2)) for place in range(count)])


def _choice(count: int, u: float, text: str) -> list[float]:
    places = [2 * place / (count - 1) - 1 for place in range(count)]
    rng("synthetic survey", text).shuffle(places)
    return _normed([math.exp(1.3 * u * place) for place in places])


def _normed(weights: Sequence[float]) -> list[float]:
    return [weight / sum(weights) for weight in weights]


def sample_pictures() -> tuple[Picture, ...]:
    """A drawn picture of each category and invented country, kept in the cache. Incomes are made up as well."""
    spec = _spec()["countries"]
    folder = default_cache_dir() / f"culture-sample-{content_hash([_VERSION, dict(spec)])[:10]}"
    found = []
    for country, facts in spec.items():
        for place, category in enumerate(CATEGORIES):
            path = folder / f"{country}-{category.replace(' ', '-')}.png"
            if not path.is_file():
                _draw(path, category, facts["colours"])
            found.append(Picture(country, category, path, float(facts["income"] * (8 + place % 3) // 10)))
    return tuple(found)


def _draw(path: Path, category: str, colours: Sequence[str]) -> None:
    """A few shapes on a plain ground: what differs between the countries is the colours and their order."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - loads when used

    first, ground, second = colours
    image = Image.new("RGB", (SIDE, SIDE), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 208, SIDE, SIDE), fill=second)
    for shape, box, colour in _SHAPES[category]:
        fill = {"a": first, "b": second, "c": ground, "k": "#2B2B2B"}[colour]
        if shape == "poly":
            draw.polygon(list(zip(box[::2], box[1::2], strict=True)), fill=fill)
        else:
            getattr(draw, shape)(tuple(box), fill=fill)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")
    image.save(part, "PNG")
    part.replace(path)


_SHAPES: Mapping[str, Sequence[tuple[str, Sequence[int], str]]] = {
    "homes": (
        ("rectangle", (60, 110, 196, 208), "a"),
        ("poly", (44, 110, 128, 46, 212, 110), "b"),
        ("rectangle", (112, 150, 144, 208), "k"),
    ),
    "plates of food": (("ellipse", (28, 60, 228, 220), "c"), ("ellipse", (44, 72, 212, 208), "a"), ("ellipse", (96, 108, 160, 172), "b")),
    "streets": (
        ("poly", (100, 90, 156, 90, 236, 256, 20, 256), "k"),
        ("rectangle", (124, 120, 132, 150), "c"),
        ("rectangle", (0, 60, 70, 208), "a"),
    ),
    "beds": (("rectangle", (30, 120, 226, 190), "a"), ("rectangle", (30, 90, 46, 208), "k"), ("ellipse", (52, 104, 116, 140), "c")),
    "stoves": (("rectangle", (70, 90, 186, 208), "k"), ("ellipse", (84, 70, 126, 96), "a"), ("ellipse", (132, 70, 174, 96), "b")),
    "toys": (("ellipse", (88, 90, 168, 170), "a"), ("ellipse", (100, 40, 156, 96), "b"), ("rectangle", (60, 180, 196, 206), "k")),
    "shoes": (("poly", (40, 190, 40, 130, 80, 130, 110, 160, 150, 170, 150, 190), "a"), ("rectangle", (36, 190, 154, 202), "k")),
    "lamps": (
        ("rectangle", (122, 0, 134, 90), "k"),
        ("poly", (80, 150, 104, 84, 152, 84, 176, 150), "a"),
        ("ellipse", (112, 140, 144, 172), "b"),
    ),
    "doors": (("rectangle", (84, 50, 172, 208), "a"), ("rectangle", (96, 64, 160, 120), "b"), ("ellipse", (152, 130, 164, 142), "k")),
    "gardens": (("rectangle", (118, 120, 138, 208), "k"), ("ellipse", (70, 40, 186, 140), "b"), ("ellipse", (30, 170, 90, 214), "a")),
}
"""By category: (shape, places in pixels, which of the country's colours)."""
