"""Judges: who answered rightly, whose answer is better, and how far a judge can be believed."""
