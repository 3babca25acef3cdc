"""Feeds in a real browser. So far: finding and getting Chromium."""
