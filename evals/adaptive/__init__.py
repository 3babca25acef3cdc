"""Adaptive feeds: what a recommender made of a persona, measured against control twins and with logged propensities."""

from __future__ import annotations
