"""People as respondents: the same session engine, with the short-video page in the place of a model's API."""
