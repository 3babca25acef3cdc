"""Embedders and speech recognition on models of the `transformers` package (extra `transformers`), run on this machine."""
