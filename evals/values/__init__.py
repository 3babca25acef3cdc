"""From decisions to value-consistent preferences. The public functions load when they are used.

study(paths), open_study(source)        sessions, or a table, as a Study: decisions, loadings, targets, provenance
read_decisions(source)                  the decisions table from a file, a Polars or a pandas frame
read_loadings(source)                   loadings from a file or frame; embedding_loadings(texts): a rough baseline
read_targets(source), export(study, path)
decompose(decisions, loadings, …)       the estimates
analyse(study, …)                       the estimates with everything a report holds
structure.test(scores, …)               does the circle of values hold?
questionnaire.score(answers, …)         scoring of Schwartz's instruments
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.values import questionnaire as questionnaire
    from evals.values import structure as structure
    from evals.values.decisions import read_decisions as read_decisions
    from evals.values.embedding import embedding_loadings as embedding_loadings
    from evals.values.interchange import export as export
    from evals.values.interchange import open_study as open_study
    from evals.values.interchange import pyvalues_loadings as pyvalues_loadings
    from evals.values.interchange import read_targets as read_targets
    from evals.values.loading_tables import read_loadings as read_loadings
    from evals.values.loadings import Loadings as Loadings
    from evals.values.sessions import study as study
    from evals.values.studies import Study as Study

_WHERE = {
    "Loadings": "loadings",
    "Study": "studies",
    "analyse": "analysis",
    "decompose": "decompose",
    "embedding_loadings": "embedding",
    "export": "interchange",
    "open_study": "interchange",
    "pyvalues_loadings": "interchange",
    "read_decisions": "decisions",
    "read_loadings": "loading_tables",
    "read_targets": "interchange",
    "study": "sessions",
}
"""Public name → module."""
_PACKAGES = ("questionnaire", "structure")

__all__ = [*_WHERE, *_PACKAGES]  # noqa: PLE0604 - they are names


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """Where a public function has the name of its module, the name stays the function's once that module has been imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _WHERE):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
