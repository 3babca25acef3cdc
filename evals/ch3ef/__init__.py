"""Ch3Ef (arXiv 2403.17830): is a model helpful, honest, harmless? Options turned, errors told apart, intervals on every share."""
