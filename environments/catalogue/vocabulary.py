"""The words a clip's scene may use: pictograms by theme, backgrounds, motions. What draws them is elsewhere; a test keeps both equal."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BACKGROUNDS", "MOTIONS", "PICTOGRAMS", "THEMES"]

_PICTOGRAMS = {
    "people": """person-standing person-running person-relaxing person-waving person-kneeling person-speaking
        couple family crowd child elder baby team""",
    "food": "pancakes coffee-cup pizza soup-bowl cake ice-cream fruit bread wine-glass chocolate",
    "animals": "dog cat bird fish horse bee turtle",
    "sport": "football bicycle skateboard surfboard medal trophy parachute dumbbell",
    "home": "house sofa bed bathtub lamp key padlock plant-pot clock",
    "nature": "tree mountain wave flower leaf cloud sun moon globe campfire",
    "city": "skyscraper traffic-light bus car bridge airplane train boat",
    "ritual": "candle lantern temple drum rings woven-cloth",
    "money": "coins crown diamond briefcase wristwatch chart-up document podium gavel",
    "tools": """hammer paintbrush camera laptop phone guitar book map compass tent telescope scissors needle microscope""",
    "safety": "shield helmet fire-extinguisher umbrella first-aid-kit smoke-alarm rope",
    "together": """heart speech-bubble handshake gift ballot-box recycling-bin wheelchair letter graduation-cap uniform bell queue-sign""",
}
_BACKGROUNDS = """kitchen living-room bedroom bathroom office classroom stage stadium street-day street-night park forest mountains beach
    underwater snow sky sunset-field temple-hall workshop market garden library station boardroom festival-night"""
_MOTIONS = "drift bounce sway zoom pan parade orbit rise pulse"

THEMES: Mapping[str, tuple[str, ...]] = {theme: tuple(names.split()) for theme, names in _PICTOGRAMS.items()}
"""Pictogram names by theme."""

PICTOGRAMS: tuple[str, ...] = tuple(name for names in THEMES.values() for name in names)
"""Every pictogram."""

BACKGROUNDS: tuple[str, ...] = tuple(_BACKGROUNDS.split())
"""Every background."""

MOTIONS: tuple[str, ...] = tuple(_MOTIONS.split())
"""Every way a scene moves."""
