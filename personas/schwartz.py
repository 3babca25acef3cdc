"""Schwartz's theory of basic human values as data: codes, names, circular order, angles, higher-order groups.

A leaf that every package may import. Source of all figures: `schwartz.json` (Schwartz 1992; Schwartz et al. 2012; published scoring keys).
Equal 36° spacing is a convention; `ANGLES_NINE_WEDGES` is the variant in which Conformity and Tradition share a wedge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

__all__ = ["ANGLES", "ANGLES_NINE_WEDGES", "HIGHER_ORDER", "NAMES", "VALUES", "theory"]


def theory() -> dict[str, Any]:
    """The whole data file, freshly parsed: ten and nineteen values, both orders, angles, groups, instrument keys."""
    data: dict[str, Any] = json.loads(files("personas").joinpath("schwartz.json").read_text(encoding="utf-8"))
    return data


_DATA = theory()

VALUES: tuple[str, ...] = tuple(_DATA["basic10_order"])
"""The ten value codes in circular order: SD ST HE AC PO SE CO TR BE UN."""

NAMES: Mapping[str, str] = _DATA["basic10_names"]
"""Name by code."""

ANGLES: Mapping[str, int] = _DATA["basic10_angles_deg"]
"""Angle by code, degrees, 36° apart."""

ANGLES_NINE_WEDGES: Mapping[str, int] = _DATA["basic10_angles_9wedge_deg"]
"""Angle by code, degrees, nine wedges of 40°."""

HIGHER_ORDER: Mapping[str, tuple[str, ...]] = {name: tuple(codes) for name, codes in _DATA["higher4"].items()}
"""The four higher-order groups: OPENNESS, SELF_ENHANCEMENT, CONSERVATION, SELF_TRANSCENDENCE."""
