"""Value-Spectrum (arXiv 2411.11479, ACL 2025): the share of "yes" over the images of a value, with the interval and the test it lacks."""

from __future__ import annotations

from typing import Any

__all__ = ["DIFFERS", "OVERLAP", "SOURCE", "beside_published", "published", "published_tests", "score"]


def __getattr__(name: str) -> Any:
    """The public functions, loaded when used."""
    if name in __all__:
        from evals.value_spectrum import scoring  # noqa: PLC0415

        return getattr(scoring, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
