"""What a training run is: checked options, in one place, as they are written down."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from personas.errors import SpecError

__all__ = ["LOSS_NAMES", "SYNTHETIC", "TINY", "Recipe"]

TINY = "tiny"
"""The model that is made on the spot."""
SYNTHETIC = "synthetic"
"""The items that are made on the spot."""

LOSS_NAMES = ("listwise", "pairwise", "binary", "pointwise")


@dataclass(frozen=True)
class Recipe:
    """All that a result depends on but the versions of packages.

    epochs, max_steps    passes over the images trained on; steps at most (0: no bound)
    lr                   the learning rate at its highest: it rises over the first twentieth of the steps, then falls along a cosine to 0
    batch_images         images a step; each is read with all its scenarios at once, and gradients are added up
    sharpness            what the ranking losses multiply expected ratings by: the log-odds that one scenario is preferred to another whose
                         rating is a point lower
    lora_rank            of the adapter; 0 trains every weight
    anchor               weight of the pointwise loss beside a ranking loss, which leaves the level of the ratings free
    form                 weight of −log P(the answer is 1 to 5), so that the trained model still answers in the form asked for
    held_out             share of images that are tested on and never trained on
    wording              prompt cell of protocol `rating`, 0 to 5
    """

    items: str
    model: str
    loss: str
    epochs: int = 3
    lr: float = 2e-4
    batch_images: int = 8
    lora_rank: int = 16
    seed: int = 0
    held_out: float = 0.25
    wording: int = 0
    device: str = "auto"
    max_pixels: int = 512 * 512
    max_steps: int = 0
    save_every: int = 50
    sharpness: float = 2.0
    anchor: float = 0.0
    form: float = 0.1
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        """Raises SpecError that names the option."""
        if self.loss not in LOSS_NAMES:
            raise SpecError(f"--loss {self.loss!r}: choose one of {', '.join(LOSS_NAMES)}")
        least = {"epochs": 1, "batch_images": 1, "lora_rank": 0, "max_steps": 0, "save_every": 1, "max_pixels": 28 * 28}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise SpecError(f"--{name.replace('_', '-')} must be at least {bound}, not {getattr(self, name)}")
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise SpecError(f"--lr must be above 0, such as 2e-4, not {self.lr}")
        if not (math.isfinite(self.sharpness) and self.sharpness > 0):
            raise SpecError(f"--sharpness must be above 0, such as 2, not {self.sharpness}")
        if not 0 < self.held_out < 1:
            raise SpecError(f"--held-out must be between 0 and 1, such as 0.25, not {self.held_out}")
        if self.wording not in range(6):
            raise SpecError(f"--wording must be 0 to 5, not {self.wording}")
        for name in ("anchor", "form"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise SpecError(f"--{name} must be 0 or more, not {getattr(self, name)}")

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def steps(self, images: int) -> int:
        """How many steps are trained on so many images."""
        total = self.epochs * math.ceil(images / self.batch_images)
        return min(total, self.max_steps) if self.max_steps else total
