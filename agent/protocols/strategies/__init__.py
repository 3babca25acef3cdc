"""Persona strategies: what of a persona is told, where, and what is asked with it. A new one is a file and a line in `registry`."""
