"""Recorded feeds: what an environment showed, kept in a folder, and shown again to any model. The layout is in docs/recorded.md."""
