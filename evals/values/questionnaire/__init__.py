"""Value questionnaires: existing answers scored, and models asked through the same engine as a feed.

from evals.values.questionnaire import score
scores = score("answers.csv", instrument="pvq21")
scores.table        # one row a respondent and value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.values.questionnaire.instruments import Instrument, find_instrument
    from evals.values.questionnaire.scoring import Scores, score

__all__ = ["Instrument", "Scores", "find_instrument", "score"]


def __getattr__(name: str) -> object:
    """Loaded when asked for: `--help` of the command needs neither numpy nor polars."""
    if name in {"Instrument", "find_instrument"}:
        from evals.values.questionnaire import instruments  # noqa: PLC0415

        return getattr(instruments, name)
    if name in {"Scores", "score"}:
        from evals.values.questionnaire import scoring  # noqa: PLC0415

        return getattr(scoring, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
