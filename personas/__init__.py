"""Who the model plays: personas with their target over Schwartz's values, and the theory they stand on."""

from personas.persona import Persona, PersonaText, load_library, load_persona, persona_names

__all__ = ["Persona", "PersonaText", "load_library", "load_persona", "persona_names"]
