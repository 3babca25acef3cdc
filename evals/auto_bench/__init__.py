"""Auto-Bench (arXiv 2311.14580): a language model writes questions from symbols, people check them, models answer, a judge decides."""
