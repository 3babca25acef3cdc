"""From decisions to value-consistent preferences."""
