"""Protocols: what is asked about a stimulus and what counts as an answer. Adding one is a new file and a line in `registry`."""
