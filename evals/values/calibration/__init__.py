"""Does the instrument measure? Planted respondents, what the estimators say about them, and whether that is right."""
