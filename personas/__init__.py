"""Who the model plays: personas with their target over Schwartz's values, and the theory they stand on."""
