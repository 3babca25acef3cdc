"""The report of an analysis: one self-contained page, its plots, and every figure as CSV and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.report.files import write_report as write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    """`write_report`, loaded when used: it needs matplotlib."""
    if name == "write_report":
        from evals.report.files import write_report  # noqa: PLC0415

        return write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
