"""A study: decisions, with the loadings of the items, the personas' targets, and where all that comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from evals.values.decisions import STATES
from evals.values.loadings import Loadings
from evals.values.tables import listed
from personas.errors import UserError

__all__ = ["Provenance", "SessionFacts", "Study", "measurable"]


@dataclass(frozen=True)
class SessionFacts:
    """One session as it entered a study. `answers` counts its stimuli by state; `unpriced` the answers whose cost is not known."""

    session: str
    path: str
    respondent: str
    model: str
    persona: str
    paraphrase: int
    repeat: int
    status: str
    seed: int
    protocol: str
    environment: str
    policy: str
    memory: str
    feed: str
    feed_fingerprint: str | None
    spec_hash: str
    versions: Mapping[str, str]
    model_versions: tuple[str, ...]
    answers: Mapping[str, int]
    cost_usd: Decimal
    unpriced: int
    tokens: Mapping[str, int]
    seconds: float
    broken_lines: int

    @property
    def steps(self) -> int:
        """Stimuli with a final answer."""
        return sum(self.answers.values())


@dataclass(frozen=True)
class Provenance:
    """Where the decisions come from. `source` is what was given; a table of decisions has no sessions."""

    source: tuple[str, ...] = ()
    sessions: tuple[SessionFacts, ...] = ()

    @property
    def cost_usd(self) -> Decimal:
        """The known costs together."""
        return sum((session.cost_usd for session in self.sessions), Decimal(0))

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by kind."""
        counted: Counter[str] = Counter()
        for session in self.sessions:
            counted.update(session.tokens)
        return dict(sorted(counted.items()))

    @property
    def answers(self) -> dict[str, int]:
        """Stimuli by answer state."""
        return {state: sum(session.answers.get(state, 0) for session in self.sessions) for state in STATES}

    def each(self, name: str) -> tuple[str, ...]:
        """The different entries of one field of the sessions, such as "protocol", sorted."""
        return tuple(sorted({str(getattr(session, name)) for session in self.sessions}))

    def as_dict(self) -> dict[str, Any]:
        """As JSON-able data; money as text, in USD."""
        sessions = [asdict(session) | {"cost_usd": str(session.cost_usd)} for session in self.sessions]
        totals = {"cost_usd": str(self.cost_usd), "tokens": self.tokens, "answers": self.answers}
        return {"source": list(self.source), "totals": totals, "sessions": sessions}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Provenance:
        """What `as_dict` gave. Raises KeyError, TypeError or ValueError for anything else."""
        sessions = [
            SessionFacts(**{**each, "cost_usd": Decimal(each["cost_usd"]), "model_versions": tuple(each["model_versions"])})
            for each in data["sessions"]
        ]
        return cls(tuple(data["source"]), tuple(sessions))


@dataclass(frozen=True)
class Study:
    """See the module.

    decisions   as `evals.values.decisions.COLUMNS` says
    loadings    of the items that have them; None where no item does
    targets     persona name → value code → weight in [-1, 1]
    items       one row an item: item, caption, words (all of its text), duration_s, source, topic; empty where a table was given
    problems    sentences: what was left out or is to be known, and what to do
    """

    decisions: pl.DataFrame
    loadings: Loadings | None
    targets: Mapping[str, Mapping[str, float]]
    provenance: Provenance = Provenance()
    items: pl.DataFrame = field(default_factory=pl.DataFrame)
    problems: tuple[str, ...] = ()

    def required_loadings(self) -> Loadings:
        """The loadings. Raises UserError where no item has any."""
        if self.loadings is None:
            raise UserError(
                "these videos carry no value labels, so decisions about them cannot be decomposed: give --loadings with a file of labels, "
                "--loadings embedding for a rough baseline from their words, or browse --feed catalogue"
            )
        return self.loadings


def measurable(decisions: pl.DataFrame, loadings: Loadings) -> tuple[pl.DataFrame, str | None]:
    """The decisions about items with loadings, and a sentence about those that were left out, if any.

    Raises UserError when none is left.
    """
    known = pl.Series(loadings.items, dtype=pl.String)
    kept = decisions.filter(pl.col("item").is_in(known.implode()))
    lacking = decisions.filter(~pl.col("item").is_in(known.implode()))["item"].unique().sort().to_list()
    if kept.is_empty():
        raise UserError(
            f"none of the items has loadings ({listed(lacking)}; the loadings name {listed(loadings.items)}): the ids must agree"
        )
    if not lacking:
        return decisions, None
    rows, total = decisions.height - kept.height, len(lacking) + kept["item"].n_unique()
    return kept, f"{len(lacking)} of {total} items have no loadings ({listed(lacking)}); their {rows} decisions are left out."
