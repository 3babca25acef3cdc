"""How many videos a contrast needs: `environments.power`, where the pools of a corpus need it too, under the name of the estimators."""

from __future__ import annotations

from environments.power import COMPONENTS, DESIGNS, Components, Need, needed, needs, power_of, smallest_effect

__all__ = ["COMPONENTS", "DESIGNS", "Components", "Need", "needed", "needs", "power_of", "smallest_effect"]
