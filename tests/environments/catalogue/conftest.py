"""A clip of the tests' own, to be changed as a test needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from environments.catalogue.specs import ClipSpec

CLIP: dict[str, Any] = {
    "id": "he-late-breakfast",
    "topic": "food",
    "caption": "Nobody needs us anywhere before noon, so the second pot is on.",
    "overlay": "second pot, no plans",
    "author": "mornings.with.ines",
    "hashtags": ["slowmorning", "brunch"],
    "sound": "original sound - ines",
    "duration_s": 4,
    "values": {"HE": 1.0, "CO": -0.5},
    "scene": {"background": "kitchen", "motion": "drift", "pictograms": ["pancakes", "coffee-cup", "person-relaxing"]},
}


@pytest.fixture
def make_clip() -> Callable[..., ClipSpec]:
    """Makes a valid clip; keyword arguments replace its fields."""
    return lambda **changes: ClipSpec.model_validate({**CLIP, **changes})
