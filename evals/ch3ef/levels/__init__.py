"""The levels below human values: A1 (perception) and A2 (reasoning), from the original files of the datasets that measure them."""
