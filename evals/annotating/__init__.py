"""People label items on the local page: a form over cards, each rater in an order of their own, answers as append-only lines."""
