"""One small study for all tests of the report, and one report of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.report import write_report
from evals.values.findings import Analysis
from tests.evals.report.simulated import analysis


@pytest.fixture(scope="session")
def small() -> Analysis:
    """One model, the reference persona and four others."""
    return analysis(items=80)


@pytest.fixture(scope="session")
def written(small: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its report."""
    out = tmp_path_factory.mktemp("report") / "report"
    write_report(small, out)
    return out
