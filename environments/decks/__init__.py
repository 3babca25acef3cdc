"""Decks: items with words of their own, to be shown one at a time by `environments.deck`."""
