"""Cultural value sensitivity: how far a model's answers are from those of the people of a country, in words, in pictures, in both."""
