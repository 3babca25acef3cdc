"""The shared colours of all drawings: warm, flat, a few shades of each; and the look of people, which varies from clip to clip."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

__all__ = ["CLOTHES", "Look", "Skin"]

INK, WHITE, CREAM, SAND = "#2F2A3A", "#FFFDF8", "#FFF1DC", "#F0D5A3"
YELLOW, GOLD, ORANGE, CORAL, RED = "#FFCB4D", "#F2B134", "#FF9650", "#F2705F", "#D6453F"
PINK, ROSE, PURPLE, LAVENDER = "#F8AFBB", "#CF5C8B", "#7B5FC0", "#C2AEE8"
NAVY, BLUE, SKY, TEAL, MINT = "#2F4A7C", "#4A88D9", "#93CBF3", "#2FA79B", "#A9DEC8"
GREEN, FOREST, OLIVE = "#62AD52", "#3A7B4C", "#9DB053"
BROWN, COCOA, TAN = "#8D5D3D", "#5F3C29", "#CB9566"
SLATE, GREY, SILVER, MIST = "#5A6273", "#A7AFBC", "#C9D0DA", "#E4E8EE"
BRONZE, NIGHT = "#CC8A52", "#262B52"

CLOTHES = (CORAL, TEAL, YELLOW, NAVY, PURPLE, GREEN, ROSE, ORANGE, BLUE, MINT)
SKINS = ("#F6D3B5", "#EBBB93", "#D29D70", "#AA7148", "#7E4F32", "#5F3D29")
HAIRS = ("#2B2129", "#4B3026", "#8A5B34", "#D3A043", "#B14F2F", "#38343F")


@dataclass(frozen=True)
class Skin:
    """How one person looks: colours, and the cut of the hair."""

    skin: str
    hair: str
    cut: str
    top: str
    legs: str


@dataclass
class Look:
    """What may vary in a drawing without changing what it shows. The same seed gives the same look."""

    random: random.Random = field(default_factory=lambda: random.Random(0))

    def pick(self, *colours: str) -> str:
        """One of `colours`."""
        return self.random.choice(colours)

    def person(self, *, grey: bool = False, top: str | None = None) -> Skin:
        """A new person: any skin, hair, cut and clothes; `grey` gives an elder's hair, `top` sets the colour of the shirt."""
        skin = self.random.choice(SKINS)
        hair = self.random.choice(("#D9D6DA", "#B9B4BC")) if grey else self.random.choice(HAIRS[:3] if SKINS.index(skin) > 2 else HAIRS)
        cut = self.random.choice(("short", "bun") if grey else ("short", "bun", "long", "curly", "scarf", "side"))
        shirt = top or self.random.choice(CLOTHES)
        legs = self.random.choice([c for c in (NAVY, SLATE, COCOA, "#3E3A55", "#6B7A99") if c != shirt])
        return Skin(skin, hair, cut, shirt, legs)
