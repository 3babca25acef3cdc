"""What a curator is told, read back: the skill, how many questions, and the symbols of the image."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

__all__ = ["Task", "Thing", "read_task"]

Box = tuple[float, float, float, float]

_HEAD = re.compile(r"^(Skill|Triplets|Image): (.*)$", re.MULTILINE)
_SECTIONS = ("Captions:", "Objects:", "Relations:", "Text in the image:")
_PLACED = re.compile(r"^- <(.+?)(?:: \[(-?\d+), (-?\d+), (-?\d+), (-?\d+)\])?>$")
_SETTING = re.compile(r"\b(?:in|on|at|under) (?:an? |the )?[a-z][a-z ]*?(?=[,.]|$)")


@dataclass(frozen=True)
class Thing:
    """An object or a text, and where it is in pixels, None where that is not said."""

    name: str
    box: Box | None

    @property
    def area(self) -> float:
        """Square pixels; 0 where its place is not known."""
        return 0.0 if self.box is None else (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


@dataclass(frozen=True)
class Task:
    """The `skill` and at most `wanted` questions about an image of `size` (width, height)."""

    skill: str
    wanted: int
    size: tuple[float, float]
    captions: tuple[str, ...]
    things: tuple[Thing, ...]
    texts: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many there are of each name."""
        return Counter(thing.name for thing in self.things)

    @property
    def setting(self) -> str:
        """Where it takes place, in the words of the first caption that says so ("in a kitchen"); "" where none does."""
        for caption in self.captions:
            if found := _SETTING.search(caption.casefold()):
                return found[0].strip()
        return ""

    def quadrant(self, thing: Thing, margin: float = 0.04) -> str:
        """The quarter of the picture that its centre is clearly in, such as "upper left"; "" where it is too near to a middle line."""
        if thing.box is None:
            return ""
        x = (thing.box[0] + thing.box[2]) / 2 / self.size[0] - 0.5
        y = (thing.box[1] + thing.box[3]) / 2 / self.size[1] - 0.5
        if abs(x) < margin or abs(y) < margin:
            return ""
        return f"{'upper' if y < 0 else 'lower'} {'left' if x < 0 else 'right'}"

    def pointed(self, thing: Thing, word: str = "thing") -> str:
        """Words that point to the thing as a `word` without naming it where its place allows that, else with its name."""
        here = self.quadrant(thing)
        if here and sum(self.quadrant(each, 0.0) == here for each in self.things) == 1:
            return f"the {word} in the {here} part of the picture"
        largest = sorted(self.things, key=lambda each: each.area)
        if thing is largest[-1] and thing.area > 1.2 * max((each.area for each in largest[:-1]), default=0.0):
            return f"the largest {word} in the foreground"
        return f"the {thing.name}"


def read_task(told: str) -> Task | None:
    """The task in the words that a curator is given; None where they hold none."""
    head = dict(_HEAD.findall(told))
    size = re.match(r"(\d+) x (\d+) pixels", head.get("Image", ""))
    wanted = re.search(r"\d+", head.get("Triplets", ""))
    if "Skill" not in head or size is None or wanted is None:
        return None
    lines: dict[str, list[str]] = {name: [] for name in _SECTIONS}
    section = ""
    for line in told.splitlines():
        if line in lines:
            section = line
        elif line.startswith("- ") and section:
            lines[section].append(line)
    texts = [thing.name for line in lines["Text in the image:"] if (thing := _thing(line))]
    return Task(
        head["Skill"].partition(" (")[0],
        int(wanted[0]),
        (float(size[1]), float(size[2])),
        tuple(_quoted(line[2:]) for line in lines["Captions:"]),
        tuple(thing for line in lines["Objects:"] if (thing := _thing(line))),
        tuple(_quoted(text) for text in texts),
    )


def _thing(line: str) -> Thing | None:
    found = _PLACED.match(line)
    if found is None:
        return None
    name, *box = found.groups()
    return Thing(name, None if box[0] is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3])))


def _quoted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
